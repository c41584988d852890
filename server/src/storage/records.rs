//! Records as the hot path reads them: from the cache, else from storage.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;
use tollgate_apikey::{KeyId, Lifecycle, Mode, PublicId};
use tollgate_challenge_signature::PublicKey;

use super::feed::{Feed, Told};
use super::scope_sets::ScopeSets;
use super::{CheckoutGrant, FencedCache, Ledger, StorageError, Vault, complete};
use crate::account::{CLIENT_ID, Credential, ForeignPair, Merchant, MerchantId, OauthClient, Switch, User, UserId};
use crate::clock::Moment;

/// The setting that says whether every request must be signed.
pub const REQUEST_SIGNING: &str = "request_signing_required";

/// The tables whose rows are kept in memory. Where several processes share a database, a trigger on each tells of changes.
pub const CACHED_TABLES: [&str; 9] = [
    "aliases",
    "checkout_grants",
    "credentials",
    "merchants",
    "oauth_clients",
    "revoked_tokens",
    "rsa_keys",
    "settings",
    "users",
];

/// Read-through caches over the Vault and the Ledger.
///
/// Whoever changes a record commits first, then calls the matching `forget`, and then [`settle`](Self::settle)s before
/// anybody is told that it is done.
pub struct Records {
    vault: Arc<dyn Vault>,
    ledger: Arc<dyn Ledger>,
    credentials: FencedCache<KeyId, Arc<Credential>>,
    merchants: FencedCache<MerchantId, Arc<Merchant>>,
    users: FencedCache<UserId, Arc<User>>,
    grants: FencedCache<[u8; 32], Arc<CheckoutGrant>>,
    clients: FencedCache<KeyId, Arc<OauthClient>>,
    foreign_clients: FencedCache<(Mode, Box<str>), Arc<OauthClient>>,
    signing: FencedCache<(MerchantId, Mode), Arc<RequestSigning>>,
    aliases: FencedCache<(MerchantId, Mode, &'static str), Arc<str>>,
    revoked_tokens: Arc<RwLock<HashMap<String, OffsetDateTime>>>,
    scope_sets: ScopeSets,
    owner: Owner,
}

/// Who changes what is stored.
#[derive(Debug, Clone)]
pub enum Owner {
    /// Several processes, which tell each other: what is in memory is answered for as long as that is certain.
    Several(Arc<Feed>),
    /// This process alone.
    This,
}

/// How a merchant signs its requests in one mode.
#[derive(Debug)]
pub struct RequestSigning {
    /// Whether every request must be signed.
    pub required: bool,
    /// The registered public keys, each parsed once.
    pub keys: Vec<(PublicKey, Lifecycle)>,
}

impl Records {
    /// Credentials kept in memory.
    const CREDENTIALS: usize = 100_000;
    /// Merchants, users and browser grants kept in memory, each.
    const OTHERS: usize = 20_000;

    /// How long a record is kept at most where several processes change records, whatever they told each other.
    const LIFE: Duration = Duration::from_mins(1);

    /// Empty caches over storage.
    #[must_use]
    pub fn new(vault: Arc<dyn Vault>, ledger: Arc<dyn Ledger>, owner: Owner) -> Self {
        let life = match owner {
            Owner::Several(_) => Some(Self::LIFE),
            Owner::This => None,
        };
        Self {
            owner,
            vault,
            ledger,
            credentials: FencedCache::new(Self::CREDENTIALS, life),
            merchants: FencedCache::new(Self::OTHERS, life),
            users: FencedCache::new(Self::OTHERS, life),
            grants: FencedCache::new(Self::OTHERS, life),
            clients: FencedCache::new(Self::OTHERS, life),
            foreign_clients: FencedCache::new(Self::OTHERS, life),
            signing: FencedCache::new(Self::OTHERS, life),
            aliases: FencedCache::new(Self::OTHERS, life),
            revoked_tokens: Arc::default(),
            scope_sets: ScopeSets::default(),
        }
    }

