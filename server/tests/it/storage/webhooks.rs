//! Webhook endpoints and deliveries on every database: nothing is lost and nothing goes twice, whoever works at once.

use std::collections::HashMap;

use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;
use tollgate::account::MerchantId;
use tollgate::storage::{
    Attempt, AttemptOutcome, AuditLink, ChangeRefusal, Created, DeliveryCursor, DeliveryState, Endpoint,
    EndpointOrigin, Format, LeasedDelivery, MessageId, NewEndpoint, NewLease, Next, Notice, SealedBearer,
    WebhookDialect, Webhooks,
};
use tollgate_apikey::Mode;

use super::samples::{MODE, answered, charge, entry, idempotency, in_s, merchant_id, now, stored_merchant, untold};
use super::{Backend, Kind, Scratch};

super::on_each!(Sqlite in sqlite, Postgres in postgres => {
    a_lease_that_ran_out_is_taken_over_and_what_it_records_is_nothing,
    a_notice_goes_to_its_target_or_to_every_registered_endpoint,
    a_repeated_change_is_told_once,
    an_endpoint_is_registered_within_the_limit_and_removed_with_its_deliveries,
    an_endpoint_that_is_gone_gets_nothing_until_it_is_enabled,
    attempts_move_a_delivery_on,
    deliveries_are_listed_newest_first_in_parts,
    no_notice_is_lost_while_endpoints_are_given_back,
    of_parallel_workers_each_delivery_is_made_by_one,
    old_deliveries_and_named_endpoints_are_swept,
    old_deliveries_beyond_one_transaction_are_all_swept,
    registered_again_an_endpoint_keeps_its_bearer_until_it_gets_another,
    whoever_waits_longest_is_served_first_and_some_are_passed_over,
});

const URL: &str = "https://shop.example/hook";

fn notice(n: u16, url: Option<&str>) -> Notice {
    let mut random = [0; 10];
    random[..2].copy_from_slice(&n.to_be_bytes());
    Notice {
        message_id: MessageId::new(1_767_225_600_000 + i64::from(n), random),
        format: Format::EightyEightPay,
        url: url.map(str::to_owned),
        body: format!("{{\"n\":{n}}}"),
        created_at: now(),
    }
}

fn endpoint(merchant: &MerchantId, url: &str) -> NewEndpoint {
    NewEndpoint {
        merchant: merchant.clone(),
        mode: MODE,
        dialect: WebhookDialect::EightyEightPay,
        url: url.into(),
        bearer: Some(SealedBearer { key_version: 4, sealed: vec![0, 255] }),
    }
}

async fn register(db: &Backend, merchant: &MerchantId, url: &str) -> Endpoint {
    let new = endpoint(merchant, url);
    let made = entry("webhook_endpoint.registered");
    db.webhooks.register_endpoint(&new, 9, now(), &made).await.unwrap().unwrap()
}

/// A charge that tells this.
async fn tell(db: &Backend, merchant: &MerchantId, told: Notice) {
    let new = charge(merchant, told.message_id.as_str());
    let made = db.vault.create_charge(new, None, &|made| answered(made.id), &|_| Some(told.clone())).await.unwrap();
    assert!(matches!(made, Created::New(_)));
}

fn lease(name: &str, at: OffsetDateTime) -> NewLease {
    NewLease { name: name.into(), now: at, until: at + Duration::minutes(1) }
}

fn attempt(number: u32, status: u16) -> Attempt {
    let outcome = AttemptOutcome::Answered(status);
    Attempt { number, made_at: now(), duration: Duration::milliseconds(7), outcome }
}

/// Takes and delivers until nothing is due; answers what was delivered.
async fn drain(store: &dyn Webhooks, worker: &str) -> Vec<(MessageId, String)> {
    let mut made = Vec::new();
    for n in 0_u32.. {
        let Some(leased) = store.lease(&lease(&format!("{worker}-{n}"), now()), &[]).await.unwrap() else { break };
        let number = leased.delivery.attempts + 1;
        assert!(store.complete(&leased, &attempt(number, 200), Next::Delivered, now()).await.unwrap());
        made.push((leased.delivery.message_id, leased.delivery.endpoint.to_string()));
    }
    made
}

