use std::fmt;

/// Declares the states with their wire texts.
macro_rules! statuses {
    ($($(#[$doc:meta])* $variant:ident => $text:literal,)+) => {
        /// The state of a purchase in a back-mode notification (Pledg §5.1 in `docs/formats.md`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Status {
            $($(#[$doc])* $variant,)+
        }

        impl Status {
            /// The text on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            pub(super) fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

statuses! {
    /// `authorized`
    Authorized => "authorized",
    /// `blocked`
    Blocked => "blocked",
    /// `chargeback-initiated`
    ChargebackInitiated => "chargeback-initiated",
    /// `completed`: the one state in which the purchase is paid.
    Completed => "completed",
    /// `failed`
    Failed => "failed",
    /// `fraud-notification`
    FraudNotification => "fraud-notification",
    /// `in-review`
    InReview => "in-review",
    /// `pending`
    Pending => "pending",
    /// `pending-capture`
    PendingCapture => "pending-capture",
    /// `refunded`
    Refunded => "refunded",
    /// `retrieval-request`
    RetrievalRequest => "retrieval-request",
    /// `reversed`
    Reversed => "reversed",
    /// `solved`
    Solved => "solved",
    /// `voided`
    Voided => "voided",
    /// `waiting`
    Waiting => "waiting",
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
