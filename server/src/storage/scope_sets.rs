//! Sets of scopes that many credentials have.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tollgate_apikey::Scopes;

/// The scope sets that cached credentials have: a few, each kept once and not once a credential.
#[derive(Default)]
pub(super) struct ScopeSets(Mutex<HashSet<Scopes>>);

impl ScopeSets {
    /// Sets that are shared; a credential with a further one keeps its own.
    const MOST: usize = 256;

    pub(super) fn shared(&self, scopes: Scopes) -> Scopes {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sets.get(&scopes) {
            return known.clone();
        }
        if sets.len() < Self::MOST {
            sets.insert(scopes.clone());
        }
        scopes
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;

    #[test]
    fn credentials_of_the_same_scopes_share_one_set() {
        let sets = ScopeSets::default();
        let first = sets.shared(Scopes::parse("a b").unwrap());
        let second = sets.shared(Scopes::parse("b a").unwrap());
        let (first, second) = (first.iter().next().unwrap(), second.iter().next().unwrap());
        assert!(ptr::eq(first, second));
        for n in 0..2 * ScopeSets::MOST {
            let scopes = Scopes::parse(&format!("scope:{n}")).unwrap();
            assert_eq!(sets.shared(scopes.clone()), scopes);
        }
        assert_eq!(sets.0.lock().unwrap().len(), ScopeSets::MOST);
    }
}