async fn taken(db: &Backend, at: OffsetDateTime) -> LeasedDelivery {
    db.webhooks.lease(&lease(&at.to_string(), at), &[]).await.unwrap().expect("something is due")
}

async fn a_notice_goes_to_its_target_or_to_every_registered_endpoint(db: Backend) {
    let (id, other) = (stored_merchant(&db, 1).await, stored_merchant(&db, 2).await);
    let one = register(&db, &id, "https://shop.example/1").await;
    let two = register(&db, &id, "https://shop.example/2").await;
    register(&db, &other, "https://shop.example/1").await;
    let mut caibo = endpoint(&id, "https://shop.example/3");
    caibo.dialect = WebhookDialect::Caibo;
    db.webhooks.register_endpoint(&caibo, 9, now(), &entry("x")).await.unwrap().unwrap();
    assert_eq!((one.origin, one.created_at), (EndpointOrigin::Registered, now()));
    assert_eq!(one.details.bearer.as_ref().unwrap().sealed, [0, 255]);

    tell(&db, &id, notice(1, None)).await;
    tell(&db, &id, notice(2, Some(URL))).await;
    let found = db.webhooks.deliveries(&id, MODE, None, 9).await.unwrap();
    let mut to: Vec<_> = found.iter().filter(|found| found.body == "{\"n\":1}").map(|found| &found.endpoint).collect();
    to.sort_by_key(|id| id.as_str());
    let mut registered = [&one.id, &two.id];
    registered.sort_by_key(|id| id.as_str());
    assert_eq!(to, registered);
    let [named] = &found.iter().filter(|found| found.body == "{\"n\":2}").collect::<Vec<_>>()[..] else {
        panic!("one target: {found:?}")
    };
    assert_eq!((named.state, named.attempts, named.due_at), (DeliveryState::Pending, 0, Some(now())));
    let known = db.webhooks.endpoint(&id, MODE, &named.endpoint).await.unwrap().unwrap();
    assert_eq!((known.origin, known.details.url.as_str()), (EndpointOrigin::Named, URL));
    assert_eq!(db.webhooks.endpoints(&id, MODE).await.unwrap().len(), 3, "those that were registered");
    assert!(db.webhooks.endpoint(&other, MODE, &named.endpoint).await.unwrap().is_none());
    assert!(db.webhooks.deliveries(&id, Mode::Live, None, 9).await.unwrap().is_empty());
    assert!(db.webhooks.deliveries(&other, MODE, None, 9).await.unwrap().is_empty());
}

async fn a_repeated_change_is_told_once(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    for n in 1..=2 {
        let notify = |_: &_| Some(notice(n, Some(URL)));
        let key = Some(idempotency("k", 1));
        db.vault.create_charge(charge(&id, "c"), key, &|made| answered(made.id), &notify).await.unwrap();
    }
    db.vault.create_charge(charge(&id, "d"), None, &|made| answered(made.id), &untold).await.unwrap();
    assert_eq!(db.webhooks.deliveries(&id, MODE, None, 9).await.unwrap().len(), 1);
}

async fn deliveries_are_listed_newest_first_in_parts(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    register(&db, &id, "https://shop.example/1").await;
    register(&db, &id, "https://shop.example/2").await;
    for n in [2, 3, 1] {
        tell(&db, &id, notice(n, None)).await;
    }
    let all = db.webhooks.deliveries(&id, MODE, None, 9).await.unwrap();
    let bodies: Vec<_> = all.iter().map(|delivery| delivery.body.as_str()).collect();
    assert_eq!(bodies, [3, 3, 2, 2, 1, 1].map(|n| format!("{{\"n\":{n}}}")));
    let mut walked = Vec::new();
    let mut after = None;
    while let [next] = &db.webhooks.deliveries(&id, MODE, after.as_ref(), 1).await.unwrap()[..] {
        walked.push((next.message_id.clone(), next.endpoint.clone()));
        after = Some(DeliveryCursor { message_id: next.message_id.clone(), endpoint: next.endpoint.clone() });
    }
    let all: Vec<_> = all.into_iter().map(|delivery| (delivery.message_id, delivery.endpoint)).collect();
    assert_eq!(walked, all, "one by one as at once");
}

