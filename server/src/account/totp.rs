//! One-time codes of a second factor (RFC 6238, HMAC-SHA-1, 30 seconds, 6 digits), and recovery codes.

use std::fmt;

use ring::digest::{Context, SHA256};
use ring::hmac;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{SecretText, UserId};
use crate::rng::{Rng, RngError};

/// What an authenticator app and the server share: 20 bytes (RFC 4226 §4, R6).
pub struct TotpSecret(Zeroizing<[u8; Self::LEN]>);

/// A number of 30-second steps since 1970: a code belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotpStep(i64);

impl TotpSecret {
    /// Bytes of a secret.
    const LEN: usize = 20;
    /// Seconds of a step (RFC 6238 §4.1).
    const STEP_S: i64 = 30;

    /// A new random one.
    ///
    /// # Errors
    ///
    /// [`RngError`] when there are no random bytes.
    pub fn draw(rng: &Rng) -> Result<Self, RngError> {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        rng.fill(&mut *bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes of a secret, if they are as many as they should be.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        &*self.0
    }

    /// What a seal of this user's secret is bound to.
    #[must_use]
    pub fn seal_context(user: UserId) -> String {
        format!("totp:{user}")
    }

    /// As an authenticator app takes it by hand: 32 characters of base32 (RFC 4648 §6), without padding.
    #[must_use]
    pub fn base32(&self) -> SecretText {
        SecretText::from(base32(&*self.0))
    }

    /// As an authenticator app takes it from a picture.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> SecretText {
        let (issuer, account) = (percent(issuer), percent(account));
        let secret = self.base32();
        let text = format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", secret.expose_secret());
        SecretText::new(text)
    }

    /// The step that a code belongs to, among this one, the one before and the one after; every one is compared.
    #[must_use]
    pub fn step_of(&self, code: &str, now: OffsetDateTime) -> Option<TotpStep> {
        let current = now.unix_timestamp().div_euclid(Self::STEP_S);
        let mut found = i64::MIN;
        for step in [current.saturating_sub(1), current, current.saturating_add(1)] {
            let fits = self.code(TotpStep(step)).as_bytes().ct_eq(code.as_bytes());
            found.conditional_assign(&step, fits);
        }
        (found != i64::MIN).then_some(TotpStep(found))
    }

    /// The code of a step (RFC 4226 §5.3).
    #[must_use]
    pub fn code(&self, step: TotpStep) -> Zeroizing<String> {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &*self.0);
        let tag = hmac::sign(&key, &step.0.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
        let mut word = [0; 4];
        word.copy_from_slice(&tag[offset..offset + 4]);
        Zeroizing::new(format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(redacted)")
    }
}

impl TotpStep {
    /// The step of a moment.
    #[must_use]
    pub fn at(now: OffsetDateTime) -> Self {
        Self(now.unix_timestamp().div_euclid(TotpSecret::STEP_S))
    }

    /// What the use of a user's code is claimed by: each code counts once.
    #[must_use]
    pub fn claim(self, user: UserId) -> [u8; 16] {
        let mut claim = [0; 16];
        claim[..8].copy_from_slice(&user.get().to_be_bytes());
        claim[8..].copy_from_slice(&self.0.to_be_bytes());
        claim
    }

    /// Until when the claim must be remembered: no code of this step is accepted any more by then.
    #[must_use]
    pub fn claimed_until(now: OffsetDateTime) -> OffsetDateTime {
        now + time::Duration::seconds(4 * TotpSecret::STEP_S)
    }
}

/// Where claims of codes are kept.
pub const TOTP_CLAIMS: &str = "totp";

/// Codes that stand in for a lost authenticator, each once: 80 random bits as four groups of four.
#[derive(Debug)]
pub struct RecoveryCode(SecretText);

impl RecoveryCode {
    /// How many a user gets.
    pub const COUNT: usize = 10;
    /// Bytes of a code.
    const LEN: usize = 10;
    /// Characters of a code, without those between the groups.
    pub const CHARACTERS: usize = 16;

