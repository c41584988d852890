//! Checked by the compiler: this file builds or it does not.

use std::fmt::Display;

use tollgate_apikey::{
    ApiKey, ImportedSecret, KeyDigest, KeyFormat, KeyId, Lifecycle, LifecycleError, LiveKey, MintError, Mode, Overlap,
    ParseError, Pepper, PepperError, Peppers, PublicId, PublicIdFormat, Scope, ScopeError, Scopes, Status, TestKey,
    Usable, Verification, VerifiedKey,
};

/// Fails to compile when the type has the trait, because the compiler can then not choose between two impls.
macro_rules! lacks {
    ($type:ty: $($trait:path),+) => {$(
        const _: fn() = || {
            trait Ambiguous<Marker> {
                fn choose() {}
            }
            struct HasIt;
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $trait> Ambiguous<HasIt> for T {}
            let _ = <$type as Ambiguous<_>>::choose;
        };
    )+};
}

lacks!(ApiKey: Clone, PartialEq, Display, std::ops::Deref, AsRef<str>);
lacks!(ImportedSecret: Clone, PartialEq, Display, std::ops::Deref, AsRef<str>);
lacks!(LiveKey: Clone, PartialEq, Display, std::ops::Deref, AsRef<str>);
lacks!(TestKey: Clone, PartialEq, Display, std::ops::Deref, AsRef<str>);
lacks!(Pepper: Clone, PartialEq, Display, std::ops::Deref, AsRef<[u8]>);
lacks!(Peppers: Clone, PartialEq, Display);
lacks!(KeyDigest: PartialEq, Display, std::hash::Hash, PartialOrd);
lacks!(Verification: Clone, PartialEq);
lacks!(VerifiedKey: Clone, Default);
lacks!(Usable: Clone, Default);
lacks!(Lifecycle: Copy);

#[test]
fn every_type_crosses_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<(ApiKey, LiveKey, TestKey, KeyFormat, KeyId, Mode)>();
    crosses::<(PublicId, PublicIdFormat)>();
    crosses::<(Pepper, Peppers, KeyDigest, Verification, VerifiedKey)>();
    crosses::<(Lifecycle, Overlap, Status, Usable)>();
    crosses::<(Scope, Scopes)>();
    crosses::<(LifecycleError, MintError<std::io::Error>, ParseError, PepperError, ScopeError)>();
}

#[test]
fn every_error_is_an_error() {
    fn fails<T: std::error::Error + 'static>() {}
    fails::<LifecycleError>();
    fails::<MintError<std::io::Error>>();
    fails::<ParseError>();
    fails::<PepperError>();
    fails::<ScopeError>();
}