async fn whoever_waits_longest_is_served_first_and_some_are_passed_over(db: Backend) {
    let ids = [stored_merchant(&db, 1).await, stored_merchant(&db, 2).await];
    assert!(db.webhooks.lease(&lease("nothing", now()), &[]).await.unwrap().is_none());
    for (n, merchant, created_at) in [(1, 0, in_s(1)), (2, 0, in_s(1)), (3, 1, in_s(2)), (4, 1, in_s(50))] {
        let mut told = notice(n, Some(URL));
        told.created_at = created_at;
        tell(&db, &ids[merchant], told).await;
    }
    assert!(db.webhooks.lease(&lease("early", now()), &[]).await.unwrap().is_none(), "nothing is due yet");
    let second = db.webhooks.lease(&lease("a", in_s(10)), &ids[..1]).await.unwrap().unwrap();
    assert_eq!((&second.merchant, second.delivery.body.as_str()), (&ids[1], "{\"n\":3}"));
    let first = db.webhooks.lease(&lease("b", in_s(10)), &[]).await.unwrap().unwrap();
    assert_eq!((&first.merchant, first.delivery.body.as_str()), (&ids[0], "{\"n\":1}"));
    assert_eq!((first.lease.as_str(), first.url.as_str(), first.mode), ("b", URL, MODE));
    assert!(
        db.webhooks.lease(&lease("c", in_s(10)), &[]).await.unwrap().is_none(),
        "one attempt an endpoint at a time"
    );
    assert!(db.webhooks.complete(&first, &attempt(1, 200), Next::Delivered, in_s(11)).await.unwrap());
    assert!(db.webhooks.complete(&second, &attempt(1, 200), Next::Delivered, in_s(11)).await.unwrap());
    let next = db.webhooks.lease(&lease("d", in_s(20)), &[]).await.unwrap().unwrap();
    assert_eq!(next.delivery.body, "{\"n\":2}");
    assert!(db.webhooks.lease(&lease("e", in_s(20)), &[]).await.unwrap().is_none(), "the fourth is not due");
    assert_eq!(db.webhooks.lease(&lease("f", in_s(50)), &[]).await.unwrap().unwrap().delivery.body, "{\"n\":4}");
}

async fn attempts_move_a_delivery_on(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    tell(&db, &id, notice(1, Some(URL))).await;
    let mut at = now();
    for (number, status, next) in [(1, 503, Next::Retry { at: in_s(30) }), (2, 204, Next::Delivered)] {
        let leased = taken(&db, at).await;
        assert_eq!(leased.delivery.attempts + 1, number);
        assert!(db.webhooks.complete(&leased, &attempt(number, status), next, at).await.unwrap());
        assert!(db.webhooks.lease(&lease("too early", in_s(29)), &[]).await.unwrap().is_none());
        at = in_s(30);
    }
    let [done] = &db.webhooks.deliveries(&id, MODE, None, 9).await.unwrap()[..] else { panic!("there is one") };
    assert_eq!((done.state, done.attempts, done.due_at), (DeliveryState::Delivered, 2, None));
    let made = db.webhooks.attempts(&id, MODE, &done.message_id, &done.endpoint).await.unwrap();
    let outcomes: Vec<_> = made.iter().map(|attempt| (attempt.number, attempt.outcome)).collect();
    assert_eq!(outcomes, [(1, AttemptOutcome::Answered(503)), (2, AttemptOutcome::Answered(204))]);
    assert_eq!(made[0].duration, Duration::milliseconds(7));
    let stranger = db.webhooks.attempts(&merchant_id(9), MODE, &done.message_id, &done.endpoint).await.unwrap();
    assert!(stranger.is_empty());
}

