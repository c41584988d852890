//! The demo shop's place among the merchants: its registered origin, its credentials, its invoices.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode, Overlap, Scopes};
use zeroize::Zeroizing;

use super::{DemoError, find};
use crate::account::{CLIENT_ID, ClientDialect, EmailAddress, KeyFamily, MerchantId, OauthClient, User, UserId};
use crate::app::Services;
use crate::issuer::NewCredential;
use crate::payments::{Amount, Currency, Invoice, InvoiceStatus, PaymentMethod, PaymentMethodType};
use crate::rng::RngError;
use crate::shop::{Books, InvoiceIds, Keys};

/// The shop's own user, apart from the owner's: the owner's key is shown once and must not be replaced here.
const EMAIL: &str = "shop@demo-shop.example";
/// The setting that names the secret the shop had last.
const SECRET: &str = "demo_shop_secret";
const CLIENT: &str = "shop_client";

/// Registers the shop's origin and makes its credentials; those of the last start die.
///
/// The origin is plain HTTP on a loopback address, which is registered here and nowhere else.
///
/// # Errors
///
/// [`DemoError`] as its variants say.
pub async fn shop(services: &Arc<Services>, origin: &str) -> Result<(Keys, Box<dyn Books>), DemoError> {
    let merchant = find(services).await?.ok_or(DemoError::Incomplete("it does not exist"))?;
    let shop = Shop { services: services.clone(), merchant, now: services.clock.now() };
    shop.register(origin).await?;
    let caibo = shop.caibo_key().await?;
    let (client_id, client_secret) = shop.client().await?;
    let customer_id = shop.customer().await?;
    let Shop { services, merchant, .. } = shop;
    Ok((Keys { caibo, client_id, client_secret }, Box::new(Invoices { services, merchant, customer_id })))
}

struct Shop {
    services: Arc<Services>,
    merchant: MerchantId,
    now: OffsetDateTime,
}

impl Shop {
    async fn register(&self, origin: &str) -> Result<(), DemoError> {
        let vault = &self.services.vault;
        let mut merchant =
            vault.merchant(&self.merchant).await?.ok_or(DemoError::Incomplete("its merchant is missing"))?;
        // The port may be another one at each start.
        merchant.domains.retain(|domain| !domain.starts_with("http://"));
        merchant.domains.push(origin.to_owned());
        vault.update_merchant(&merchant).await?;
        self.services.records.forget_merchant(&self.merchant);
        Ok(())
    }

    async fn caibo_key(&self) -> Result<Zeroizing<String>, DemoError> {
        let email = EmailAddress::new(EMAIL).ok_or(DemoError::Incomplete("its address is malformed"))?;
        let user = match self.services.vault.user_by_email(&email).await? {
            Some(user) => user,
            None => self.user(email).await?,
        };
        let scopes = crate::dialects::caibo::all_scopes();
        let issuer = &self.services.issuer;
        let key = issuer.replace(KeyFamily::CAIBO, &user, Mode::Test, scopes, Overlap::NONE, self.now).await?;
        Ok(Zeroizing::new(key.expose_secret().to_owned()))
    }

    /// A user whom nobody can log in as: it is disabled, and its password is thrown away.
    async fn user(&self, email: EmailAddress) -> Result<User, DemoError> {
        let Services { rng, passwords, vault, .. } = &*self.services;
        let password = Zeroizing::new(rng.base62(20)?.as_bytes().to_vec());
        let mut user = User {
            id: UserId::from_stored(0),
            merchant: self.merchant.clone(),
            email,
            password_hash: passwords.hash(password, rng).await?,
            generation: 1,
            disabled: true,
            api_basic: false,
        };
        user.id = vault.insert_user(&user, self.now).await?;
        Ok(user)
    }

