//! Trap T37: what is due to dead endpoints of one merchant does not delay another.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;
use tollgate::account::{Merchant, MerchantId, MerchantStatus, SecretPurpose};
use tollgate::administration::Actor;
use tollgate::storage::WebhookDialect;
use tollgate::webhooks::DialLimits;
use tollgate_apikey::{Lifecycle, Mode};
use tollgate_client_address::IpList;
use tollgate_webhook_hmac::WebhookSecret;

use super::{Shop, give_secret};

/// So many due deliveries to one endpoint.
const DUE: &str = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $3 - 1) \
    INSERT INTO webhook_deliveries (message_id, endpoint_id, merchant_id, mode, format, body, state, attempts, due_at, \
    created_at) SELECT 'msg_' || printf('%032x', n.i), e.id, e.merchant_id, e.mode, 'caibo', '{}', 'pending', 0, $1, $1 \
    FROM n, webhook_endpoints e WHERE e.id = $2";

#[tokio::test]
async fn ten_thousand_due_deliveries_to_dead_endpoints_do_not_delay_another_merchant() {
    // The dead ones hang for as long as the test runs.
    let forever = Duration::from_hours(1);
    let shop = Shop::with_limits(DialLimits { total: forever, connect: forever }).await;
    let other = other_merchant(&shop, "DEAD0").await;
    for number in 0..20_u8 {
        let address = format!("93.184.216.{number}");
        shop.internet.dead(&address);
        make_due(&shop, &other, number, &address, 500).await;
    }

    let (stop, stopped) = watch::channel(false);
    let webhooks = shop.world.services.webhooks.clone();
    let worker = tokio::spawn(async move { webhooks.run(stopped).await });
    shop.internet.until_dialled(4).await;
    shop.decline().await;
    let received = shop.receiver.arrival().await;
    shop.check_standard(&received);
    shop.decline().await;
    shop.receiver.arrival().await;
    // Four of the dead ones are tried at a time, each with one delivery; the others wait their turn.
    let dead = shop.internet.dialled().into_iter().filter(|address| address.starts_with("93.184.216."));
    assert_eq!(dead.count(), 4);
    worker.abort();
    drop(stop);
}

#[tokio::test]
async fn a_backlog_of_many_merchants_does_not_stand_before_a_new_delivery() {
    let shop = Shop::open().await;
    for number in 0..20_u8 {
        let merchant = other_merchant(&shop, &format!("DEAD{}", char::from(b'A' + number))).await;
        // Nobody listens there: each attempt fails at once, and there are 500 for each merchant.
        make_due(&shop, &merchant, number, &format!("93.184.216.{number}"), 500).await;
    }
    shop.decline().await;
    shop.world.advance(1);
    let (stop, stopped) = watch::channel(false);
    let webhooks = shop.world.services.webhooks.clone();
    let worker = tokio::spawn(async move { webhooks.run(stopped).await });
    shop.receiver.arrival().await;
    let before = shop.internet.dialled().len();
    assert!(before <= 20 + 16, "it was the turn of {before} others first: more than one for each");
    worker.abort();
    drop(stop);
}

#[tokio::test]
async fn a_worker_that_is_told_to_stop_finishes_what_it_began() {
    let shop = Shop::open().await;
    shop.decline().await;
    let (stop, stopped) = watch::channel(false);
    let webhooks = shop.world.services.webhooks.clone();
    let worker = tokio::spawn(async move { webhooks.run(stopped).await });
    shop.receiver.arrival().await;
    stop.send_replace(true);
    worker.await.unwrap();
    let delivery = &shop.deliveries().await[0];
    assert_eq!(delivery.attempts, 1, "the attempt that was under way was recorded");
}

async fn other_merchant(shop: &Shop, id: &str) -> MerchantId {
    let id = MerchantId::new("COL", id).unwrap();
    let merchant = Merchant {
        id: id.clone(),
        name: "Dead Shop".to_owned(),
        status: MerchantStatus::Active,
        ip_list: IpList::unrestricted(),
        domains: Vec::new(),
        methods: Vec::new(),
        currency: "COP".to_owned(),
        created_at: OffsetDateTime::UNIX_EPOCH,
    };
    let services = &shop.world.services;
    services.vault.insert_merchant(&merchant, "0").await.unwrap();
    let secret = WebhookSecret::mint(|bytes| services.rng.fill(bytes)).unwrap();
    let lifecycle = Lifecycle::new(shop.world.now());
    give_secret(&shop.world, &id, SecretPurpose::Webhook, secret.expose_secret(), lifecycle).await;
    id
}

/// An endpoint of its own name at this address, with so many deliveries that have been due for an hour.
async fn make_due(shop: &Shop, merchant: &MerchantId, number: u8, address: &str, count: i64) {
    let name = format!("dead{number}.example");
    shop.internet.name(&name, &[&[address]]);
    let dialects = [WebhookDialect::Caibo, WebhookDialect::Pledg, WebhookDialect::EightyEightPay];
    let (url, dialect) = (format!("https://{name}/"), dialects[usize::from(number) % dialects.len()]);
    let administration = &shop.world.services.administration;
    let (actor, mode) = (Actor::operator(), Mode::Test);
    let made = administration.register_webhook_endpoint(&actor, merchant, mode, dialect, &url, None).await.unwrap();
    let due = (shop.world.now() - Duration::from_hours(1)).unix_timestamp() * 1000;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(shop.world.database());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let inserted = sqlx::query(DUE).bind(due).bind(made.id.as_str()).bind(count).execute(&pool).await.unwrap();
    assert_eq!(inserted.rows_affected(), u64::try_from(count).unwrap());
    let endpoint = sqlx::query("UPDATE webhook_endpoints SET due_at = $1 WHERE id = $2");
    endpoint.bind(due).bind(made.id.as_str()).execute(&pool).await.unwrap();
    pool.close().await;
}