async fn a_lease_that_ran_out_is_taken_over_and_what_it_records_is_nothing(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    tell(&db, &id, notice(1, Some(URL))).await;
    let dead = taken(&db, now()).await;
    assert!(db.webhooks.lease(&lease("early", in_s(59)), &[]).await.unwrap().is_none());
    let heir = taken(&db, in_s(60)).await;
    for next in [Next::Delivered, Next::Gone] {
        assert!(!db.webhooks.complete(&dead, &attempt(1, 200), next, in_s(61)).await.unwrap());
    }
    assert!(
        db.webhooks.attempts(&id, MODE, &dead.delivery.message_id, &dead.delivery.endpoint).await.unwrap().is_empty()
    );
    assert_eq!(db.directory.audit_head().await.unwrap().seq, 0);
    assert!(db.webhooks.complete(&heir, &attempt(1, 200), Next::Delivered, in_s(61)).await.unwrap());
    assert!(
        !db.webhooks.complete(&heir, &attempt(2, 200), Next::Delivered, in_s(61)).await.unwrap(),
        "it is given back"
    );
}

async fn an_endpoint_that_is_gone_gets_nothing_until_it_is_enabled(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    for n in 1..=3 {
        tell(&db, &id, notice(n, Some(URL))).await;
    }
    let leased = taken(&db, now()).await;
    assert!(db.webhooks.complete(&leased, &attempt(1, 410), Next::Gone, in_s(1)).await.unwrap());
    let states: Vec<_> = db.webhooks.deliveries(&id, MODE, None, 9).await.unwrap();
    assert!(states.iter().all(|found| (found.state, found.due_at) == (DeliveryState::Stopped, None)), "{states:?}");
    let links = db.directory.audit_links(0, 9).await.unwrap();
    let [AuditLink::Readable(told)] = &links[..] else { panic!("one entry: {links:?}") };
    assert_eq!(
        (told.action.as_str(), told.subject.as_str()),
        ("webhook_endpoint.disabled", leased.delivery.endpoint.as_str())
    );

    tell(&db, &id, notice(4, Some(URL))).await;
    assert_eq!(db.webhooks.deliveries(&id, MODE, None, 9).await.unwrap().len(), 3, "nothing is written for it");
    let (target, done) = (&leased.delivery.endpoint, entry("webhook_endpoint.enabled"));
    let refused = db.webhooks.notify_endpoint(&id, MODE, target, &notice(5, None), &done).await.unwrap();
    assert_eq!(refused, Err(ChangeRefusal::NotUsable));
    for expected in [true, false] {
        assert_eq!(db.webhooks.enable_endpoint(&id, MODE, target, &done).await.unwrap(), Ok(expected));
    }
    assert_eq!(db.webhooks.notify_endpoint(&id, MODE, target, &notice(5, None), &done).await.unwrap(), Ok(()));
    assert_eq!(taken(&db, now()).await.delivery.body, "{\"n\":5}");
    let absent = db.webhooks.enable_endpoint(&id, Mode::Live, target, &done).await.unwrap();
    assert_eq!(absent, Err(ChangeRefusal::NotFound));
}

async fn an_endpoint_is_registered_within_the_limit_and_removed_with_its_deliveries(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let made = entry("webhook_endpoint.changed");
    let register = |url: &str, limit| {
        let (webhooks, new) = (db.webhooks.clone(), endpoint(&id, url));
        async move { webhooks.register_endpoint(&new, limit, now(), &entry("x")).await.unwrap() }
    };
    let first = register("https://shop.example/1", 1).await.unwrap();
    assert_eq!(register("https://shop.example/2", 1).await.err(), Some(ChangeRefusal::TooMany));
    assert!(register("https://shop.example/1", 1).await.is_ok(), "it does not count against itself");
    tell(&db, &id, notice(1, None)).await;
    tell(&db, &id, notice(2, None)).await;
    let leased = taken(&db, now()).await;
    assert!(db.webhooks.complete(&leased, &attempt(1, 503), Next::Retry { at: in_s(9) }, now()).await.unwrap());
    assert_eq!(db.webhooks.remove_endpoint(&id, MODE, &first.id, &made).await.unwrap(), Ok(()));
    assert!(db.webhooks.deliveries(&id, MODE, None, 9).await.unwrap().is_empty());
    assert!(db.webhooks.lease(&lease("x", in_s(99)), &[]).await.unwrap().is_none());
    let again = db.webhooks.remove_endpoint(&id, MODE, &first.id, &made).await.unwrap();
    assert_eq!(again, Err(ChangeRefusal::NotFound));
    let homeless = endpoint(&merchant_id(9), URL);
    let refused = db.webhooks.register_endpoint(&homeless, 9, now(), &made).await.unwrap();
    assert_eq!(refused.err(), Some(ChangeRefusal::NotFound));
}