    /// A new random one.
    ///
    /// # Errors
    ///
    /// [`RngError`] when there are no random bytes.
    pub fn draw(rng: &Rng) -> Result<Self, RngError> {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        rng.fill(&mut *bytes)?;
        Ok(Self(SecretText::from(base32(&*bytes))))
    }

    /// Reads what a person typed: blanks and hyphens do not count, nor does case.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let kept = typed.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase());
        let text = Zeroizing::new(kept.take(Self::CHARACTERS + 1).collect::<String>());
        let fits = text.len() == Self::CHARACTERS && text.bytes().all(|b| BASE32.contains(&b));
        fits.then(|| Self(SecretText::from(text)))
    }

    /// As it is shown: groups of four with hyphens between them.
    #[must_use]
    pub fn grouped(&self) -> SecretText {
        let text = self.0.expose_secret();
        SecretText::new([&text[..4], &text[4..8], &text[8..12], &text[12..]].join("-"))
    }

    /// What is stored. 80 random bits need no slow hash and no key.
    #[must_use]
    pub fn digest(&self, user: UserId) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        context.update(b"tollgate recovery code 1");
        context.update(&user.get().to_be_bytes());
        context.update(self.0.expose_secret().as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        digest
    }
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Base32 of whole groups of five bytes.
fn base32(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 8 / 5));
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        text.extend((0..8).rev().map(|n| char::from(BASE32[usize::try_from((bits >> (5 * n)) & 31).unwrap_or(0)])));
    }
    text
}

/// Unreserved characters stay, all others are escaped (RFC 3986 §2.3).
fn percent(text: &str) -> String {
    use fmt::Write as _;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    /// RFC 6238 Appendix B, SHA-1; its codes have eight digits, of which ours are the last six.
    #[test]
    fn knows_the_published_vectors() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(*secret.code(TotpStep::at(at(seconds))), code[2..], "{seconds}");
        }
    }

    #[test]
    fn takes_the_code_of_the_step_before_and_after_and_no_other() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();
        let code = secret.code(TotpStep::at(at(1_111_111_111)));
        for (offset, fits) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            assert_eq!(secret.step_of(&code, at(1_111_111_111 + offset)).is_some(), fits, "{offset}");
        }
        for wrong in ["", "05047", "0050471", "abcdef", "０５０４７１"] {
            assert_eq!(secret.step_of(wrong, at(1_111_111_111)), None, "{wrong}");
        }
    }

    #[test]
    fn writes_the_secret_as_apps_read_it() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();
        // printf 12345678901234567890 | base32
        assert_eq!(secret.base32().expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = secret.uri("Toll gate", "a@b.example");
        let expected =
            "otpauth://totp/Toll%20gate:a%40b.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Toll%20gate";
        assert_eq!(uri.expose_secret(), expected);
    }

    #[test]
    fn a_recovery_code_reads_back_however_it_is_typed() {
        let (user, other) = (UserId::from_stored(7), UserId::from_stored(8));
        let code = RecoveryCode::draw(&Rng::system()).unwrap();
        let shown = code.grouped();
        let shown = shown.expose_secret();
        assert_eq!(shown.len(), 19);
        for typed in [shown.to_owned(), shown.to_lowercase(), shown.replace('-', ""), shown.replace('-', " ")] {
            assert_eq!(RecoveryCode::parse(&typed).unwrap().digest(user), code.digest(user), "{typed}");
        }
        assert_ne!(code.digest(user), code.digest(other));
        for wrong in ["", "AAAA-BBBB-CCCC", "AAAA-BBBB-CCCC-DDDDE", "AAAA-BBBB-CCCC-DDD1"] {
            assert!(RecoveryCode::parse(wrong).is_none(), "{wrong}");
        }
    }
}
