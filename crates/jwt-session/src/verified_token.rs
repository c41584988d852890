use std::fmt;

use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use crate::claims::{self, Checked};
use crate::dates::Life;
use crate::{Kid, SessionDigest, SessionId, VerifyError, VerifyErrorKind};

/// A token that passed every check; only [`KeyRing::verify`](crate::KeyRing::verify) makes one.
#[must_use]
pub struct VerifiedToken<C> {
    claims: C,
    issued_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    token_id: String,
    kid: Kid,
    session: Option<SessionDigest>,
    life: Life,
}

impl<C: DeserializeOwned> VerifiedToken<C> {
    pub(crate) fn new(checked: Checked, kid: Kid) -> Result<Self, VerifyErrorKind> {
        let Checked { issued_at, expires_at, token_id, session, life, rest } = checked;
        Ok(Self { claims: claims::typed(rest)?, issued_at, expires_at, token_id, kid, session, life })
    }
}

impl<C> VerifiedToken<C> {
    /// Checks in constant time that the token was issued together with this session id.
    ///
    /// # Errors
    ///
    /// [`WrongSession`](VerifyErrorKind::WrongSession) for the id of another token, and for a token without `sid`.
    pub fn pair(self, session: &SessionId) -> Result<PairedSession<C>, VerifyError> {
        match &self.session {
            Some(digest) if bool::from(digest.ct_eq(&session.digest())) => Ok(PairedSession(self)),
            _ => Err(VerifyErrorKind::WrongSession.into()),
        }
    }

    /// Judges the dates again, by the rules and the leeway of the verification: for whoever keeps a verified token and
    /// sees the same text again.
    ///
    /// That the key is still in the ring, [`TokenVerifier::verifies_kid`](crate::TokenVerifier::verifies_kid) tells.
    ///
    /// # Errors
    ///
    /// [`NotYetValid`](VerifyErrorKind::NotYetValid), [`Expired`](VerifyErrorKind::Expired).
    pub fn check_life(&self, now: OffsetDateTime) -> Result<(), VerifyError> {
        Ok(self.life.check(now)?)
    }

    /// The claims that were given at issue.
    #[must_use]
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// The claims that were given at issue, without the rest.
    #[must_use]
    pub fn into_claims(self) -> C {
        self.claims
    }

    /// The `iat` claim.
    #[must_use]
    pub fn issued_at(&self) -> OffsetDateTime {
        self.issued_at
    }

    /// The `exp` claim, without leeway.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }

    /// The `jti` claim, 22 characters of base64url.
    #[must_use]
    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// The name of the key that signed it.
    #[must_use]
    pub fn kid(&self) -> &Kid {
        &self.kid
    }
}

impl<C> fmt::Debug for VerifiedToken<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedToken(***)")
    }
}

/// A verified token together with its own session id; only [`VerifiedToken::pair`] makes one.
#[must_use]
pub struct PairedSession<C>(VerifiedToken<C>);

impl<C> PairedSession<C> {
    /// Judges the dates again, as [`VerifiedToken::check_life`] does.
    ///
    /// # Errors
    ///
    /// [`NotYetValid`](VerifyErrorKind::NotYetValid), [`Expired`](VerifyErrorKind::Expired).
    pub fn check_life(&self, now: OffsetDateTime) -> Result<(), VerifyError> {
        self.0.check_life(now)
    }

    /// The claims that were given at issue.
    #[must_use]
    pub fn claims(&self) -> &C {
        self.0.claims()
    }

    /// The claims that were given at issue, without the rest.
    #[must_use]
    pub fn into_claims(self) -> C {
        self.0.into_claims()
    }

    /// The `iat` claim.
    #[must_use]
    pub fn issued_at(&self) -> OffsetDateTime {
        self.0.issued_at()
    }

    /// The `exp` claim, without leeway.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        self.0.expires_at()
    }

    /// The `jti` claim, 22 characters of base64url.
    #[must_use]
    pub fn token_id(&self) -> &str {
        self.0.token_id()
    }

    /// The name of the key that signed it.
    #[must_use]
    pub fn kid(&self) -> &Kid {
        self.0.kid()
    }
}

impl<C> fmt::Debug for PairedSession<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairedSession(***)")
    }
}
