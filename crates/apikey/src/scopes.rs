use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{ScopeError, ScopeErrorKind};
use crate::scope::{MAX_SCOPE_LEN, Scope};

/// Scopes a set may hold.
pub const MAX_SCOPES: usize = 32;

/// Bytes of the longest list of scopes.
pub const MAX_SCOPES_LEN: usize = MAX_SCOPES * (MAX_SCOPE_LEN + 1) - 1;

/// A set of permissions; the empty set permits nothing.
///
/// ```
/// use tollgate_apikey::Scopes;
///
/// let granted = Scopes::parse("payments:write payments:read")?;
/// assert_eq!(granted.to_string(), "payments:read payments:write");
/// assert!(Scopes::parse("payments:read")?.is_subset_of(&granted));
/// assert!(!Scopes::empty().contains_str("payments:read"));
/// # Ok::<(), tollgate_apikey::ScopeError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Scopes {
    /// In byte order and without repetition; clones share it, as many credentials have the same few sets.
    sorted: Arc<[Scope]>,
}

impl Scopes {
    /// The set that permits nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self { sorted: Arc::default() }
    }

    /// A set of these scopes; order and repetition do not matter.
    ///
    /// # Errors
    ///
    /// [`TooMany`](ScopeErrorKind::TooMany) over [`MAX_SCOPES`], repetitions counted.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, ScopeError> {
        let mut sorted: Vec<Scope> = scopes.into_iter().take(MAX_SCOPES + 1).collect();
        if sorted.len() > MAX_SCOPES {
            return Err(ScopeErrorKind::TooMany.into());
        }
        sorted.sort_unstable();
        sorted.dedup();
        Ok(Self { sorted: sorted.into() })
    }

    /// Reads scopes parted by one blank each (RFC 6749 §3.3); order and repetition do not matter.
    ///
    /// The empty text is the empty set. Printing gives the scopes in byte order.
    ///
    /// # Errors
    ///
    /// [`TooMany`](ScopeErrorKind::TooMany) over [`MAX_SCOPES`], [`TooLong`](ScopeErrorKind::TooLong) over
    /// [`MAX_SCOPES_LEN`] bytes, [`Empty`](ScopeErrorKind::Empty) for a blank too many, and as [`Scope::parse`].
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.is_empty() {
            return Ok(Self::empty());
        }
        if text.len() > MAX_SCOPES_LEN {
            return Err(ScopeErrorKind::TooLong.into());
        }
        let scopes: Vec<Scope> = text.split(' ').take(MAX_SCOPES + 1).map(Scope::parse).collect::<Result<_, _>>()?;
        Self::new(scopes)
    }

    /// Whether the set permits this.
    #[must_use]
    pub fn contains(&self, scope: &Scope) -> bool {
        self.contains_str(scope.as_str())
    }

    /// Whether the set permits what has this name.
    #[must_use]
    pub fn contains_str(&self, scope: &str) -> bool {
        self.sorted.binary_search_by(|have| have.as_str().cmp(scope)).is_ok()
    }

    /// Whether the other set permits everything that this one does.
    #[must_use]
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.iter().all(|scope| other.contains(scope))
    }

    /// The scopes in byte order.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.sorted.iter()
    }

    /// How many scopes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether the set permits nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }
}

impl<'a> IntoIterator for &'a Scopes {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromStr for Scopes {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}