    /// Reads the revoked token ids; to be called before those in memory are trusted.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn load(&self, now: OffsetDateTime) -> Result<(), StorageError> {
        let stored = self.ledger.revoked_tokens(now).await?;
        let mut revoked = self.revoked_tokens.write().unwrap_or_else(PoisonError::into_inner);
        revoked.retain(|_, until| *until > now);
        revoked.extend(stored);
        Ok(())
    }

    /// This moment, if what is in memory may be answered at it.
    fn trusted(&self) -> Option<Moment> {
        match &self.owner {
            Owner::Several(feed) => feed.trusted_now(),
            Owner::This => Some(Moment::FIRST),
        }
    }

    /// Waits until what was committed before this call holds on every node that shares the database.
    ///
    /// Who revokes something settles before it answers, within [`complete`]. Making something needs no settling: absent
    /// records are not kept.
    pub async fn settle(&self) {
        if let Owner::Several(feed) = &self.owner {
            feed.settle().await;
        }
    }

    /// Hears of the changes of other processes until `stop` says so; where there are none, returns at once.
    pub async fn follow(&self, stop: watch::Receiver<bool>) {
        if let Owner::Several(feed) = &self.owner {
            feed.run(self, stop).await;
        }
    }

    /// An OAuth client by id.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer.
    pub async fn client(&self, id: KeyId) -> Result<Option<Arc<OauthClient>>, StorageError> {
        self.clients.read(&id, self.trusted(), async { Ok(self.vault.client(id).await?.map(Arc::new)) }).await
    }

    /// The OAuth client with this native id, whose spelling says its mode.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer.
    pub async fn native_client(&self, id: &PublicId) -> Result<Option<Arc<OauthClient>>, StorageError> {
        let client = self.client(id.id()).await?;
        Ok(client.filter(|client| client.foreign.is_none() && client.mode == id.mode()))
    }

    /// The OAuth client of a mode by its client id text: the native spelling, or byte for byte the one it was imported
    /// with. Neither ever changes, so there is nothing to forget.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer.
    pub async fn client_by_text(&self, mode: Mode, text: &str) -> Result<Option<Arc<OauthClient>>, StorageError> {
        match CLIENT_ID.parse(text) {
            Ok(id) if id.mode() == mode => self.native_client(&id).await,
            Ok(_) => Ok(None),
            Err(_) => {
                self.foreign_clients.read(&(mode, text.into()), self.trusted(), self.foreign_client(mode, text)).await
            }
        }
    }