    async fn client(&self) -> Result<(String, Zeroizing<String>), DemoError> {
        let Services { rng, vault, issuer, records, .. } = &*self.services;
        let (merchant, mode) = (&self.merchant, Mode::Test);
        let scopes = Scopes::parse("checkout:init").map_err(|_| DemoError::Incomplete("its scopes are malformed"))?;
        let text = if let Some(text) = vault.alias(merchant, mode, CLIENT).await? {
            text
        } else {
            let id = CLIENT_ID.mint(mode, |bytes| rng.fill(bytes)).map_err(|_| RngError)?;
            let client = OauthClient {
                id: id.id(),
                dialect: ClientDialect::Alternative,
                merchant: merchant.clone(),
                mode,
                scopes: scopes.clone(),
                created_at: self.now,
            };
            vault.insert_client(&client).await?;
            vault.insert_alias(merchant, mode, CLIENT, id.as_str()).await?;
            id.as_str().to_owned()
        };
        let id = CLIENT_ID.parse(&text).map_err(|_| DemoError::Incomplete("its client is damaged"))?.id();
        if let Some(last) = vault.setting(merchant, mode, SECRET).await?.and_then(|id| KeyId::parse(&id).ok()) {
            vault.revoke_credential(last, self.now).await?;
            records.forget_credential(last);
        }
        let new = NewCredential { merchant: merchant.clone(), user: None, client: Some(id), mode, scopes };
        let secret = issuer.issue(KeyFamily::CLIENT_SECRET, new, self.now).await?;
        vault.set_setting(merchant, mode, SECRET, secret.id().as_str()).await?;
        Ok((text, Zeroizing::new(secret.expose_secret().to_owned())))
    }

    /// A customer with one card.
    async fn customer(&self) -> Result<String, DemoError> {
        const CUSTOMER: &str = "shop_customer";
        let Services { rng, vault, invoices, .. } = &*self.services;
        if let Some(customer) = vault.alias(&self.merchant, Mode::Test, CUSTOMER).await? {
            return Ok(customer);
        }
        let customer = format!("cus_{}", *rng.base62(12)?);
        let card = PaymentMethod {
            id: format!("pm_{}", *rng.base62(12)?),
            merchant: self.merchant.clone(),
            mode: Mode::Test,
            customer_id: customer.clone(),
            kind: PaymentMethodType::Card,
            brand: Some("visa".to_owned()),
            last4: "4242".to_owned(),
            expiry: Some((4, 2029)),
        };
        invoices.insert_payment_method(&card).await?;
        vault.insert_alias(&self.merchant, Mode::Test, CUSTOMER, &customer).await?;
        Ok(customer)
    }
}

/// Writes invoices to the shop's one customer.
struct Invoices {
    services: Arc<Services>,
    merchant: MerchantId,
    customer_id: String,
}

impl Invoices {
    async fn write(&self) -> Result<InvoiceIds, DemoError> {
        let Services { rng, invoices, clock, .. } = &*self.services;
        let incomplete = DemoError::Incomplete("its amount is malformed");
        let (Some(euros), now) = (Currency::parse("EUR"), clock.now()) else { return Err(incomplete) };
        let Some(amount) = Amount::parse("49.90", euros) else { return Err(incomplete) };
        let invoice = Invoice {
            id: format!("inv_{}", *rng.base62(12)?),
            merchant: self.merchant.clone(),
            mode: Mode::Test,
            customer_id: self.customer_id.clone(),
            number: format!("SHOP-{}", rng.base62(6)?.to_ascii_uppercase()),
            status: InvoiceStatus::Open,
            currency: euros,
            sub_total: amount.clone(),
            total: amount,
            due_date: (now + time::Duration::days(30)).date(),
            created_at: now,
        };
        invoices.insert_invoice(&invoice).await?;
        Ok(InvoiceIds { invoice_id: invoice.id, customer_id: self.customer_id.clone() })
    }
}

#[async_trait]
impl Books for Invoices {
    async fn open_invoice(&self) -> Option<InvoiceIds> {
        let written = self.write().await;
        if let Err(error) = &written {
            tracing::warn!(error = error as &dyn std::error::Error, "no invoice could be written");
        }
        written.ok()
    }
}
