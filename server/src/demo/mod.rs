//! The demo merchant: every kind of credential, made at the first start of a data directory.

mod printed;
mod shop;

use time::OffsetDateTime;
use tollgate_apikey::{Mode, Scopes};
use tollgate_challenge_signature::merchant::generate_pkcs8_pem;
use tollgate_client_address::IpList;
use uuid::Builder;

use crate::account::{
    Actor, ClientDialect, EmailAddress, KeyFamily, MerchantId, MerchantStatus, Role, SecretPurpose, SecretText, Switch,
    User,
};
use crate::administration::{self, Administration, NewClient, NewKey, NewMerchant, NewUser};
use crate::app::Services;
use crate::keys::SealError;
use crate::payments::{
    Amount, Currency, Invoice, InvoiceStatus, Item, Money, NewPaymentRequest, PaymentMethod, PaymentMethodType,
    Purchase,
};
use crate::rng::RngError;
use crate::storage::{Answered, Created, StorageError};

pub use printed::{Alternative, Caibo, CardPlusPay, EightyEightPay, Panel, Pledg, Printed};
pub use shop::shop;

/// The demo merchant could not be made or described.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A part of it is missing or damaged.
    #[error("the demo merchant cannot be used: {0}")]
    Incomplete(&'static str),
    /// A merchant, user or credential could not be made.
    #[error(transparent)]
    Administration(#[from] administration::Error),
    /// There are no random bytes.
    #[error(transparent)]
    Randomness(#[from] RngError),
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What can only be shown once.
#[derive(Default)]
struct Once {
    password: Option<String>,
    admin_password: Option<String>,
    caibo: [Option<String>; 2],
    eighty_eight_pay: [Option<String>; 2],
    pledg: Option<String>,
    alternative: Option<String>,
    cardpluspay: Option<String>,
    signed: Option<String>,
    private_key_pem: Option<String>,
}

const EMAIL: &str = "owner@demo-shop.example";
const ADMINISTRATOR: &str = "administrator@demo-shop.example";
const ORIGIN: &str = "https://shop.example";
const RSA_BITS: usize = 2048;

/// The demo merchant's credentials; they are made if this data directory has none.
///
/// # Errors
///
/// [`DemoError`] as its variants say.
pub async fn credentials(services: &Services, sandbox: &str, live: &str) -> Result<Printed, DemoError> {
    let known = find(services).await?;
    let (merchant, once) = match known {
        Some(merchant) => (merchant, Once::default()),
        None => Demo { services, actor: Actor::system(), now: services.clock.now() }.make().await?,
    };
    describe(services, &merchant, once, sandbox, live).await
}

/// The merchant that a completed first start marked.
async fn find(services: &Services) -> Result<Option<MerchantId>, DemoError> {
    for merchant in services.vault.merchants().await? {
        if services.vault.setting(&merchant.id, Mode::Test, "demo").await?.is_some() {
            return Ok(Some(merchant.id));
        }
    }
    Ok(None)
}

async fn describe(
    services: &Services,
    merchant: &MerchantId,
    once: Once,
    sandbox: &str,
    live: &str,
) -> Result<Printed, DemoError> {
    let alias = async |name| {
        let found = services.vault.alias(merchant, Mode::Test, name).await?;
        found.ok_or(DemoError::Incomplete("one of its ids is missing"))
    };
    let known_secret = async |purpose| -> Result<_, DemoError> {
        let secrets = services.vault.secrets(merchant, Mode::Test, purpose).await?;
        let Some(newest) = secrets.first() else { return Ok(None) };
        let opened = services.sealer.open(newest.key_version, &newest.sealed, newest.id.as_str())?;
        let text = String::from_utf8(opened.to_vec());
        Ok(Some(text.map_err(|_| DemoError::Incomplete("one of its secrets is damaged"))?))
    };
    let secret =
        async |purpose| known_secret(purpose).await?.ok_or(DemoError::Incomplete("one of its secrets is missing"));
    let email = EmailAddress::new(EMAIL).ok_or(DemoError::Incomplete("its address is malformed"))?;
    let user = services.vault.user_by_email(&email).await?.ok_or(DemoError::Incomplete("its user is missing"))?;
    let requests = services.vault.payment_request_ids(merchant, Mode::Test, 1).await?;
    let item = alias("item").await?.parse().map_err(|_| DemoError::Incomplete("its item is damaged"))?;
    let [caibo_test, caibo_live] = once.caibo;
    let [eighty_eight_test, eighty_eight_live] = once.eighty_eight_pay;
    Ok(Printed {
        sandbox: sandbox.to_owned(),
        live: live.to_owned(),
        shop: None,
        merchant_id_test: merchant.in_mode(Mode::Test),
        merchant_id_live: merchant.in_mode(Mode::Live),
        panel: Panel {
            email: EMAIL.to_owned(),
            password: once.password,
            user_id: user.id.to_string(),
            admin_email: ADMINISTRATOR.to_owned(),
            admin_password: once.admin_password,
        },
        caibo: Caibo {
            api_key_test: caibo_test,
            api_key_live: caibo_live,
            payment_request_id: requests
                .first()
                .copied()
                .ok_or(DemoError::Incomplete("its payment request is missing"))?,
            webhook_secret: secret(SecretPurpose::Webhook).await?,
            origin: ORIGIN.to_owned(),
        },
        eighty_eight_pay: EightyEightPay { api_key_test: eighty_eight_test, api_key_live: eighty_eight_live },
        pledg: Pledg {
            key: alias("pledg_client").await?,
            secret: once.pledg,
            signing_secret: secret(SecretPurpose::PledgRequest).await?,
            notification_secret: known_secret(SecretPurpose::PledgNotification).await?,
            merchant_uid: alias("mer").await?,
            purchase_uid: alias("purchase").await?,
        },
        alternative: Alternative {
            client_id: alias("alternative_client").await?,
            client_secret: once.alternative,
            customer_id: alias("customer").await?,
            invoice_id: alias("invoice").await?,
        },
        cardpluspay: CardPlusPay {
            api_key: once.cardpluspay,
            item_id: item,
            signed_api_key: once.signed,
            private_key_pem: once.private_key_pem,
        },
    })
}

/// Makes the demo, step by step; the mark that completes it is written last.
struct Demo<'a> {
    services: &'a Services,
    actor: Actor,
    now: OffsetDateTime,
}

impl Demo<'_> {
    async fn make(&self) -> Result<(MerchantId, Once), DemoError> {
        let mut once = Once::default();
        let merchant = self.merchant("Demo Shop", "COL", "COP").await?;
        let (user, password) = self.user(&merchant, EMAIL, Role::Owner, Switch::On).await?;
        once.password = Some(password);
        let (administrator, password) = self.user(&merchant, ADMINISTRATOR, Role::ReadOnly, Switch::Off).await?;
        once.admin_password = Some(password);
        self.administration().set_administrator(&self.actor, administrator.id, Switch::On).await?;
        for (index, mode) in [Mode::Test, Mode::Live].into_iter().enumerate() {
            once.caibo[index] = Some(self.caibo_key(&user, mode).await?);
            let scopes = "balance:read charges:write";
            once.eighty_eight_pay[index] = Some(self.key(&merchant, KeyFamily::EIGHTY_EIGHT_PAY, mode, scopes).await?);
            self.secret(&merchant, mode, SecretPurpose::Webhook).await?;
            self.secret(&merchant, mode, SecretPurpose::PledgRequest).await?;
            self.secret(&merchant, mode, SecretPurpose::PledgNotification).await?;
        }
        once.pledg = Some(self.client(&merchant, ClientDialect::Pledg, "pledg_client", "").await?);
        let scopes = "checkout:init";
        once.alternative =
            Some(self.client(&merchant, ClientDialect::Alternative, "alternative_client", scopes).await?);
        let scopes = "balance:read orders:read orders:write";
        once.cardpluspay = Some(self.key(&merchant, KeyFamily::CARDPLUSPAY, Mode::Test, scopes).await?);
        self.objects(&merchant).await?;
        self.signing_merchant(&mut once).await?;
        self.services.vault.set_setting(&merchant, Mode::Test, "demo", "complete").await?;
        Ok((merchant, once))
    }

    async fn merchant(&self, name: &str, country: &str, currency: &str) -> Result<MerchantId, DemoError> {
        let new = NewMerchant {
            country: country.to_owned(),
            name: name.to_owned(),
            currency: Currency::parse(currency).ok_or(DemoError::Incomplete("its currency is malformed"))?,
            balance: Money::parse("1500000.00").ok_or(DemoError::Incomplete("its balance is malformed"))?,
            status: MerchantStatus::Active,
            domains: vec![ORIGIN.to_owned()],
            methods: vec!["CARDS".to_owned(), "CASH".to_owned()],
        };
        Ok(self.administration().create_merchant(&self.actor, new).await?.id)
    }

    async fn user(
        &self,
        merchant: &MerchantId,
        email: &str,
        role: Role,
        api_basic: Switch,
    ) -> Result<(User, String), DemoError> {
        let text = self.services.rng.base62(20)?;
        let shown = text.to_string();
        let password = SecretText::from(text);
        let email = EmailAddress::new(email).ok_or(DemoError::Incomplete("its address is malformed"))?;
        if let Some(half_made) = self.administration().user_by_email(&email).await? {
            // A first start that was killed left this user: it gets the new password and the new merchant's place.
            self.administration().set_password(&self.actor, half_made.id, password).await?;
            self.services.vault.move_user(half_made.id, merchant).await?;
            return Ok((User { merchant: merchant.clone(), ..half_made }, shown));
        }
        let new = NewUser { merchant: merchant.clone(), email, password, role, api_basic };
        Ok((self.administration().create_user(&self.actor, new).await?, shown))
    }

    async fn caibo_key(&self, user: &User, mode: Mode) -> Result<String, DemoError> {
        let scopes = crate::dialects::caibo::all_scopes();
        let overlap = tollgate_apikey::Overlap::NONE;
        let key = self.administration().replace_user_key(&self.actor, KeyFamily::CAIBO, user, mode, scopes, overlap);
        Ok(key.await?.text.expose_secret().to_owned())
    }

    async fn key(
        &self,
        merchant: &MerchantId,
        family: KeyFamily,
        mode: Mode,
        scopes: &str,
    ) -> Result<String, DemoError> {
        let new = NewKey {
            merchant: merchant.clone(),
            user: None,
            family,
            mode,
            scopes: parse_scopes(scopes)?,
            ip_list: IpList::unrestricted(),
            name: String::new(),
            expires_at: None,
        };
        let key = self.administration().issue_key(&self.actor, new).await?;
        Ok(key.text.expose_secret().to_owned())
    }

    async fn client(
        &self,
        merchant: &MerchantId,
        dialect: ClientDialect,
        alias: &str,
        scopes: &str,
    ) -> Result<String, DemoError> {
        let mode = Mode::Test;
        let scopes = parse_scopes(scopes)?;
        let new = NewClient { dialect, merchant: merchant.clone(), mode, scopes, name: String::new() };
        let (client, secret) = self.administration().create_client(&self.actor, new).await?;
        self.services.vault.insert_alias(merchant, mode, alias, &client.public_id()).await?;
        Ok(secret.text.expose_secret().to_owned())
    }

    async fn secret(&self, merchant: &MerchantId, mode: Mode, purpose: SecretPurpose) -> Result<(), DemoError> {
        let _ = self.administration().issue_secret(&self.actor, merchant, mode, purpose).await?;
        Ok(())
    }

    fn administration(&self) -> &Administration {
        &self.services.administration
    }

    /// Something for each dialect's tokens to be scoped to.
    async fn objects(&self, merchant: &MerchantId) -> Result<(), DemoError> {
        let vault = &self.services.vault;
        let (merchant_id, mode) = (merchant.clone(), Mode::Test);
        let unit = Currency::parse("EUR").ok_or(DemoError::Incomplete("its currency is malformed"))?;
        let request = NewPaymentRequest {
            merchant: merchant_id.clone(),
            mode,
            amount: Amount::parse("49.90", unit).ok_or(DemoError::Incomplete("its amount is malformed"))?,
            unit,
            reference_id: Some("cart-1009".to_owned()),
            notify_url: None,
            success_url: Some(format!("{ORIGIN}/ok")),
            failure_url: Some(format!("{ORIGIN}/failed")),
            origin_domain: Some(ORIGIN.to_owned()),
            client: None,
            created_at: self.now,
        };
        let render = |_: &_| Answered { status: 201, body: String::new() };
        let Created::New(_) = vault.create_payment_request(request, None, &render).await? else {
            return Err(DemoError::Incomplete("its payment request was not made"));
        };

        let dollars = Currency::parse("USD").ok_or(DemoError::Incomplete("its currency is malformed"))?;
        let invoice = Invoice {
            id: format!("inv_{}", *self.services.rng.base62(12)?),
            merchant: merchant_id.clone(),
            mode,
            customer_id: format!("cus_{}", *self.services.rng.base62(12)?),
            number: "2026-0007".to_owned(),
            status: InvoiceStatus::Open,
            currency: dollars,
            sub_total: Amount::parse("100.00", dollars).ok_or(DemoError::Incomplete("its amount is malformed"))?,
            total: Amount::parse("120.50", dollars).ok_or(DemoError::Incomplete("its amount is malformed"))?,
            due_date: (self.now + time::Duration::days(30)).date(),
            created_at: self.now,
        };
        self.services.invoices.insert_invoice(&invoice).await?;
        let method = PaymentMethod {
            id: format!("pm_{}", *self.services.rng.base62(12)?),
            merchant: merchant_id.clone(),
            mode,
            customer_id: invoice.customer_id.clone(),
            kind: PaymentMethodType::Card,
            brand: Some("visa".to_owned()),
            last4: "4242".to_owned(),
            expiry: Some((4, 2029)),
        };
        self.services.invoices.insert_payment_method(&method).await?;
        vault.insert_alias(merchant, mode, "invoice", &invoice.id).await?;
        vault.insert_alias(merchant, mode, "customer", &invoice.customer_id).await?;

        let purchase = Purchase {
            uid: format!("pur_{}", self.uuid()?),
            merchant: merchant_id.clone(),
            mode,
            reference: "DEMO-1".to_owned(),
            amount_cents: 12_900,
            credited_cents: 0,
            currency: "EUR".to_owned(),
            status: "authorized".to_owned(),
            payload_digest: [0; 32],
            link: self.services.rng.base62(16)?.to_string(),
            created_at: self.now,
        };
        self.services.purchases.insert_purchase(&purchase).await?;
        vault.insert_alias(merchant, mode, "purchase", &purchase.uid).await?;

        let item = self.gift_card(merchant_id).await?;
        vault.insert_alias(merchant, mode, "item", &item.to_string()).await?;
        Ok(())
    }

    /// Something to order in test mode.
    async fn gift_card(&self, merchant: MerchantId) -> Result<i64, DemoError> {
        let (code, price) = ("GIFT-10".to_owned(), "10.00".to_owned());
        let item = Item { id: 0, merchant, mode: Mode::Test, code, price, stock: 1_000_000 };
        Ok(self.services.orders.insert_item(&item).await?)
    }

    /// A second merchant whose requests must be signed.
    async fn signing_merchant(&self, once: &mut Once) -> Result<(), DemoError> {
        let rng = self.services.rng.clone();
        let merchant = self.merchant("Signing Shop", "USA", "USD").await?;
        let scopes = "balance:read orders:read orders:write";
        self.gift_card(merchant.clone()).await?;
        once.signed = Some(self.key(&merchant, KeyFamily::CARDPLUSPAY, Mode::Test, scopes).await?);
        let made = tokio::task::spawn_blocking(move || generate_pkcs8_pem(RSA_BITS, |bytes| rng.fill(bytes))).await;
        let (pem, public) = made
            .map_err(|_| DemoError::Incomplete("its RSA key was not made"))?
            .map_err(|_| DemoError::Incomplete("its RSA key was not made"))?;
        let (administration, mode) = (self.administration(), Mode::Test);
        administration.register_rsa_key(&self.actor, &merchant, mode, &public.to_spki_pem()).await?;
        administration.set_request_signing(&self.actor, &merchant, mode, Switch::On).await?;
        once.private_key_pem = Some(pem.to_string());
        Ok(())
    }

    fn uuid(&self) -> Result<String, DemoError> {
        let mut bytes = [0_u8; 16];
        self.services.rng.fill(&mut bytes)?;
        Ok(Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string())
    }
}

fn parse_scopes(text: &str) -> Result<Scopes, DemoError> {
    Scopes::parse(text).map_err(|_| DemoError::Incomplete("its scopes are malformed"))
}
