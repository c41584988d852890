//! OAuth clients and their secrets.

use serde_json::json;
use tollgate_apikey::{ImportedSecret, KeyId, Lifecycle, MIN_IMPORTED_LEN, Mode, Overlap, Scopes};
use tollgate_client_address::IpList;
use tollgate_http_credentials::MAX_BASIC_TOKEN;

use super::{Actor, Administration, Error, Issued, Page, check_name};
use crate::account::{
    CLIENT_ID, ClientDialect, Credential, CredentialKind, ForeignPair, KeyFamily, MerchantId, OauthClient, SecretText,
};

/// An OAuth client to be made.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// Where it works.
    pub dialect: ClientDialect,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// What its tokens may ask for.
    pub scopes: Scopes,
    /// What its owner calls it: at most 64 characters, no control characters, may be empty.
    pub name: String,
}

impl Administration {
    /// Makes a client and its first secret.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a name that does not fit; [`Error::NotFound`] without such a merchant.
    pub async fn create_client(
        &self,
        actor: &Actor,
        new: NewClient,
    ) -> Result<(OauthClient, Issued<Credential>), Error> {
        let client = self.draw_client(&new)?;
        let mut issued = self.mint(KeyFamily::CLIENT_SECRET, &new.merchant, new.mode, new.scopes)?;
        issued.record.client = Some(client.id);
        issued.record.name.clone_from(&client.name);
        self.store_client(actor, "client.created", &client, &issued.record).await?;
        Ok((client, issued))
    }

    /// Takes over a client that was made elsewhere: both texts as they are, of any characters but control characters.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an id that is not 1 to 255 bytes or reads as one of ours, for a secret of more than
    /// 1024 bytes or that reads as one of ours, for control characters, and for a pair too long for a Basic header;
    /// [`Error::Weak`] for a secret under 16 bytes; [`Error::Taken`] when the mode has a client of this id;
    /// [`Error::NotFound`] without such a merchant.
    pub async fn import_client(
        &self,
        actor: &Actor,
        new: NewClient,
        foreign_id: &str,
        foreign_secret: SecretText,
    ) -> Result<OauthClient, Error> {
        check_foreign_id(foreign_id)?;
        let text = foreign_secret.expose_secret();
        if text.len() < MIN_IMPORTED_LEN {
            return Err(Error::Weak);
        }
        let secret = ImportedSecret::new(text).ok_or(Error::Invalid("secret"))?;
        // A text that reads as ours is looked up as ours.
        if KeyFamily::CLIENT_SECRET.format.parse(text).is_ok() {
            return Err(Error::Invalid("secret"));
        }
        if form_encoded_len(foreign_id) + 1 + form_encoded_len(text) > MAX_PAIR {
            return Err(Error::Invalid("pair"));
        }
        let mut client = self.draw_client(&new)?;
        let digest = self.secret_keys.peppers().digest_imported(&secret);
        let record = Credential {
            id: self.new_id()?,
            kind: CredentialKind::ForeignClientSecret,
            merchant: new.merchant,
            user: None,
            client: Some(client.id),
            mode: new.mode,
            pepper_version: digest.pepper_version(),
            digest: *digest.as_bytes(),
            scopes: new.scopes,
            ip_list: IpList::unrestricted(),
            lifecycle: Lifecycle::new(self.clock.now()),
            // Four characters of a text that may have sixteen are too many to show.
            last_four: Box::default(),
            name: new.name,
        };
        client.foreign = Some(ForeignPair { id: foreign_id.to_owned(), secret: record.id });
        self.store_client(actor, "client.imported", &client, &record).await?;
        Ok(client)
    }

