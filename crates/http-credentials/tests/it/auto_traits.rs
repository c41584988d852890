//! What the types are and are not, checked by the compiler.

use std::fmt::Display;

use tollgate_http_credentials::{
    Authorization, BasicCredentials, BasicToken, BearerToken, Carrier, KeyText, Presented, Reader, Scheme, ShapeError,
    ShapeErrorKind,
};

/// Fails to compile when the type has the trait: then two blanket implementations fit and the call is ambiguous.
macro_rules! assert_lacks {
    ($type:ty: $($trait:path),+) => {
        $(const _: fn() = || {
            struct Present;
            trait Ambiguous<A> {
                fn call() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $trait> Ambiguous<Present> for T {}
            <$type as Ambiguous<_>>::call();
        };)+
    };
}

macro_rules! secrets_stay_put {
    ($($type:ty),+) => {
        $(assert_lacks!($type: Clone, PartialEq, Display, AsRef<str>, std::ops::Deref);)+
    };
}

secrets_stay_put!(
    BasicCredentials,
    BasicToken<'static>,
    BearerToken<'static>,
    KeyText<'static>,
    Authorization<'static>,
    Presented<'static>
);

#[test]
fn public_types_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Authorization<'static>>();
    crosses::<BasicCredentials>();
    crosses::<BasicToken<'static>>();
    crosses::<BearerToken<'static>>();
    crosses::<Carrier>();
    crosses::<KeyText<'static>>();
    crosses::<Presented<'static>>();
    crosses::<Reader>();
    crosses::<Scheme>();
    crosses::<ShapeError>();
    crosses::<ShapeErrorKind>();
}

#[test]
fn the_error_is_an_error() {
    fn is_error<T: std::error::Error>() {}
    is_error::<ShapeError>();
    is_error::<ShapeErrorKind>();
}
