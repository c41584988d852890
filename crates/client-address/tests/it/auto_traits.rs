//! What the types are, checked by the compiler.

use std::fmt::Display;
use std::hash::Hash;

use tollgate_client_address::{
    AddressGroup, Cidr, ClientAddress, Entries, EntryError, EntryErrorKind, IpList, ListError, ListErrorKind, Proto,
    TrustedProxies,
};

#[test]
fn public_types_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<AddressGroup>();
    crosses::<Cidr>();
    crosses::<ClientAddress>();
    crosses::<Entries<'static>>();
    crosses::<EntryError>();
    crosses::<EntryErrorKind>();
    crosses::<IpList>();
    crosses::<ListError>();
    crosses::<ListErrorKind>();
    crosses::<Proto>();
    crosses::<TrustedProxies>();
}

#[test]
fn a_group_can_key_a_table() {
    fn keys<T: Copy + Eq + Hash + Ord + Display>() {}
    keys::<AddressGroup>();
}

#[test]
fn the_errors_are_errors() {
    fn is_error<T: std::error::Error>() {}
    is_error::<EntryError>();
    is_error::<ListError>();
}

/// A missing list must not become one that permits all: fails to compile if `IpList` gets a default.
#[test]
fn a_list_has_no_default() {
    struct Present;
    trait Ambiguous<A> {
        fn call() {}
    }
    impl<T> Ambiguous<()> for T {}
    impl<T: Default> Ambiguous<Present> for T {}
    <IpList as Ambiguous<_>>::call();
}