    /// The OAuth client that was imported with this id, always from storage: an imported id can be guessed, and the cache
    /// would answer faster for those that exist.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn foreign_client(&self, mode: Mode, id: &str) -> Result<Option<Arc<OauthClient>>, StorageError> {
        if id.len() > ForeignPair::MAX_ID_LEN {
            return Ok(None);
        }
        let client = self.vault.client_by_foreign_id(mode, id).await?.map(Arc::new);
        Ok(client.filter(|client| client.mode == mode && client.public_id() == id))
    }

    /// How a merchant signs its requests.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer, or a stored key does not read.
    pub async fn request_signing(
        &self,
        merchant: &MerchantId,
        mode: Mode,
    ) -> Result<Option<Arc<RequestSigning>>, StorageError> {
        let load = async {
            let setting = self.vault.setting(merchant, mode, REQUEST_SIGNING).await?;
            let keys = self.vault.rsa_keys(merchant, mode).await?;
            let keys = keys
                .into_iter()
                .map(|key| {
                    Ok((PublicKey::from_spki_der(&key.spki).map_err(|_| StorageError::corrupt())?, key.lifecycle))
                })
                .collect::<Result<_, StorageError>>()?;
            let required = match setting {
                Some(word) => Switch::from_stored(&word).ok_or_else(StorageError::corrupt)?.is_on(),
                None => false,
            };
            Ok(Some(Arc::new(RequestSigning { required, keys })))
        };
        self.signing.read(&(merchant.clone(), mode), self.trusted(), load).await
    }

    /// An id handed to clients under a name; once handed out it never changes, so there is nothing to forget.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer.
    pub async fn alias(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        name: &'static str,
    ) -> Result<Option<Arc<str>>, StorageError> {
        let load = async { Ok(self.vault.alias(merchant, mode, name).await?.map(Arc::from)) };
        self.aliases.read(&(merchant.clone(), mode, name), self.trusted(), load).await
    }

    /// Whether a token was revoked by its id.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer.
    pub async fn token_revoked(&self, id: &str) -> Result<bool, StorageError> {
        // First whether memory may be asked, then what is in it.
        if self.trusted().is_none() {
            return self.ledger.token_revoked(id).await;
        }
        Ok(self.revoked_tokens.read().unwrap_or_else(PoisonError::into_inner).contains_key(id))
    }

    /// Revokes a token by its id: on disk first, then here, then on every node.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer; the token then still lives.
    pub async fn revoke_token(&self, id: &str, until: OffsetDateTime, now: OffsetDateTime) -> Result<(), StorageError> {
        let (ledger, revoked, id) = (self.ledger.clone(), self.revoked_tokens.clone(), id.to_owned());
        let owner = self.owner.clone();
        complete(async move {
            ledger.revoke_token(&id, until).await?;
            note_revoked(&revoked, id, until, now);
            if let Owner::Several(feed) = &owner {
                feed.settle().await;
            }
            Ok(())
        })
        .await
    }

    /// A credential by id.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer.
    pub async fn credential(&self, id: KeyId) -> Result<Option<Arc<Credential>>, StorageError> {
        let load = async {
            let found = self.vault.credential(id).await?;
            Ok(found.map(|found| Arc::new(Credential { scopes: self.scope_sets.shared(found.scopes), ..found })))
        };
        self.credentials.read(&id, self.trusted(), load).await
    }

    /// A merchant by id.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer.
    pub async fn merchant(&self, id: &MerchantId) -> Result<Option<Arc<Merchant>>, StorageError> {
        self.merchants.read(id, self.trusted(), async { Ok(self.vault.merchant(id).await?.map(Arc::new)) }).await
    }

    /// A user by id.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer.
    pub async fn user(&self, id: UserId) -> Result<Option<Arc<User>>, StorageError> {
        self.users.read(&id, self.trusted(), async { Ok(self.vault.user(id).await?.map(Arc::new)) }).await
    }

    /// A browser grant by digest.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage had to be asked and did not answer.
    pub async fn grant(&self, digest: &[u8; 32]) -> Result<Option<Arc<CheckoutGrant>>, StorageError> {
        self.grants.read(digest, self.trusted(), async { Ok(self.ledger.grant(digest).await?.map(Arc::new)) }).await
    }

    /// Forgets a credential after a committed change.
    pub fn forget_credential(&self, id: KeyId) {
        self.credentials.invalidate(&id);
    }

    /// Forgets the credentials of the same user, kind and mode as this one, after they were replaced.
    pub fn forget_credentials_of(&self, new: &Credential) {
        let same = |known: &Arc<Credential>| known.user == new.user && known.kind == new.kind && known.mode == new.mode;
        self.credentials.invalidate_where(same);
    }

    /// Forgets the secrets of an OAuth client after a committed change.
    pub fn forget_secrets_of(&self, client: KeyId) {
        self.credentials.invalidate_where(|known| known.client == Some(client));
    }

    /// Forgets a merchant after a committed change.
    pub fn forget_merchant(&self, id: &MerchantId) {
        self.merchants.invalidate(id);
    }

    /// Forgets a user after a committed change.
    pub fn forget_user(&self, id: UserId) {
        self.users.invalidate(&id);
    }

    /// Forgets how a merchant signs after a committed change.
    pub fn forget_request_signing(&self, merchant: &MerchantId, mode: Mode) {
        self.signing.invalidate(&(merchant.clone(), mode));
    }

    /// Forgets the grants of a payment request after a committed change.
    pub fn forget_grants_of(&self, payment_request: i64) {
        self.grants.invalidate_where(|grant| grant.payment_request == payment_request);
    }

    /// Forgets every grant after a committed change.
    pub fn forget_grants(&self) {
        self.grants.invalidate_all();
    }

    /// Forgets every record; revoked token ids are not forgotten but [`load`](Self::load)ed again.
    pub(super) fn forget_all(&self) {
        self.credentials.invalidate_all();
        self.merchants.invalidate_all();
        self.users.invalidate_all();
        self.grants.invalidate_all();
        self.clients.invalidate_all();
        self.foreign_clients.invalidate_all();
        self.signing.invalidate_all();
        self.aliases.invalidate_all();
    }

    /// Takes over what another process has committed.
    pub(super) fn apply(&self, told: Told, now: OffsetDateTime) {
        match told {
            Told::Client(id) => {
                self.clients.invalidate(&id);
                self.foreign_clients.invalidate_where(|client| client.id == id);
            }
            Told::Credential(id) => self.credentials.invalidate(&id),
            Told::Grant(digest) => self.grants.invalidate(&digest),
            Told::Merchant(id) => self.merchants.invalidate(&id),
            Told::Signing(merchant, mode) => self.signing.invalidate(&(merchant, mode)),
            Told::Token(id, until) => note_revoked(&self.revoked_tokens, id, until, now),
            Told::User(id) => self.users.invalidate(&id),
        }
    }
}

