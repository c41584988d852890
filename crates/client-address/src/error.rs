/// Why a text is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct EntryError {
    kind: EntryErrorKind,
}

/// The kinds of [`EntryError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum EntryErrorKind {
    /// Bits after the prefix are set: the text names an address and a network at once.
    #[error("address has bits after the prefix")]
    HostBits,
    /// A range of IPv4-mapped IPv6 addresses; the IPv4 range says the same.
    #[error("range of mapped addresses")]
    MappedRange,
    /// The part before the slash is not a numeric address.
    #[error("not a numeric address")]
    NotAnAddress,
    /// The part after the slash is not a decimal number that fits the address family.
    #[error("not a prefix length")]
    PrefixLength,
    /// A prefix of zero bits, which is every address of the family.
    #[error("prefix covers every address")]
    ZeroPrefix,
}

impl EntryError {
    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> EntryErrorKind {
        self.kind
    }
}

impl From<EntryErrorKind> for EntryError {
    fn from(kind: EntryErrorKind) -> Self {
        Self { kind }
    }
}

/// Why networks do not make an allow-list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ListError {
    kind: ListErrorKind,
}

/// The kinds of [`ListError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ListErrorKind {
    /// No entry.
    #[error("list has no entry")]
    Empty,
    /// More than [`MAX_ENTRIES`](crate::MAX_ENTRIES) entries.
    #[error("list has too many entries")]
    TooMany,
}

impl ListError {
    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> ListErrorKind {
        self.kind
    }
}

impl From<ListErrorKind> for ListError {
    fn from(kind: ListErrorKind) -> Self {
        Self { kind }
    }
}
