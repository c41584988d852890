//! Human passwords: Argon2id behind a fixed number of permits.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::{Output, PasswordHash as Phc};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use zeroize::{Zeroize, Zeroizing};

use crate::rng::Rng;

/// The stored form of a password: a PHC string of Argon2id, or a mark that there is none yet.
#[derive(Clone)]
pub struct PasswordHash(String);

/// Hashes and checks passwords, never more at a time than there are permits.
#[derive(Debug, Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    memory: Arc<HashMemory>,
    waiting: Arc<AtomicUsize>,
    queue: usize,
    absent: PasswordHash,
}

/// Why no verdict was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// All permits are taken and the queue is full.
    #[error("too many password checks at once")]
    Busy,
    /// The hash function failed, or the stored hash is damaged.
    #[error("the password could not be hashed")]
    Failed,
}

impl Passwords {
    /// The longest password, in bytes.
    pub const MAX_LEN: usize = 1024;
    /// Memory per hash, in KiB.
    const MEMORY_KIB: u32 = 19 * 1024;
    /// Passes over the memory.
    const PASSES: u32 = 2;
    /// Bytes of salt.
    const SALT_LEN: usize = 16;

    /// A hasher with as many permits and a queue of `queue` callers behind them.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Failed`] when the system gave no random bytes.
    pub fn new(permits: usize, queue: usize, rng: &Rng) -> Result<Self, PasswordError> {
        Ok(Self {
            permits: Arc::new(Semaphore::new(permits)),
            memory: Arc::default(),
            waiting: Arc::new(AtomicUsize::new(0)),
            queue,
            absent: nobodys(rng)?,
        })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    ///
    /// [`PasswordError`] as its kinds say.
    pub async fn hash(&self, password: Zeroizing<Vec<u8>>, rng: &Rng) -> Result<PasswordHash, PasswordError> {
        let rng = rng.clone();
        self.run(move |memory| hash(&password, &rng, memory)).await
    }

    /// Checks a password; with no stored hash, or one that is not set, it does the same work and answers `false`.
    ///
    /// # Errors
    ///
    /// [`PasswordError`] as its kinds say.
    pub async fn verify(
        &self,
        password: Zeroizing<Vec<u8>>,
        stored: Option<PasswordHash>,
    ) -> Result<bool, PasswordError> {
        let stored = stored.filter(PasswordHash::is_set);
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.absent.clone());
        let fits = self.run(move |memory| verify(&password, &stored, memory)).await?;
        Ok(fits && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            permit
        } else {
            let place = Place::take(&self.waiting, self.queue).ok_or(PasswordError::Busy)?;
            let permit = self.permits.clone().acquire_owned().await.map_err(|_| PasswordError::Busy)?;
            drop(place);
            permit
        };
        let memory = self.memory.clone();
        // The permit moves into the thread: a caller that goes away does not free it early.
        tokio::task::spawn_blocking(move || {
            let result = memory.lend(work);
            drop(permit);
            result
        })
        .await
        .map_err(|_| PasswordError::Failed)?
    }
}

impl PasswordHash {
    /// What is stored of a user who never set a password.
    pub const UNSET: &str = "*";

    /// Nothing fits it.
    #[must_use]
    pub fn unset() -> Self {
        Self(Self::UNSET.to_owned())
    }

    /// Whether there is a password that fits.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0 != Self::UNSET
    }

    /// A hash from storage.
    #[must_use]
    pub fn from_stored(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string, for storage.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}

/// The memory of hashes, as much as was ever used at a time: what hashing takes is then the permits' business alone, and
/// not that of an allocator, which may keep what each thread gives back.
#[derive(Default)]
struct HashMemory(Mutex<Vec<Vec<Block>>>);

impl HashMemory {
    fn lend<T>(&self, work: impl FnOnce(&mut Vec<Block>) -> T) -> T {
        let free = self.free().pop();
        let mut memory = free.unwrap_or_default();
        let result = work(&mut memory);
        // What a password made of it must not wait for the next one.
        memory.iter_mut().for_each(Zeroize::zeroize);
        self.free().push(memory);
        result
    }

    /// Whole pieces come and go, so a panic elsewhere cannot have broken it.
    fn free(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for HashMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashMemory")
    }
}

