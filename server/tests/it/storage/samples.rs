//! Records to store.

use time::macros::date;
use time::{Duration, OffsetDateTime};
use tollgate::account::{
    Actor, ClientDialect, NewAuditEntry, OauthClient, PasswordHash, Role, RsaKey, SealedSecret, SecretPurpose,
};
use tollgate::account::{Credential, CredentialKind, EmailAddress, Merchant, MerchantId, MerchantStatus, User, UserId};
use tollgate::payments::{
    Amount, Currency, Invoice, InvoiceStatus, Item, ItemRef, NewCharge, NewInvoicePayment, NewOrder, NewPaymentRequest,
    PaymentMethod, PaymentMethodType, Purchase, SealedCodes, TransactionStatus,
};
use tollgate::storage::{Answered, CheckoutGrant, Created, Idempotency, NewPaymentAttempt, Notice};
use tollgate_apikey::{KeyId, Lifecycle, Mode, Scopes};
use tollgate_client_address::{Cidr, IpList};

use super::Backend;
use crate::world::T0;

pub(super) const MODE: Mode = Mode::Test;

pub(super) fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(T0).unwrap()
}

pub(super) fn in_s(seconds: i64) -> OffsetDateTime {
    now() + Duration::seconds(seconds)
}

/// Ids whose order is that of their numbers.
pub(super) fn key_id(n: u8) -> KeyId {
    KeyId::parse(&format!("{n:012}")).unwrap()
}

/// As many as a large batch needs.
pub(super) fn numbered_key_id(n: u32) -> KeyId {
    KeyId::parse(&format!("{n:012}")).unwrap()
}

pub(super) fn numbered_merchant_id(n: u32) -> MerchantId {
    MerchantId::new("COL", &format!("{n:05}")).unwrap()
}

pub(super) fn merchant_id(n: u8) -> MerchantId {
    MerchantId::new("COL", &format!("A{n:04}")).unwrap()
}

pub(super) fn merchant(n: u8) -> Merchant {
    Merchant {
        id: merchant_id(n),
        name: format!("Shop {n}"),
        status: MerchantStatus::Active,
        ip_list: IpList::only(vec![Cidr::parse("10.0.0.0/8").unwrap(), Cidr::parse("2001:db8::/32").unwrap()]).unwrap(),
        domains: vec!["https://a.example".into(), "https://b.example".into()],
        methods: vec!["CARD".into()],
        currency: "COP".into(),
        created_at: in_s(i64::from(n)),
    }
}

/// Stores a merchant with a balance of 100.00 in each mode.
pub(super) async fn stored_merchant(backend: &Backend, n: u8) -> MerchantId {
    backend.vault.insert_merchant(&merchant(n), "100.00").await.unwrap();
    merchant_id(n)
}

pub(super) fn user(merchant: &MerchantId, email: &str) -> User {
    User {
        id: UserId::from_stored(0),
        merchant: merchant.clone(),
        email: EmailAddress::new(email).unwrap(),
        password_hash: PasswordHash::from_stored("$argon2id$…".into()),
        generation: 1,
        disabled: false,
        api_basic: true,
        role: Role::Owner,
        administrator: false,
        second_factor: None,
    }
}

pub(super) fn client(merchant: &MerchantId, n: u8) -> OauthClient {
    OauthClient {
        id: key_id(n),
        dialect: ClientDialect::Pledg,
        merchant: merchant.clone(),
        mode: MODE,
        scopes: Scopes::parse("x y").unwrap(),
        created_at: now(),
        name: "shop".into(),
        foreign: None,
    }
}

/// What is written about a change of a test.
pub(super) fn entry(action: &'static str) -> NewAuditEntry {
    NewAuditEntry {
        actor: Actor::operator(),
        at: now(),
        merchant: None,
        action,
        subject: "subject".into(),
        detail: serde_json::Map::new(),
    }
}

/// A card payment of a test.
pub(super) fn attempt(
    merchant: &MerchantId,
    request: i64,
    outcome: TransactionStatus,
    now: OffsetDateTime,
) -> NewPaymentAttempt {
    NewPaymentAttempt { merchant: merchant.clone(), mode: MODE, request, method: "card".into(), outcome, now }
}

/// Tells nobody.
pub(super) fn untold<T>(_: &T) -> Option<Notice> {
    None
}

pub(super) fn credential(merchant: &MerchantId, n: u8) -> Credential {
    Credential {
        id: key_id(n),
        kind: CredentialKind::CaiboKey,
        merchant: merchant.clone(),
        user: None,
        client: None,
        mode: MODE,
        pepper_version: 1,
        digest: [n; 32],
        scopes: Scopes::parse("a b").unwrap(),
        ip_list: IpList::unrestricted(),
        lifecycle: Lifecycle::new(now()),
        last_four: "abcd".into(),
        name: "till".into(),
    }
}

