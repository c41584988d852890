//! Minting of opaque tokens.

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    authority::MintAuthority,
    grant::Grant,
    token::{CheckoutToken, TOKEN_BYTES},
    ttl::Ttl,
};

/// Makes a token and the grant to store under its [digest](CheckoutToken::digest).
///
/// `fill` must fill the whole slice with bytes from a CSPRNG. The grant dies `ttl` after `now`, rounded down to the
/// whole second.
///
/// # Errors
///
/// Only the error of `fill`, unchanged.
pub fn mint<O, E>(
    _authority: &MintAuthority<'_>,
    object: O,
    ttl: Ttl,
    now: OffsetDateTime,
    mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<(CheckoutToken, Grant<O>), E> {
    let mut random = Zeroizing::new([0; TOKEN_BYTES]);
    fill(random.as_mut_slice())?;
    let grant = Grant::restore(object, now.saturating_add(ttl.as_duration()));
    Ok((CheckoutToken::from_random(&random), grant))
}
