//! What the other modules share: a moment, an authority, the routes of a shop.

use core::convert::Infallible;

use time::OffsetDateTime;
use tollgate_checkout_scope::{AllowList, CheckoutToken, Grant, MintAuthority, ServerCredential, Ttl, mint};

/// 2026-01-01T00:00:00Z.
pub(crate) const T0: i64 = 1_767_225_600;

pub(crate) const SHOP: [(&str, &str); 3] = [
    ("GET", "/payment-requests/{id}"),
    ("GET", "/payment-requests/{id}/status"),
    ("POST", "/payment-requests/{id}/payments"),
];

pub(crate) struct VerifiedApiKey;

impl ServerCredential for VerifiedApiKey {}

pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

pub(crate) fn shop() -> AllowList {
    AllowList::compile(&SHOP).unwrap()
}

/// Mints with bytes that are all `byte`.
pub(crate) fn mint_filled<O>(object: O, ttl: Ttl, now: OffsetDateTime, byte: u8) -> (CheckoutToken, Grant<O>) {
    let proof = VerifiedApiKey;
    let authority = MintAuthority::for_server_credential(&proof);
    let fill = |bytes: &mut [u8]| {
        bytes.fill(byte);
        Ok::<(), Infallible>(())
    };
    let Ok(minted) = mint(&authority, object, ttl, now, fill);
    minted
}