async fn old_deliveries_and_named_endpoints_are_swept(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    tell(&db, &id, notice(1, Some(URL))).await;
    tell(&db, &id, notice(2, Some("https://shop.example/other"))).await;
    register(&db, &id, "https://shop.example/kept").await;
    let leased = taken(&db, now()).await;
    assert!(db.webhooks.complete(&leased, &attempt(1, 200), Next::Delivered, now()).await.unwrap());
    assert_eq!(db.webhooks.sweep_deliveries(now()).await.unwrap(), 0, "it is not old enough");
    assert_eq!(db.webhooks.sweep_deliveries(in_s(1)).await.unwrap(), 1, "what is pending stays");
    assert!(db.webhooks.endpoint(&id, MODE, &leased.delivery.endpoint).await.unwrap().is_none());
    assert_eq!(db.webhooks.deliveries(&id, MODE, None, 9).await.unwrap().len(), 1);
    assert_eq!(db.webhooks.endpoints(&id, MODE).await.unwrap().len(), 1, "what was registered stays");
}

async fn old_deliveries_beyond_one_transaction_are_all_swept(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    for n in 0..501 {
        tell(&db, &id, notice(n, Some(URL))).await;
    }
    // Gone ends all that wait for the endpoint.
    let leased = taken(&db, now()).await;
    assert!(db.webhooks.complete(&leased, &attempt(1, 410), Next::Gone, now()).await.unwrap());
    tell(&db, &id, notice(900, Some("https://shop.example/other"))).await;
    assert_eq!(db.webhooks.sweep_deliveries(in_s(1)).await.unwrap(), 501);
    assert_eq!(db.webhooks.sweep_deliveries(in_s(1)).await.unwrap(), 0);
    let kept = db.webhooks.deliveries(&id, MODE, None, 9).await.unwrap();
    assert_eq!(kept.iter().map(|delivery| delivery.state).collect::<Vec<_>>(), [DeliveryState::Pending]);
    let swept = db.webhooks.attempts(&id, MODE, &leased.delivery.message_id, &leased.delivery.endpoint).await.unwrap();
    assert!(swept.is_empty(), "{swept:?}");
}

async fn registered_again_an_endpoint_keeps_its_bearer_until_it_gets_another(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let made = entry("webhook_endpoint.registered");
    let bearer = |byte| Some(SealedBearer { key_version: u32::from(byte), sealed: vec![byte; 9] });
    for (given, expected) in
        [(None, None), (bearer(1), Some(1)), (None, Some(1)), (bearer(2), Some(2)), (None, Some(2))]
    {
        let new = NewEndpoint { bearer: given, ..endpoint(&id, URL) };
        let stored = db.webhooks.register_endpoint(&new, 9, now(), &made).await.unwrap().unwrap();
        let kept = stored.details.bearer.map(|bearer| (bearer.key_version, bearer.sealed));
        assert_eq!(kept, expected.map(|byte: u8| (u32::from(byte), vec![byte; 9])));
    }
}

/// On PostgreSQL; `webhooks::retries` has the same on SQLite, with what is sent.
#[tokio::test]
async fn a_delivery_that_does_not_read_is_set_aside() {
    let Some(scratch) = Scratch::open(Kind::Postgres).await else { return };
    let (db, url) = (scratch.backend(), scratch.url().unwrap().to_owned());
    let id = stored_merchant(&db, 1).await;
    tell(&db, &id, notice(1, Some(URL))).await;
    super::execute(&url, "UPDATE webhook_deliveries SET format = 'smoke'".to_owned()).await;
    tell(&db, &id, notice(2, Some(URL))).await;
    tell(&db, &id, notice(3, Some("https://shop.example/other"))).await;
    super::execute(&url, "UPDATE webhook_endpoints SET bearer_key_version = 1 WHERE url LIKE '%other'".to_owned())
        .await;
    let made = drain(&*db.webhooks, "worker").await;
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0].0, notice(2, None).message_id);
    super::execute(&url, "UPDATE webhook_deliveries SET format = '88pay'".to_owned()).await;
    super::execute(&url, "UPDATE webhook_endpoints SET bearer_key_version = NULL".to_owned()).await;
    let kept = db.webhooks.deliveries(&id, MODE, None, 9).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|delivery| (delivery.state, delivery.attempts, delivery.due_at)).collect();
    let given_up = (DeliveryState::Failed, 1, None);
    assert_eq!((kept[0], kept[2]), (given_up, given_up));
    scratch.remove().await;
}

