//! What can go wrong: one opaque error per family of operations, each with a kind.
//!
//! The texts hold no input and no secret. They are for logs: a client gets one uniform answer whatever the kind.

use std::{error::Error, fmt};

/// Declares an opaque error struct and its kind enum with one fixed text per kind.
macro_rules! opaque_error {
    ($(#[$error_doc:meta])* $error:ident, $(#[$kind_doc:meta])* $kind:ident {
        $($(#[$variant_doc:meta])* $variant:ident => $text:literal,)+
    }) => {
        $(#[$kind_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum $kind {
            $($(#[$variant_doc])* #[error($text)] $variant,)+
        }

        $(#[$error_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("{kind}")]
        pub struct $error {
            kind: $kind,
        }

        impl $error {
            /// What went wrong.
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
    };
}
pub(crate) use opaque_error;

opaque_error! {
    /// A caller that cannot be written into a challenge.
    CallerError,
    /// Why a [`Caller`](crate::Caller) was refused.
    CallerErrorKind {
        /// The account is not 1 to 32 visible ASCII characters.
        Account => "account is not 1 to 32 visible ascii characters",
        /// The key id is not exactly 12 base62 characters.
        KeyId => "key id is not 12 base62 characters",
    }
}

opaque_error! {
    /// A challenge key that may not enter the ring.
    ChallengeKeyError,
    /// Why a [`ChallengeKey`](crate::ChallengeKey) was refused.
    ChallengeKeyErrorKind {
        /// The version is not the one just before the current key's.
        NotPrevious => "challenge key version is not the one before the current",
        /// The secret is shorter than 32 bytes.
        TooShort => "challenge key is shorter than 32 bytes",
    }
}

opaque_error! {
    /// A public key that may not be registered.
    KeyError,
    /// Why a [`PublicKey`](crate::PublicKey) was refused.
    KeyErrorKind {
        /// The block is a certificate, not a bare public key.
        Certificate => "a certificate was given where a bare public key is expected",
        /// The PEM or DER is not in its one strict form.
        Encoding => "public key is not strict pem or der",
        /// The modulus is even, so it is no RSA modulus.
        EvenModulus => "modulus is even",
        /// The public exponent is even, below 65537, or 2^33 or more.
        Exponent => "public exponent is out of bounds",
        /// The modulus has more than 8192 bits.
        ModulusTooLarge => "modulus is larger than 8192 bits",
        /// The modulus has fewer than 2048 bits.
        ModulusTooSmall => "modulus is smaller than 2048 bits",
        /// A private key was given: it must not leave its owner, and is not kept.
        PrivateKey => "a private key was given where a public key is expected",
        /// There is more than one PEM block.
        SeveralBlocks => "more than one pem block",
        /// The text is longer than 16 KiB.
        TooLong => "public key text is longer than 16 kib",
        /// The key is of another algorithm than rsaEncryption.
        UnsupportedAlgorithm => "public key is not of the rsa encryption algorithm",
        /// The PEM label is neither `PUBLIC KEY` nor `RSA PUBLIC KEY`.
        UnsupportedLabel => "pem label is not of a public key",
    }
}

opaque_error! {
    /// A set of public keys that cannot be used together.
    KeySetError,
    /// Why [`PublicKeys`](crate::PublicKeys) were refused.
    KeySetErrorKind {
        /// The same key is in the set twice.
        Duplicate => "the same public key is given twice",
        /// There is no key at all.
        Empty => "no public key",
        /// There are more than 4 keys.
        TooMany => "more than 4 public keys",
    }
}

opaque_error! {
    /// A text that is not a challenge.
    ParseError,
    /// Why a [`Challenge`](crate::Challenge) text was refused.
    ParseErrorKind {
        /// What follows the prefix is not canonical unpadded base64url.
        Encoding => "challenge is not canonical base64url",
        /// A field is missing, of the wrong length, or outside its character set or range.
        Fields => "challenge fields are malformed",
        /// The text does not begin with `cpp-challenge-v1.`.
        Prefix => "challenge prefix is missing",
        /// The text is longer than 256 characters.
        TooLong => "challenge is longer than 256 characters",
        /// The version byte is not 1.
        Version => "challenge version is unknown",
    }
}

opaque_error! {
    /// A challenge and signature that do not authenticate the caller.
    VerifyError,
    /// Which step of [`ChallengeKeys::check`](crate::ChallengeKeys::check) failed. For logs and metrics only.
    VerifyErrorKind {
        /// The tag is not ours.
        ChallengeTag => "challenge tag is wrong",
        /// The challenge has expired.
        Expired => "challenge has expired",
        /// The text is not a challenge.
        Malformed => "challenge is malformed",
        /// The signature fits none of the account's public keys.
        NoMatch => "signature matches no public key",
        /// The challenge was issued to another account or API key.
        OtherCaller => "challenge was issued to another caller",
        /// The signature is not canonical padded standard base64.
        SignatureEncoding => "signature is not canonical base64",
        /// The signature is not as long as the modulus of any of the account's public keys.
        SignatureLength => "signature has the wrong length",
        /// The challenge names a challenge key that is neither the current nor the previous one.
        UnknownKeyVersion => "challenge key version is unknown",
    }
}

/// Why an answered challenge could not be redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RedeemErrorKind {
    /// The challenge was redeemed before.
    #[error("challenge was already used")]
    AlreadyUsed,
    /// The store could not say whether this is the first use, so it counts as refused.
    #[error("first-use store is unavailable")]
    StoreUnavailable,
}

/// An answered challenge that was not redeemed; `E` is the error of the store.
#[derive(Debug)]
pub struct RedeemError<E> {
    cause: Option<E>,
}

impl<E> RedeemError<E> {
    pub(crate) const fn already_used() -> Self {
        Self { cause: None }
    }

    pub(crate) const fn store(cause: E) -> Self {
        Self { cause: Some(cause) }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> RedeemErrorKind {
        match self.cause {
            Some(_) => RedeemErrorKind::StoreUnavailable,
            None => RedeemErrorKind::AlreadyUsed,
        }
    }

    /// The error of the store, when it was the store that failed.
    #[must_use]
    pub fn into_store_error(self) -> Option<E> {
        self.cause
    }
}

impl<E> fmt::Display for RedeemError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl<E: Error + 'static> Error for RedeemError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as &(dyn Error + 'static))
    }
}
