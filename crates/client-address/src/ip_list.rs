use crate::cidr::Cidr;
use crate::client_address::ClientAddress;
use crate::error::{ListError, ListErrorKind};

/// The addresses a credential may be used from: all of them, or those of 1 to [`MAX_ENTRIES`] networks.
///
/// "All" is a state of its own and never the absence of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpList(List);

#[derive(Debug, Clone, PartialEq, Eq)]
enum List {
    Unrestricted,
    Only(Box<[Cidr]>),
}

/// What an [`IpList`] says, to store or to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entries<'a> {
    /// Every address.
    Unrestricted,
    /// These networks, at least one, in the order they were given.
    Only(&'a [Cidr]),
}

impl IpList {
    /// The list that permits every address, also one that is not known.
    #[must_use]
    pub fn unrestricted() -> Self {
        Self(List::Unrestricted)
    }

    /// The list that permits these networks and nothing else.
    ///
    /// # Errors
    ///
    /// [`Empty`](ListErrorKind::Empty) without an entry, [`TooMany`](ListErrorKind::TooMany) beyond [`MAX_ENTRIES`].
    pub fn only(entries: Vec<Cidr>) -> Result<Self, ListError> {
        match entries.len() {
            0 => Err(ListErrorKind::Empty.into()),
            1..=MAX_ENTRIES => Ok(Self(List::Only(entries.into()))),
            _ => Err(ListErrorKind::TooMany.into()),
        }
    }

    /// Whether a client may use the credential; an unknown one only where there is no restriction.
    #[must_use]
    pub fn permits(&self, client: &ClientAddress) -> bool {
        match (&self.0, client) {
            (List::Unrestricted, _) => true,
            (List::Only(entries), ClientAddress::Known(address)) => {
                entries.iter().any(|entry| entry.contains(*address))
            }
            (List::Only(_), ClientAddress::Unknown) => false,
        }
    }

    /// What the list says.
    #[must_use]
    pub fn entries(&self) -> Entries<'_> {
        match &self.0 {
            List::Unrestricted => Entries::Unrestricted,
            List::Only(entries) => Entries::Only(entries),
        }
    }
}

/// The most networks a list can hold.
pub const MAX_ENTRIES: usize = 100;
