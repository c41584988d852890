use time::Duration;

use crate::{ProfileError, ProfileErrorKind, TokenType};
use crate::{claims, strict_json};

/// Everything that parts one kind of token from the others; each of it is written at issue and demanded at verification.
#[derive(Debug, Clone)]
pub struct Profile {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) typ: TokenType,
    pub(crate) lifetime: i64,
    pub(crate) leeway: i64,
    pub(crate) exact: Vec<ExactClaim>,
}

/// A string claim with one allowed value.
#[derive(Debug, Clone)]
pub(crate) struct ExactClaim {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Profile {
    /// Tokens of `issuer` for `audience`, of one `typ`, that live `lifetime` and have no leeway at their end.
    ///
    /// # Errors
    ///
    /// [`Issuer`](ProfileErrorKind::Issuer) or [`Audience`](ProfileErrorKind::Audience) when empty or longer than
    /// [`MAX_NAME_LEN`] bytes, [`Lifetime`](ProfileErrorKind::Lifetime) outside [`MIN_LIFETIME`] to [`MAX_LIFETIME`]
    /// or not in whole seconds.
    pub fn new(issuer: &str, audience: &str, typ: TokenType, lifetime: Duration) -> Result<Self, ProfileError> {
        if !is_name(issuer) {
            return Err(ProfileErrorKind::Issuer.into());
        }
        if !is_name(audience) {
            return Err(ProfileErrorKind::Audience.into());
        }
        let lifetime = lifetime_seconds(lifetime).ok_or(ProfileErrorKind::Lifetime)?;
        Ok(Self { issuer: issuer.into(), audience: audience.into(), typ, lifetime, leeway: 0, exact: Vec::new() })
    }

    /// Accepts a token this much past its `exp`, at most [`MAX_LEEWAY`], in whole seconds.
    ///
    /// # Errors
    ///
    /// [`Leeway`](ProfileErrorKind::Leeway) outside these bounds.
    pub fn with_leeway(mut self, leeway: Duration) -> Result<Self, ProfileError> {
        if leeway.is_negative() || leeway > MAX_LEEWAY || leeway.subsec_nanoseconds() != 0 {
            return Err(ProfileErrorKind::Leeway.into());
        }
        self.leeway = leeway.whole_seconds();
        Ok(self)
    }

    /// Adds a string claim that is written at issue and must be exactly equal at verification.
    ///
    /// # Errors
    ///
    /// [`ExactClaim`](ProfileErrorKind::ExactClaim) when the name is one that this crate writes itself, repeated, empty
    /// or longer than [`MAX_NAME_LEN`] bytes, the value longer than that, or the claim above [`MAX_EXACT_CLAIMS`].
    pub fn with_exact_claim(mut self, name: &str, value: &str) -> Result<Self, ProfileError> {
        let taken = claims::RESERVED.contains(&name)
            || strict_json::is_reader_private(name)
            || self.exact.iter().any(|claim| claim.name == name);
        if taken || !is_name(name) || value.len() > MAX_NAME_LEN || self.exact.len() >= MAX_EXACT_CLAIMS {
            return Err(ProfileErrorKind::ExactClaim.into());
        }
        self.exact.push(ExactClaim { name: name.into(), value: value.into() });
        Ok(self)
    }

    /// The `iss` claim.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The `aud` claim, always one string.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The `typ` header member.
    #[must_use]
    pub fn token_type(&self) -> TokenType {
        self.typ
    }

    /// The usual life of a token.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        Duration::seconds(self.lifetime)
    }
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME_LEN).contains(&text.len())
}

pub(crate) fn lifetime_seconds(lifetime: Duration) -> Option<i64> {
    let whole = lifetime.subsec_nanoseconds() == 0;
    (whole && (MIN_LIFETIME..=MAX_LIFETIME).contains(&lifetime)).then(|| lifetime.whole_seconds())
}

/// The shortest life of a token.
pub const MIN_LIFETIME: Duration = Duration::seconds(60);
/// The longest life of a token.
pub const MAX_LIFETIME: Duration = Duration::seconds(3600);
/// The largest leeway at the end of life.
pub const MAX_LEEWAY: Duration = Duration::seconds(5);
/// The longest issuer, audience, and exact claim name or value, in bytes.
pub const MAX_NAME_LEN: usize = 256;
/// The largest number of exact claims in a profile.
pub const MAX_EXACT_CLAIMS: usize = 8;
