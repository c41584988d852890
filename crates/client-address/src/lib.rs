#![doc = include_str!("../README.md")]

mod address_group;
mod cidr;
mod client_address;
mod error;
mod hop;
mod ip_list;
mod proto;
mod trusted_proxies;

pub use crate::address_group::AddressGroup;
pub use crate::cidr::{Cidr, MAX_ENTRY_TEXT};
pub use crate::client_address::ClientAddress;
pub use crate::error::{EntryError, EntryErrorKind, ListError, ListErrorKind};
pub use crate::hop::MAX_HOP_BYTES;
pub use crate::ip_list::{Entries, IpList, MAX_ENTRIES};
pub use crate::proto::Proto;
pub use crate::trusted_proxies::{MAX_HOPS, TrustedProxies};
