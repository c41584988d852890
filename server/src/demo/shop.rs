//! The demo shop's place among the merchants: its registered origin, its credentials, its invoices.

use std::sync::Arc;

use async_trait::async_trait;
use tollgate_apikey::{Mode, Overlap, Scopes};
use zeroize::Zeroizing;

use super::{DemoError, find};
use crate::account::{
    Actor, CLIENT_ID, ClientDialect, EmailAddress, KeyFamily, MerchantId, Role, SecretText, Switch, User,
};
use crate::administration::{NewClient, NewUser};
use crate::app::Services;
use crate::payments::{Amount, Currency, Invoice, InvoiceStatus, PaymentMethod, PaymentMethodType};
use crate::shop::{Books, InvoiceIds, Keys};

/// The shop's own user, apart from the owner's: the owner's key is shown once and must not be replaced here.
const EMAIL: &str = "shop@demo-shop.example";
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
    let shop = Shop { services: services.clone(), merchant };
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
        let Services { administration, .. } = &*self.services;
        let email = EmailAddress::new(EMAIL).ok_or(DemoError::Incomplete("its address is malformed"))?;
        let user = match administration.user_by_email(&email).await? {
            Some(user) => user,
            None => self.user(email).await?,
        };
        let (actor, scopes) = (Actor::system(), crate::dialects::caibo::all_scopes());
        let key = administration.replace_user_key(&actor, KeyFamily::CAIBO, &user, Mode::Test, scopes, Overlap::NONE);
        Ok(Zeroizing::new(key.await?.text.expose_secret().to_owned()))
    }

    /// A user whom nobody can log in as: it is disabled, and its password is thrown away.
    async fn user(&self, email: EmailAddress) -> Result<User, DemoError> {
        let Services { rng, administration, .. } = &*self.services;
        let (actor, password) = (Actor::system(), SecretText::from(rng.base62(20)?));
        let new =
            NewUser { merchant: self.merchant.clone(), email, password, role: Role::ReadOnly, api_basic: Switch::Off };
        let user = administration.create_user(&actor, new).await?;
        administration.disable_user(&actor, user.id).await?;
        Ok(user)
    }

    async fn client(&self) -> Result<(String, Zeroizing<String>), DemoError> {
        let Services { vault, administration, .. } = &*self.services;
        let (actor, merchant, mode) = (Actor::system(), &self.merchant, Mode::Test);
        let (text, secret) = if let Some(text) = vault.alias(merchant, mode, CLIENT).await? {
            let id = CLIENT_ID.parse(&text).map_err(|_| DemoError::Incomplete("its client is damaged"))?.id();
            (text, administration.rotate_client_secret(&actor, id, Overlap::NONE).await?)
        } else {
            let scopes =
                Scopes::parse("checkout:init").map_err(|_| DemoError::Incomplete("its scopes are malformed"))?;
            let dialect = ClientDialect::Alternative;
            let new = NewClient { dialect, merchant: merchant.clone(), mode, scopes, name: "Demo shop".to_owned() };
            let (client, secret) = administration.create_client(&actor, new).await?;
            let text = client.public_id();
            vault.insert_alias(merchant, mode, CLIENT, &text).await?;
            (text, secret)
        };
        Ok((text, Zeroizing::new(secret.text.expose_secret().to_owned())))
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
