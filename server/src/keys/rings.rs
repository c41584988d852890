//! The key rings of one listener: one per kind of token, all with the listener's own issuer.

use tollgate_apikey::Mode;
use tollgate_jwt_session::{Jwks, KeyRing, Profile, TokenType};

use super::file::KeyFile;
use super::signing_entry::SigningEntry;
use super::succession::{KeyState, Succession};
use super::token_kind::TokenKind;
use super::token_ring::TokenRing;
use crate::rng::Rng;

/// The tokens a listener issues and verifies at a moment. No kind passes for another: key, `aud` and `typ` part them.
#[derive(Debug)]
pub struct Rings {
    /// Control-panel logins.
    pub panel: TokenRing,
    /// 88Pay session tokens, of the listener's mode.
    pub session: TokenRing,
    /// Pledg access tokens, of the listener's mode.
    pub pledg: TokenRing,
    /// Alternative access tokens, of the listener's mode.
    pub alternative: TokenRing,
    /// Alternative checkout tokens, of the listener's mode.
    pub checkout: TokenRing,
    /// The one mode of the tokens above.
    pub mode: Mode,
}

/// The key file does not hold what a listener needs.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the key file lacks a usable signing key")]
pub struct RingsError;

impl Rings {
    /// Builds the rings of a listener whose external base URL is `issuer`, as they are at `now` in Unix seconds.
    ///
    /// # Errors
    ///
    /// [`RingsError`] when a key is missing or damaged.
    pub(super) fn new(keys: &KeyFile, issuer: &str, mode: Mode, now: i64, rng: &Rng) -> Result<Self, RingsError> {
        let any_mode =
            |kind: TokenKind, typ| Profile::new(issuer, kind.as_str(), typ, kind.lifetime()).map_err(|_| RingsError);
        let ring = |kind, profile| ring(keys, kind, profile, now, rng);
        let of_mode = |kind, typ| {
            let profile = any_mode(kind, typ)?.with_exact_claim("env", mode.as_str()).map_err(|_| RingsError)?;
            ring(kind, profile)
        };
        Ok(Self {
            panel: ring(TokenKind::Panel, any_mode(TokenKind::Panel, TokenType::JWT)?)?,
            session: of_mode(TokenKind::EightyEightPay, TokenType::JWT)?,
            pledg: of_mode(TokenKind::Pledg, TokenType::JWT)?,
            alternative: of_mode(TokenKind::Alternative, TokenType::AT_JWT)?,
            checkout: of_mode(TokenKind::AlternativeCheckout, TokenType::CHECKOUT_JWT)?,
            mode,
        })
    }

    /// The public keys of every ring that has some.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        Jwks::merge([self.session.keys().jwks(), self.alternative.keys().jwks()])
    }
}

/// The ring of one kind of token at `now`.
fn ring(keys: &KeyFile, kind: TokenKind, profile: Profile, now: i64, rng: &Rng) -> Result<TokenRing, RingsError> {
    let succession = Succession::new(keys.signing(kind));
    let mut keys = succession.at(now).into_iter().filter(|(_, state)| *state != KeyState::Dead);
    let key = |entry: &SigningEntry| entry.key(rng).ok_or(RingsError);
    let (current, _) = keys.next().ok_or(RingsError)?;
    let ring = KeyRing::new(profile, key(current.entry)?).map_err(|_| RingsError)?;
    let ring = keys.try_fold(ring, |ring, (other, state)| {
        let other = key(other.entry)?;
        let extended = match state {
            KeyState::Next => ring.with_next(other),
            _ => ring.with_previous(other.verifying_key()),
        };
        extended.map_err(|_| RingsError)
    })?;
    Ok(TokenRing::new(ring))
}