    /// The clients of a merchant and mode.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn clients(&self, merchant: &MerchantId, mode: Mode, page: Page) -> Result<Vec<OauthClient>, Error> {
        Ok(self.directory.clients_of(merchant, mode, page.part()).await?)
    }

    /// A client by the id inside its client id text.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn client(&self, id: KeyId) -> Result<Option<OauthClient>, Error> {
        Ok(self.directory.client(id).await?)
    }

    /// A client by its client id text, native or imported.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn client_by_text(&self, mode: Mode, text: &str) -> Result<Option<OauthClient>, Error> {
        Ok(self.records.client_by_text(mode, text).await?.map(|client| (*client).clone()))
    }

    /// The secrets of a client, whatever their state.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn client_secrets(&self, client: KeyId) -> Result<Vec<Credential>, Error> {
        Ok(self.directory.secrets_of_client(client).await?)
    }

    /// Makes a native secret in the place of the client's usable ones, which retire after the overlap; it inherits the
    /// limits of the newest of them. An imported client keeps its id.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] when no secret of the client is usable; [`Error::NotFound`].
    pub async fn rotate_client_secret(
        &self,
        actor: &Actor,
        client: KeyId,
        overlap: Overlap,
    ) -> Result<Issued<Credential>, Error> {
        let known = self.directory.client(client).await?.ok_or(Error::NotFound)?;
        let mut issued = self.mint(KeyFamily::CLIENT_SECRET, &known.merchant, known.mode, Scopes::empty())?;
        issued.record.client = Some(client);
        let detail = [("overlap_s", json!(overlap.as_seconds())), ("successor", json!(issued.record.id.as_str()))];
        let entry = self.entry(actor, &known.merchant, "client_secret.rotated", client.as_str(), detail);
        let (directory, new, now) = (self.directory.clone(), issued.record, self.clock.now());
        let rotation = async move { directory.rotate_client_secret(client, &new, overlap, now, &entry).await };
        let record = self.change(rotation, move |records| records.forget_secrets_of(client)).await?;
        Ok(Issued { record, text: issued.text })
    }

    /// Kills one secret of a client and the tokens bought with it; true when this call did.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn revoke_client_secret(&self, actor: &Actor, secret: KeyId) -> Result<bool, Error> {
        let known = self.directory.credential(secret).await?.ok_or(Error::NotFound)?;
        let client = known.client.ok_or(Error::NotFound)?;
        let detail = [("client", json!(client.as_str()))];
        let entry = self.entry(actor, &known.merchant, "client_secret.revoked", secret.as_str(), detail);
        self.end_credential(secret, entry).await
    }

    /// Kills every secret of a client, and its tokens; true when this call killed at least one.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn revoke_client(&self, actor: &Actor, client: KeyId) -> Result<bool, Error> {
        let known = self.directory.client(client).await?.ok_or(Error::NotFound)?;
        let entry = self.entry(actor, &known.merchant, "client.revoked", client.as_str(), []);
        let (directory, now) = (self.directory.clone(), self.clock.now());
        let end = async move { directory.end_client(client, now, &entry).await };
        self.change(end, move |records| records.forget_secrets_of(client)).await
    }

    /// A native client under a new id; it is not stored yet.
    fn draw_client(&self, new: &NewClient) -> Result<OauthClient, Error> {
        check_name(&new.name)?;
        Ok(OauthClient {
            id: self.new_id()?,
            dialect: new.dialect,
            merchant: new.merchant.clone(),
            mode: new.mode,
            scopes: new.scopes.clone(),
            created_at: self.clock.now(),
            name: new.name.clone(),
            foreign: None,
        })
    }

    async fn store_client(
        &self,
        actor: &Actor,
        action: &'static str,
        client: &OauthClient,
        secret: &Credential,
    ) -> Result<(), Error> {
        let detail = [
            ("client_id", json!(client.public_id())),
            ("dialect", json!(client.dialect.as_str())),
            ("mode", json!(client.mode.as_str())),
            ("scopes", json!(client.scopes.to_string())),
            ("secret", json!(secret.id.as_str())),
        ];
        let entry = self.entry(actor, &client.merchant, action, client.id.as_str(), detail);
        let (directory, client, secret) = (self.directory.clone(), client.clone(), secret.clone());
        self.change_uncached(async move { directory.create_client(&client, &secret, &entry).await }).await
    }
}

fn check_foreign_id(text: &str) -> Result<(), Error> {
    let fits = (1..=ForeignPair::MAX_ID_LEN).contains(&text.len())
        && !text.chars().any(char::is_control)
        // A text that reads as ours is looked up as ours.
        && CLIENT_ID.parse(text).is_err();
    if fits { Ok(()) } else { Err(Error::Invalid("client id")) }
}

/// The longest form-encoding of a text (RFC 6749 §2.3.1): every byte that may be escaped is.
fn form_encoded_len(text: &str) -> usize {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) { 1 } else { 3 }).sum()
}

/// The bytes a Basic credential can carry: a pair that does not fit could never be presented.
const MAX_PAIR: usize = MAX_BASIC_TOKEN / 4 * 3;