/// A place in the queue, given back on drop.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>, queue: usize) -> Option<Self> {
        waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| (n < queue).then_some(n + 1)).ok()?;
        Some(Self(Arc::clone(waiting)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What no password is known to fit, drawn and not computed: a process that checks no password never takes the memory of
/// a hash.
fn nobodys(rng: &Rng) -> Result<PasswordHash, PasswordError> {
    let mut drawn = [0_u8; Passwords::SALT_LEN + Params::DEFAULT_OUTPUT_LEN];
    rng.fill(&mut drawn).map_err(|_| PasswordError::Failed)?;
    let (salt, output) = drawn.split_at(Passwords::SALT_LEN);
    let [salt, output] = [salt, output].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    Ok(stored(&salt, &output))
}

fn hash(password: &[u8], rng: &Rng, memory: &mut Vec<Block>) -> Result<PasswordHash, PasswordError> {
    let mut salt = [0_u8; Passwords::SALT_LEN];
    rng.fill(&mut salt).map_err(|_| PasswordError::Failed)?;
    let params = Params::new(Passwords::MEMORY_KIB, Passwords::PASSES, 1, None).map_err(|_| PasswordError::Failed)?;
    let mut output = [0_u8; Params::DEFAULT_OUTPUT_LEN];
    compute(password, &salt, params, &mut output, memory)?;
    let [salt, output] = [&salt[..], &output].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    Ok(stored(&salt, &output))
}

fn verify(password: &[u8], stored: &PasswordHash, memory: &mut Vec<Block>) -> Result<bool, PasswordError> {
    let stored = Phc::new(&stored.0).map_err(|_| PasswordError::Failed)?;
    let is_ours = stored.algorithm == Algorithm::Argon2id.ident() && stored.version == Some(Version::V0x13.into());
    let (Some(salt), Some(expected), true) = (stored.salt, stored.hash, is_ours) else {
        return Err(PasswordError::Failed);
    };
    let params = Params::try_from(&stored).map_err(|_| PasswordError::Failed)?;
    let mut output = [0_u8; Output::MAX_LENGTH];
    let output = output.get_mut(..expected.len()).ok_or(PasswordError::Failed)?;
    compute(password, &salt, params, output, memory)?;
    Ok(expected.as_bytes().ct_eq(output).into())
}

/// Argon2id (RFC 9106) in memory that is made as large as it has to be.
fn compute(
    password: &[u8],
    salt: &[u8],
    params: Params,
    output: &mut [u8],
    memory: &mut Vec<Block>,
) -> Result<(), PasswordError> {
    let blocks = params.block_count();
    if memory.len() < blocks {
        *memory = vec![Block::default(); blocks];
    }
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2
        .hash_password_into_with_memory(password, salt, output, &mut memory[..blocks])
        .map_err(|_| PasswordError::Failed)
}

/// The form of a hash with the parameters of new ones, from salt and output in base64.
fn stored(salt: &str, output: &str) -> PasswordHash {
    let (memory, passes) = (Passwords::MEMORY_KIB, Passwords::PASSES);
    PasswordHash(format!("$argon2id$v=19$m={memory},t={passes},p=1${salt}${output}"))
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    fn secret(text: &str) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn knows_the_right_password_and_refuses_the_rest() {
        let rng = Rng::system();
        let passwords = Passwords::new(2, 8, &rng).unwrap();
        let stored = passwords.hash(secret("correct horse"), &rng).await.unwrap();
        assert!(stored.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(secret("correct horse"), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify(secret("correct horse "), Some(stored)).await.unwrap());
        assert!(!passwords.verify(secret("correct horse"), None).await.unwrap());
        for nobody in ["", "*", "nobody"] {
            let fits = passwords.verify(secret(nobody), Some(PasswordHash::unset())).await;
            assert!(!fits.unwrap(), "{nobody:?}, where no password was set");
        }
    }

    #[test]
    fn what_nobody_knows_costs_as_much_as_what_somebody_does() {
        let rng = Rng::system();
        let texts = [nobodys(&rng), hash(b"correct horse", &rng, &mut Vec::new())].map(|hash| hash.unwrap().0);
        let [drawn, made] = texts.each_ref().map(|text| Phc::new(text).unwrap());
        assert_eq!((drawn.algorithm, drawn.version, &drawn.params), (made.algorithm, made.version, &made.params));
        assert_eq!(texts[0].len(), texts[1].len(), "salt and output");
        assert_eq!(
            verify(b"correct horse", &PasswordHash(texts[0].clone()), &mut Vec::new()),
            Ok(false),
            "and it is computed"
        );
    }

    /// What the hash function's own library made of them, with other parameters too, and in memory that was used before.
    #[test]
    fn hashes_of_others_fit_in_memory_that_was_used_before() {
        let mut memory = Vec::new();
        for (kib, passes, lanes, len) in [(19 * 1024, 2, 1, 32), (64, 3, 2, 16), (128, 1, 1, 64)] {
            let params = Params::new(kib, passes, lanes, Some(len)).unwrap();
            let theirs = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_with_salt(b"correct horse", b"sixteen bytes ok")
                .unwrap();
            let theirs = PasswordHash(theirs.to_string());
            assert_eq!(verify(b"correct horse", &theirs, &mut memory), Ok(true), "{theirs:?}");
            assert_eq!(verify(b"correct hors", &theirs, &mut memory), Ok(false));
        }
        let ours = hash(b"correct horse", &Rng::system(), &mut memory).unwrap();
        let parsed = Phc::new(ours.as_str()).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &parsed).is_ok(), "and ours fit there");
        for other in ["$argon2i$v=19$", "$argon2d$v=19$", "$argon2id$v=16$"] {
            let text = ours.as_str().replace("$argon2id$v=19$", other);
            assert_eq!(
                verify(b"correct horse", &PasswordHash(text), &mut memory),
                Err(PasswordError::Failed),
                "{other}"
            );
        }
    }

    #[test]
    fn memory_is_lent_again_and_wiped_in_between() {
        let memory = HashMemory::default();
        memory.lend(|memory| hash(b"correct horse", &Rng::system(), memory)).unwrap();
        memory.lend(|memory| {
            assert_eq!(memory.len(), Passwords::MEMORY_KIB as usize);
            assert!(memory.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        });
        assert_eq!(memory.free().len(), 1);
    }

    #[tokio::test]
    async fn refuses_when_the_queue_is_full() {
        let rng = Rng::system();
        let passwords = Passwords::new(1, 1, &rng).unwrap();
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.verify(secret("x"), None).await })
            })
            .collect();
        let mut busy = 0;
        for call in calls {
            busy += usize::from(call.await.unwrap() == Err(PasswordError::Busy));
        }
        assert!(busy >= 6, "{busy} of 8 were refused");
    }
}
