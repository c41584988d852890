//! The errors of the crate: opaque structs whose kind is for logs and metrics.

use std::fmt;

/// Declares one opaque error with the text that it shows, and its kinds with theirs.
macro_rules! opaque_error {
    (
        $(#[$error_doc:meta])* $error:ident => $shown:literal,
        $(#[$kind_doc:meta])* $kind:ident { $( $(#[$doc:meta])* $variant:ident => $text:literal, )+ }
    ) => {
        $(#[$error_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error($shown)]
        pub struct $error {
            kind: $kind,
        }

        impl $error {
            /// What went wrong, for logs and metrics.
            #[must_use]
            pub fn kind(&self) -> $kind {
                self.kind
            }
        }

        impl From<$kind> for $error {
            fn from(kind: $kind) -> Self {
                Self { kind }
            }
        }

        $(#[$kind_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $kind {
            $( $(#[$doc])* $variant, )+
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $( Self::$variant => $text, )+ })
            }
        }
    };
}

opaque_error! {
    /// A notification body cannot be read or signed.
    BodyError => "{kind}",
    /// Why a body was refused.
    BodyErrorKind {
        /// A signed value holds the secret text, so that the signing string would have two readings.
        ContainsSecret => "a signed value holds the secret",
        /// Not a single JSON object with unique names, valid UTF-8 and bounded depth.
        Json => "the body is not strict json",
        /// A member is missing, has the wrong type or holds a control character.
        Member => "a member is missing or ill-formed",
        /// The body already has a `signature` member.
        Signed => "the body already has a signature",
        /// The status is not one that the dialect knows.
        Status => "the status is unknown",
        /// The body is longer than the bound.
        TooLarge => "the body is too large",
    }
}

opaque_error! {
    /// A signer, a verifier or a tolerance was given values that it cannot work with.
    ConfigError => "{kind}",
    /// Why a configuration was refused.
    ConfigErrorKind {
        /// A key id is empty, too long or has a character outside `A-Za-z0-9._-`.
        KeyId => "the key id is ill-formed",
        /// The secret does not have the length that the cipher needs.
        KeyLength => "the secret has the wrong length for this scheme",
        /// No secret or key was given.
        NoKey => "at least one secret is needed",
        /// Two keys have the same id.
        RepeatedKeyId => "two keys have the same id",
        /// A tolerance is longer than its bound or not in whole seconds.
        Tolerance => "the tolerance is out of bounds",
        /// More than [`MAX_SECRETS`](crate::MAX_SECRETS) secrets or keys were given.
        TooManyKeys => "too many secrets",
    }
}

opaque_error! {
    /// A signature header cannot be read.
    HeaderError => "{kind}",
    /// Why a header was refused.
    HeaderErrorKind {
        /// The message id is empty, too long or has a character outside `A-Za-z0-9_-`.
        MessageId => "the message id is ill-formed",
        /// A member or list entry is not of the form that the scheme gives it.
        Member => "a member is ill-formed",
        /// There is no signature.
        NoSignature => "there is no signature",
        /// There is no time stamp.
        NoTimestamp => "there is no time stamp",
        /// The time stamp occurs twice.
        RepeatedTimestamp => "the time stamp is repeated",
        /// A signature is not in the one encoding and length that its scheme has.
        Signature => "a signature is ill-formed",
        /// The time stamp is not 1 to 12 digits without a leading zero.
        Timestamp => "the time stamp is ill-formed",
        /// The header is longer than the bound.
        TooLong => "the header is too long",
        /// There are more signatures than the bound.
        TooManySignatures => "there are too many signatures",
    }
}

opaque_error! {
    /// A secret or key text cannot be read.
    SecretError => "{kind}",
    /// Why a secret or key was refused.
    SecretErrorKind {
        /// The text has a character that the secret cannot have.
        Alphabet => "the secret has a character that is not allowed",
        /// Not canonical base64.
        Encoding => "the secret is not canonical base64",
        /// Too short or too long.
        Length => "the secret has the wrong length",
        /// The public half of a key pair does not belong to its private half.
        Pair => "the halves of the key pair do not fit",
        /// The text does not start with its prefix.
        Prefix => "the prefix is missing",
        /// A public key of small order, under which a signature proves nothing.
        Weak => "the public key is weak",
    }
}

opaque_error! {
    /// A delivery was not accepted; the text is the same for every kind, so that it may be shown to the sender.
    VerifyError => "the delivery was not accepted",
    /// Why a delivery was not accepted: for logs and metrics, never for the sender.
    VerifyErrorKind {
        /// The body is longer than the bound.
        BodyTooLarge => "the body is too large",
        /// The authenticated content does not belong to this body.
        ContentMismatch => "the token belongs to another body",
        /// The time stamp lies further ahead than the tolerance.
        Early => "the time stamp lies ahead",
        /// The body, header or token is not of the form that the scheme gives it.
        Malformed => "the delivery is ill-formed",
        /// No signature fits any live secret.
        NoMatch => "no signature fits",
        /// The time stamp is older than the tolerance.
        Stale => "the time stamp is too old",
        /// The key id names no live secret.
        UnknownKey => "the key id is unknown",
        /// There is no signature at all.
        Unsigned => "there is no signature",
        /// There are signatures, but none of the scheme that this verifier accepts.
        WrongScheme => "no signature is of the accepted scheme",
    }
}
