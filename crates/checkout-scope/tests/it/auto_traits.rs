//! Which traits the public types have, and which they must never get.

use serde::{Serialize, de::DeserializeOwned};
use tollgate_checkout_scope::{
    AllowList, AmbiguousPath, CheckoutClaims, CheckoutIds, CheckoutToken, ClaimsError, Denied, Grant, InvoiceScope,
    MintAuthority, MintedClaims, ParseError, PepperError, Permit, RawPath, ServerCredential, TemplateError,
    TokenDigest, TokenPepper, Ttl, TtlError,
};

/// Does not compile when the type has the trait: the call would be ambiguous.
macro_rules! lacks {
    ($($type:ty: $trait:path;)+) => {$(
        const _: fn() = || {
            trait Lacks<A> {
                fn proof() {}
            }
            impl<T: ?Sized> Lacks<()> for T {}
            struct Has;
            impl<T: ?Sized + $trait> Lacks<Has> for T {}
            let _ = <$type as Lacks<_>>::proof;
        };
    )+};
}

lacks! {
    CheckoutToken: Clone;
    CheckoutToken: PartialEq;
    CheckoutToken: core::fmt::Display;
    CheckoutToken: core::ops::Deref;
    CheckoutToken: Serialize;
    CheckoutToken: AsRef<str>;
    TokenPepper: Clone;
    TokenPepper: PartialEq;
    TokenPepper: core::fmt::Display;
    TokenPepper: Serialize;
    MintAuthority<'static>: Clone;
    MintAuthority<'static>: Default;
    Permit<u64>: Clone;
    Permit<u64>: Default;
    Permit<u64>: ServerCredential;
    Permit<u64>: Serialize;
    Grant<u64>: ServerCredential;
    Grant<u64>: Serialize;
    CheckoutToken: ServerCredential;
    CheckoutClaims: ServerCredential;
    CheckoutClaims: Serialize;
    InvoiceScope: Serialize;
    MintedClaims: Clone;
    MintedClaims: DeserializeOwned;
}

#[test]
fn every_public_type_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<AllowList>();
    check::<AmbiguousPath>();
    check::<CheckoutClaims>();
    check::<CheckoutIds<'_>>();
    check::<CheckoutToken>();
    check::<ClaimsError>();
    check::<Denied>();
    check::<Grant<String>>();
    check::<InvoiceScope>();
    check::<MintAuthority<'_>>();
    check::<MintedClaims>();
    check::<ParseError>();
    check::<PepperError>();
    check::<Permit<String>>();
    check::<RawPath<'_>>();
    check::<TemplateError>();
    check::<TokenDigest>();
    check::<TokenPepper>();
    check::<Ttl>();
    check::<TtlError>();
}

#[test]
fn a_digest_is_a_lookup_key() {
    fn check<T: Copy + Eq + core::hash::Hash + Send + Sync + 'static>() {}
    check::<TokenDigest>();
}