pub(super) fn secret(merchant: &MerchantId, n: u8) -> SealedSecret {
    SealedSecret {
        id: key_id(n),
        purpose: SecretPurpose::Webhook,
        merchant: merchant.clone(),
        mode: MODE,
        key_version: 3,
        sealed: vec![0, 255, n],
        lifecycle: Lifecycle::new(in_s(i64::from(n))),
    }
}

pub(super) fn rsa_key(merchant: &MerchantId, n: u8) -> RsaKey {
    RsaKey {
        id: key_id(n),
        merchant: merchant.clone(),
        mode: MODE,
        spki: vec![n, 0, 1],
        fingerprint: format!("f{n}"),
        lifecycle: Lifecycle::new(in_s(i64::from(n))).expiring_at(in_s(9_000)),
    }
}

fn cop() -> Currency {
    Currency::parse("COP").unwrap()
}

fn amount() -> Amount {
    Amount::from_stored("10.00".into())
}

pub(super) fn payment_request(merchant: &MerchantId) -> NewPaymentRequest {
    NewPaymentRequest {
        merchant: merchant.clone(),
        mode: MODE,
        amount: amount(),
        unit: cop(),
        reference_id: Some("ref".into()),
        notify_url: None,
        success_url: Some("https://a.example/ok".into()),
        failure_url: None,
        origin_domain: None,
        client: Some(r#"{"name":"Ana"}"#.into()),
        created_at: now(),
    }
}

/// Stores a payment request and answers its number.
pub(super) async fn stored_payment_request(backend: &Backend, merchant: &MerchantId) -> i64 {
    let render = |made: &tollgate::payments::PaymentRequest| answered(made.id);
    match backend.vault.create_payment_request(payment_request(merchant), None, &render).await.unwrap() {
        Created::New(answer) => answer.body.parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn charge(merchant: &MerchantId, checkout: &str) -> NewCharge {
    NewCharge {
        merchant: merchant.clone(),
        mode: MODE,
        method_code: "CARD".into(),
        amount: amount(),
        currency: cop(),
        country: "COL".into(),
        customer_id: None,
        description: Some("ñ €".into()),
        checkout: checkout.into(),
        created_at: now(),
    }
}

pub(super) fn invoice(merchant: &MerchantId, id: &str) -> Invoice {
    Invoice {
        id: id.into(),
        merchant: merchant.clone(),
        mode: MODE,
        customer_id: "cus_1".into(),
        number: "F-1".into(),
        status: InvoiceStatus::Open,
        currency: cop(),
        sub_total: amount(),
        total: amount(),
        due_date: date!(2026 - 02 - 03),
        created_at: now(),
    }
}

pub(super) fn card(merchant: &MerchantId, id: &str) -> PaymentMethod {
    PaymentMethod {
        id: id.into(),
        merchant: merchant.clone(),
        mode: MODE,
        customer_id: "cus_1".into(),
        kind: PaymentMethodType::Card,
        brand: Some("visa".into()),
        last4: "4242".into(),
        expiry: Some((12, 2030)),
    }
}

pub(super) fn invoice_payment(invoice: &Invoice, id: &str) -> NewInvoicePayment {
    NewInvoicePayment {
        id: id.into(),
        invoice: invoice.clone(),
        kind: PaymentMethodType::Card,
        payment_method: "pm_1".into(),
        payment_date: date!(2026 - 01 - 01),
        created_at: now(),
    }
}

pub(super) fn item(merchant: &MerchantId, stock: i64) -> Item {
    Item { id: 0, merchant: merchant.clone(), mode: MODE, code: "GIFT".into(), price: "10.00".into(), stock }
}

pub(super) fn order(merchant: &MerchantId, item: ItemRef, quantity: u32) -> NewOrder {
    NewOrder {
        merchant: merchant.clone(),
        mode: MODE,
        item,
        quantity,
        email: "a@shop.example".into(),
        codes: SealedCodes { context: "c".into(), key_version: 1, sealed: vec![1, 0, 2] },
        created_at: now(),
    }
}

pub(super) fn purchase(merchant: &MerchantId, uid: &str, status: &str) -> Purchase {
    Purchase {
        uid: uid.into(),
        merchant: merchant.clone(),
        mode: MODE,
        reference: "r-1".into(),
        amount_cents: 1_000,
        credited_cents: 0,
        currency: "EUR".into(),
        status: status.into(),
        payload_digest: [7; 32],
        link: format!("link-{uid}"),
        created_at: now(),
    }
}

pub(super) fn grant(merchant: &MerchantId, payment_request: i64, n: u8, expires_at: OffsetDateTime) -> CheckoutGrant {
    CheckoutGrant {
        pepper_version: 2,
        digest: [n; 32],
        payment_request,
        merchant: merchant.clone(),
        mode: MODE,
        credential: key_id(200),
        expires_at,
        revoked_at: None,
    }
}

pub(super) fn idempotency(key: &str, body: u8) -> Idempotency {
    Idempotency { route: "POST /test", key: key.into(), body_digest: [body; 32] }
}

pub(super) fn answered(id: impl std::fmt::Display) -> Answered {
    Answered { status: 201, body: format!("{id}") }
}
