//! Sample merchants with credentials of every dialect, many at a time.

use serde_json::json;
use tollgate_apikey::{KeyId, Mode, Scopes};
use tollgate_client_address::IpList;

use super::{Actor, Administration, Error, Issued};
use crate::account::{
    CLIENT_ID, ClientDialect, Credential, KeyFamily, Merchant, MerchantId, MerchantStatus, NewAuditEntry, OauthClient,
    SecretText,
};
use crate::storage::SampleBatch;

/// A batch of sample merchants to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewSamples {
    /// How many merchants.
    pub merchants: u32,
    /// How many credentials each of them gets: the dialects take turns.
    pub keys: u32,
    /// The number in the name of the first one.
    pub first: u64,
    /// The mode of the credentials.
    pub mode: Mode,
}

/// A credential of a sample merchant.
#[derive(Debug)]
pub struct Sample {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The dialect it opens.
    pub dialect: &'static str,
    /// Its public id.
    pub id: KeyId,
    /// The client id that goes with it, for dialects with OAuth clients.
    pub client_id: Option<String>,
    /// The key, or the secret of the client.
    pub text: SecretText,
}

/// The dialects in the order in which a merchant gets their credentials.
const DIALECTS: [Dialect; 5] = [
    Dialect::Key("caibo", KeyFamily::CAIBO),
    Dialect::Key("88pay", KeyFamily::EIGHTY_EIGHT_PAY),
    Dialect::Key("cardpluspay", KeyFamily::CARDPLUSPAY),
    Dialect::Client("pledg", ClientDialect::Pledg),
    Dialect::Client("alternative", ClientDialect::Alternative),
];

#[derive(Debug, Clone, Copy)]
enum Dialect {
    Key(&'static str, KeyFamily),
    Client(&'static str, ClientDialect),
}

impl Administration {
    /// What a sample merchant's balance starts with, in each mode.
    const SAMPLE_BALANCE: &str = "1000.00";
    /// Batches that may be drawn anew because a merchant id was in use.
    const MAX_BATCH_DRAWS: u32 = 8;

    /// Makes a batch in one transaction, with one entry in the log.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] when drawing merchant ids failed again and again.
    pub async fn add_samples(&self, actor: &Actor, new: NewSamples) -> Result<Vec<Sample>, Error> {
        for _ in 0..Self::MAX_BATCH_DRAWS {
            let (batch, samples) = self.draw_samples(new)?;
            let entry = NewAuditEntry {
                actor: actor.clone(),
                at: self.clock.now(),
                merchant: None,
                action: "samples.added",
                subject: new.first.to_string(),
                detail: [("credentials", json!(samples.len())), ("merchants", json!(new.merchants))]
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
            };
            let directory = self.directory.clone();
            let storing = async move { directory.insert_samples(&batch, Self::SAMPLE_BALANCE, &entry).await };
            match self.change_uncached(storing).await {
                Err(Error::Taken) => {}
                stored => return stored.map(|()| samples),
            }
        }
        Err(Error::Taken)
    }

    fn draw_samples(&self, new: NewSamples) -> Result<(SampleBatch, Vec<Sample>), Error> {
        let (mut batch, mut samples) = (SampleBatch::default(), Vec::new());
        for number in 0..new.merchants {
            let id = self.rng.base62(SAMPLE_ID_LEN)?.to_ascii_uppercase();
            let merchant = Merchant {
                id: MerchantId::new("COL", &id).map_err(|_| Error::Invalid("merchant id"))?,
                name: format!("Sample {}", new.first.saturating_add(number.into())),
                status: MerchantStatus::Active,
                ip_list: IpList::unrestricted(),
                domains: Vec::new(),
                methods: vec!["CARDS".to_owned()],
                currency: "COP".to_owned(),
                created_at: self.clock.now(),
            };
            for dialect in DIALECTS.iter().cycle().zip(0..new.keys).map(|(dialect, _)| *dialect) {
                samples.push(self.draw_sample(&merchant.id, dialect, new.mode, &mut batch)?);
            }
            batch.merchants.push((merchant, [(Mode::Live, self.alias()?), (Mode::Test, self.alias()?)]));
        }
        Ok((batch, samples))
    }

    fn draw_sample(
        &self,
        merchant: &MerchantId,
        dialect: Dialect,
        mode: Mode,
        batch: &mut SampleBatch,
    ) -> Result<Sample, Error> {
        let (dialect, issued, client_id) = match dialect {
            Dialect::Key(name, family) => (name, self.mint(family, merchant, mode, scopes(family.scopes())?)?, None),
            Dialect::Client(name, dialect) => {
                let (issued, client) = self.draw_sample_client(merchant, dialect, mode)?;
                let text = CLIENT_ID.from_id(mode, client.id).map_err(|_| Error::Invalid("client id"))?;
                batch.clients.push(client);
                (name, issued, Some(text.as_str().to_owned()))
            }
        };
        let sample = Sample { merchant: merchant.clone(), dialect, id: issued.record.id, client_id, text: issued.text };
        batch.credentials.push(issued.record);
        Ok(sample)
    }

    fn draw_sample_client(
        &self,
        merchant: &MerchantId,
        dialect: ClientDialect,
        mode: Mode,
    ) -> Result<(Issued<Credential>, OauthClient), Error> {
        let client = OauthClient {
            id: self.new_id()?,
            dialect,
            merchant: merchant.clone(),
            mode,
            scopes: scopes(dialect.scopes())?,
            created_at: self.clock.now(),
            name: String::new(),
            foreign: None,
        };
        let mut issued = self.mint(KeyFamily::CLIENT_SECRET, merchant, mode, client.scopes.clone())?;
        issued.record.client = Some(client.id);
        Ok((issued, client))
    }
}

fn scopes(text: &str) -> Result<Scopes, Error> {
    Scopes::parse(text).map_err(|_| Error::Invalid("scopes"))
}

/// Characters of the last part of a merchant id.
const SAMPLE_ID_LEN: usize = 6;
