//! The key rings of one listener: one per kind of token, all with the listener's own issuer.

use time::Duration;
use tollgate_apikey::Mode;
use tollgate_jwt_session::{Jwks, KeyRing, Profile, TokenType};

use super::KeyFile;
use super::file::Purpose;
use crate::rng::Rng;

/// The tokens a listener issues and verifies. No kind passes for another: key, `aud` and `typ` part them.
#[derive(Debug)]
pub struct Rings {
    /// Control-panel logins.
    pub panel: KeyRing,
    /// 88Pay session tokens, of the listener's mode.
    pub session: KeyRing,
    /// Pledg access tokens, of the listener's mode.
    pub pledg: KeyRing,
    /// Alternative access tokens, of the listener's mode.
    pub alternative: KeyRing,
    /// Alternative checkout tokens, of the listener's mode.
    pub checkout: KeyRing,
    /// The one mode of the tokens above.
    pub mode: Mode,
}

/// The key file does not hold what a listener needs.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the key file lacks a usable signing key")]
pub struct RingsError;

impl Rings {
    const PANEL_LIFETIME: Duration = Duration::seconds(1800);
    const SESSION_LIFETIME: Duration = Duration::seconds(60);
    const PLEDG_LIFETIME: Duration = Duration::seconds(600);
    const ALTERNATIVE_LIFETIME: Duration = Duration::seconds(3600);
    const CHECKOUT_LIFETIME: Duration = Duration::seconds(900);

    /// Builds the rings of a listener whose external base URL is `issuer`.
    ///
    /// # Errors
    ///
    /// [`RingsError`] when a key is missing or damaged.
    pub fn new(keys: &KeyFile, issuer: &str, mode: Mode, rng: &Rng) -> Result<Self, RingsError> {
        let profile = |audience, typ, lifetime| Profile::new(issuer, audience, typ, lifetime).map_err(|_| RingsError);
        let moded = |audience, typ, lifetime| {
            profile(audience, typ, lifetime)?.with_exact_claim("env", mode.as_str()).map_err(|_| RingsError)
        };
        let panel = profile("panel", TokenType::JWT, Self::PANEL_LIFETIME)?;
        let session = moded("88pay", TokenType::JWT, Self::SESSION_LIFETIME)?;
        let pledg = moded("pledg", TokenType::JWT, Self::PLEDG_LIFETIME)?;
        let alternative = moded("alternative", TokenType::AT_JWT, Self::ALTERNATIVE_LIFETIME)?;
        let checkout = moded("alternative-checkout", TokenType::CHECKOUT_JWT, Self::CHECKOUT_LIFETIME)?;
        Ok(Self {
            panel: ring(keys, Purpose::Panel, panel, rng)?,
            session: ring(keys, Purpose::EightyEightPay, session, rng)?,
            pledg: ring(keys, Purpose::Pledg, pledg, rng)?,
            alternative: ring(keys, Purpose::Alternative, alternative, rng)?,
            checkout: ring(keys, Purpose::AlternativeCheckout, checkout, rng)?,
            mode,
        })
    }

    /// The public keys of every ring that has some.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        Jwks::merge([self.session.jwks(), self.alternative.jwks()])
    }
}

/// The first entry of a kind signs; the others still verify.
fn ring(keys: &KeyFile, purpose: Purpose, profile: Profile, rng: &Rng) -> Result<KeyRing, RingsError> {
    let mut entries = keys.signing(purpose);
    let current = entries.next().and_then(|entry| entry.key(rng)).ok_or(RingsError)?;
    let ring = KeyRing::new(profile, current).map_err(|_| RingsError)?;
    entries.try_fold(ring, |ring, entry| {
        let previous = entry.key(rng).ok_or(RingsError)?.verifying_key();
        ring.with_previous(previous).map_err(|_| RingsError)
    })
}
