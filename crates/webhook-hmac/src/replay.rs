use std::fmt;

use ring::digest;

/// The name under which a receiver remembers an accepted delivery, so as to refuse it a second time.
///
/// It is computed from what was authenticated, never from what merely stood in a header: a delivery that is sent
/// again with its signatures reordered, thinned out or written for another live secret has the same id. 32 bytes,
/// the same for the same delivery in every process; ids of different schemes never meet. Keep one memory per
/// endpoint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplayId([u8; 32]);

impl ReplayId {
    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Digests the parts, each behind its length, under the name of the scheme.
    pub(crate) fn of(scheme: &str, parts: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in std::iter::once(&scheme.as_bytes()).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut id = [0; 32];
        id.copy_from_slice(context.finish().as_ref());
        Self(id)
    }
}

impl fmt::Display for ReplayId {
    /// 64 lower-case hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ReplayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplayId({self})")
    }
}
