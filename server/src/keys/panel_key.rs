//! The key behind the control panel's cookies, form tokens and links.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

/// Makes digests of texts that browsers hold, each use apart from the others.
pub struct PanelKey(hmac::Key);

/// What a digest is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelUse {
    /// The token in the forms of one cookie's pages.
    Form,
    /// A link that sets a password.
    Link,
    /// A form that was sent, or a record that is rotated: each is answered to once.
    Sent,
    /// The cookie of a session.
    Session,
}

impl PanelKey {
    /// The key that belongs to a secret of the key file, which has other uses too.
    #[must_use]
    pub fn derive(secret: &[u8]) -> Self {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"tollgate panel key 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The digest of a text in a use: HMAC-SHA256 over the name of the use, a colon and the text.
    #[must_use]
    pub fn digest(&self, r#use: PanelUse, text: &str) -> [u8; 32] {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.context(r#use, text).sign().as_ref());
        digest
    }

    /// The digest as 43 characters of base64url.
    #[must_use]
    pub fn token(&self, r#use: PanelUse, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.digest(r#use, text))
    }

    /// Whether this is the [`token`](Self::token) of the text, compared in constant time.
    #[must_use]
    pub fn fits(&self, r#use: PanelUse, text: &str, token: &str) -> bool {
        use subtle::ConstantTimeEq;
        self.token(r#use, text).as_bytes().ct_eq(token.as_bytes()).into()
    }

    fn context(&self, r#use: PanelUse, text: &str) -> hmac::Context {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(match r#use {
            PanelUse::Form => b"form:",
            PanelUse::Link => b"link:",
            PanelUse::Sent => b"sent:",
            PanelUse::Session => b"session:",
        });
        context.update(text.as_bytes());
        context
    }
}

impl fmt::Debug for PanelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PanelKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_and_texts_are_apart() {
        let key = PanelKey::derive(&[7; 32]);
        let token = key.token(PanelUse::Form, "a");
        assert_eq!(token.len(), 43);
        assert!(key.fits(PanelUse::Form, "a", &token));
        assert!(!key.fits(PanelUse::Form, "b", &token));
        assert!(!key.fits(PanelUse::Session, "a", &token));
        assert!(!PanelKey::derive(&[8; 32]).fits(PanelUse::Form, "a", &token));
        assert!(!key.fits(PanelUse::Form, "a", ""));
    }
}