/// How often each was made, and that nothing is left.
async fn check_each_once(db: &Backend, merchant: &MerchantId, made: Vec<(MessageId, String)>, expected: usize) {
    let mut times: HashMap<_, u32> = HashMap::new();
    for delivery in made {
        *times.entry(delivery).or_default() += 1;
    }
    assert_eq!(times.len(), expected, "none is lost");
    assert!(times.values().all(|times| *times == 1), "none goes twice: {times:?}");
    let kept = db.webhooks.deliveries(merchant, MODE, None, 1_000).await.unwrap();
    assert_eq!(kept.len(), expected);
    assert!(kept.iter().all(|found| (found.state, found.attempts) == (DeliveryState::Delivered, 1)), "{kept:?}");
}

async fn of_parallel_workers_each_delivery_is_made_by_one(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    for n in 0..8 {
        register(&db, &id, &format!("https://shop.example/{n}")).await;
    }
    for n in 0..5 {
        tell(&db, &id, notice(n, None)).await;
    }
    let mut workers = JoinSet::new();
    for n in 0..16 {
        let webhooks = db.webhooks.clone();
        workers.spawn(async move { drain(&*webhooks, &n.to_string()).await });
    }
    let made = workers.join_all().await.concat();
    check_each_once(&db, &id, made, 40).await;
}

/// Every notice meets an endpoint that somebody is just giving back.
async fn no_notice_is_lost_while_endpoints_are_given_back(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    register(&db, &id, "https://shop.example/1").await;
    register(&db, &id, "https://shop.example/2").await;
    let mut tellers = JoinSet::new();
    let mut workers = JoinSet::new();
    for n in 0..4_u16 {
        let (db, id) = (db.clone(), id.clone());
        tellers.spawn(async move {
            for round in 0..10 {
                tell(&db, &id, notice(10 * n + round, None)).await;
            }
        });
    }
    let (over, seen) = tokio::sync::watch::channel(false);
    for n in 0..4 {
        let (webhooks, seen) = (db.webhooks.clone(), seen.clone());
        workers.spawn(async move {
            let mut made = Vec::new();
            for round in 0_u32.. {
                let last = *seen.borrow();
                made.extend(drain(&*webhooks, &format!("{n}-{round}")).await);
                if last {
                    break;
                }
                tokio::task::yield_now().await;
            }
            made
        });
    }
    tellers.join_all().await;
    over.send(true).unwrap();
    let made = workers.join_all().await.concat();
    check_each_once(&db, &id, made, 80).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_of_two_nodes_share_the_deliveries() {
    let Some(scratch) = Scratch::open(Kind::Postgres).await else { return };
    let db = scratch.backend();
    let other = tollgate::storage::sql::Database::postgres(scratch.url().unwrap()).await.unwrap();
    let id = stored_merchant(&db, 1).await;
    for n in 0..30 {
        tell(&db, &id, notice(n, Some(&format!("https://shop.example/{}", n % 10)))).await;
    }
    let mut workers = JoinSet::new();
    for n in 0..16 {
        let (here, there) = (db.webhooks.clone(), other.clone());
        workers.spawn(async move {
            let name = n.to_string();
            if n % 2 == 0 { drain(&*here, &name).await } else { drain(&there, &name).await }
        });
    }
    let made = workers.join_all().await.concat();
    check_each_once(&db, &id, made, 30).await;
    other.close().await;
    scratch.remove().await;
}
