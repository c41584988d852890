//! The peppers of browser tokens: the one that new digests are made under, and those that live tokens were kept under.

use tollgate_checkout_scope::{CheckoutToken, TokenDigest, TokenPepper};

/// Newest first; never empty.
#[derive(Debug)]
pub struct TokenPeppers {
    current: TokenPepper,
    previous: Vec<TokenPepper>,
}

impl TokenPeppers {
    /// The current pepper and the earlier ones, newest first.
    #[must_use]
    pub fn new(current: TokenPepper, previous: Vec<TokenPepper>) -> Self {
        Self { current, previous }
    }

    /// The form in which a new token is kept.
    #[must_use]
    pub fn digest(&self, token: &CheckoutToken) -> TokenDigest {
        token.digest(&self.current)
    }

    /// The forms in which a token may be kept, the newest first.
    pub fn digests(&self, token: &CheckoutToken) -> impl Iterator<Item = TokenDigest> {
        std::iter::once(&self.current).chain(&self.previous).map(|pepper| token.digest(pepper))
    }
}