fn note_revoked(
    revoked: &RwLock<HashMap<String, OffsetDateTime>>,
    id: String,
    until: OffsetDateTime,
    now: OffsetDateTime,
) {
    let mut revoked = revoked.write().unwrap_or_else(PoisonError::into_inner);
    revoked.retain(|_, until| *until > now);
    revoked.insert(id, until);
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use tollgate_apikey::Scopes;
    use tollgate_client_address::IpList;

    use super::*;
    use crate::account::CredentialKind;

    /// Bytes that glibc takes for an allocation: eight of its own, in steps of sixteen, at least thirty-two.
    fn allocated(bytes: usize) -> usize {
        if bytes == 0 { 0 } else { (bytes + 8).next_multiple_of(16).max(32) }
    }

    #[test]
    fn a_cached_credential_takes_at_most_400_bytes() {
        // quick_cache 0.7 keeps key, value and three numbers an entry, and a number in a table that is 7/16 full at least.
        const TABLE: usize = 3 * 4 + 16 * (4 + 1) / 7;
        let credential = Credential {
            id: KeyId::parse("Kfht44XZGEXO").unwrap(),
            kind: CredentialKind::CaiboKey,
            merchant: MerchantId::new("COL", "UBOMFJ").unwrap(),
            user: Some(UserId::parse("1").unwrap()),
            client: None,
            mode: Mode::Test,
            pepper_version: 1,
            digest: [0; 32],
            scopes: Scopes::empty(),
            ip_list: IpList::unrestricted(),
            lifecycle: Lifecycle::new(OffsetDateTime::UNIX_EPOCH),
            last_four: "hpKK".into(),
            name: "web".to_owned(),
        };
        let heap = [credential.merchant.as_str(), &credential.last_four, &credential.name];
        let bytes = size_of::<KeyId>()
            + size_of::<Arc<Credential>>()
            + TABLE
            + allocated(2 * size_of::<usize>() + size_of::<Credential>())
            + heap.map(|text| allocated(text.len())).iter().sum::<usize>();
        assert!(bytes <= 400, "{bytes}, of which {} are the record", size_of::<Credential>());
    }
}
