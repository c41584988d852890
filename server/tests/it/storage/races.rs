//! What must hold when many callers do the same at once.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tollgate::payments::{ItemRef, TransactionStatus};
use tollgate::storage::{
    Created, CreditOutcome, InvoicePaymentOutcome, LinkOutcome, NewCredit, OrderOutcome, PaymentOutcome,
};
use tollgate_apikey::KeyDigest;

use super::Backend;
use super::samples::{
    MODE, answered, attempt, card, credential, idempotency, invoice, invoice_payment, item, key_id, merchant_id, now,
    order, payment_request, purchase, stored_merchant, stored_payment_request, untold,
};

super::on_each!(Sqlite in sqlite, Postgres in postgres => {
    one_balance_is_spent_to_the_last_order,
    one_invoice_is_paid_once,
    one_key_makes_one_payment_request,
    one_old_digest_is_replaced_once,
    one_payment_request_is_paid_once,
    one_payload_opens_one_link,
    one_purchase_is_credited_to_its_price,
    one_stock_is_sold_to_the_last_piece,
    writers_of_different_merchants_all_get_through,
});

const CALLERS: u8 = 40;

/// Starts every call at the same moment, on connections that were opened before.
pub(super) async fn at_once<T, F>(db: &Backend, call: impl Fn(u8) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut warm = JoinSet::new();
    for n in 0..CALLERS {
        let vault = db.vault.clone();
        warm.spawn(async move { vault.answered(&merchant_id(0), MODE, &idempotency("warm", n), now()).await.unwrap() });
    }
    warm.join_all().await;
    let start = Arc::new(Barrier::new(usize::from(CALLERS)));
    let mut tasks = JoinSet::new();
    for n in 0..CALLERS {
        let (call, start) = (call(n), start.clone());
        tasks.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    tasks.join_all().await
}

async fn one_invoice_is_paid_once(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let stored = invoice(&id, "inv_1");
    db.invoices.insert_invoice(&stored).await.unwrap();
    db.invoices.insert_payment_method(&card(&id, "pm_1")).await.unwrap();
    let outcomes = at_once(&db, |n| {
        let (invoices, payment) = (db.invoices.clone(), invoice_payment(&stored, &format!("pay_{n}")));
        async move { invoices.pay_invoice(payment, None, &|made| answered(&made.id), &untold).await.unwrap() }
    })
    .await;
    let paid = outcomes.iter().filter(|o| matches!(o, InvoicePaymentOutcome::Created(Created::New(_)))).count();
    let late = outcomes.iter().filter(|o| matches!(o, InvoicePaymentOutcome::NotPayable)).count();
    assert_eq!((paid, late), (1, usize::from(CALLERS) - 1));
}

async fn one_payment_request_is_paid_once(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let request = stored_payment_request(&db, &id).await;
    let outcomes =
        at_once(&db, |_| {
            let (vault, id) = (db.vault.clone(), id.clone());
            async move {
                vault.attempt_payment(&attempt(&id, request, TransactionStatus::Paid, now()), &untold).await.unwrap()
            }
        })
        .await;
    let paid = outcomes.iter().filter(|outcome| matches!(outcome, PaymentOutcome::Attempted(_))).count();
    let late = outcomes.iter().filter(|outcome| matches!(outcome, PaymentOutcome::Final)).count();
    assert_eq!((paid, late), (1, usize::from(CALLERS) - 1));
}

async fn one_balance_is_spent_to_the_last_order(db: Backend) {
    let id = stored_merchant(&db, 1).await; // 100.00, and each order costs 10.00
    let item = db.orders.insert_item(&item(&id, 1_000)).await.unwrap();
    let outcomes = at_once(&db, |_| {
        let (orders, new) = (db.orders.clone(), order(&id, ItemRef::Id(item), 1));
        async move { orders.create_order(new, None).await.unwrap() }
    })
    .await;
    let placed = outcomes.iter().filter(|outcome| matches!(outcome, OrderOutcome::Placed(_))).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, OrderOutcome::InsufficientBalance)).count();
    assert_eq!((placed, refused), (10, usize::from(CALLERS) - 10));
    let left = db.vault.balance(&id, MODE).await.unwrap().unwrap();
    assert_eq!(left.parse::<f64>(), Ok(0.0), "{left}");
}

async fn one_stock_is_sold_to_the_last_piece(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let item = db.orders.insert_item(&item(&id, 7)).await.unwrap();
    let outcomes = at_once(&db, |_| {
        let (orders, new) = (db.orders.clone(), order(&id, ItemRef::Id(item), 1));
        async move { orders.create_order(new, None).await.unwrap() }
    })
    .await;
    let placed = outcomes.iter().filter(|outcome| matches!(outcome, OrderOutcome::Placed(_))).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, OrderOutcome::OutOfStock)).count();
    assert_eq!((placed, refused), (7, usize::from(CALLERS) - 7));
}

async fn one_purchase_is_credited_to_its_price(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    db.purchases.insert_purchase(&purchase(&id, "pur_1", "authorized")).await.unwrap(); // 1 000 cents
    let outcomes = at_once(&db, |_| {
        let purchases = db.purchases.clone();
        let credit = NewCredit { merchant: id.clone(), mode: MODE, uid: "pur_1".into(), amount_cents: 90, now: now() };
        async move {
            purchases.credit_by_transfer(credit, None, &|made| answered(made.credited_cents), &untold).await.unwrap()
        }
    })
    .await;
    let mut sums: Vec<i64> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            CreditOutcome::Booked(Created::New(answer)) => Some(answer.body.parse().unwrap()),
            _ => None,
        })
        .collect();
    sums.sort_unstable();
    assert_eq!(sums, (1..=11).map(|n| n * 90).collect::<Vec<_>>(), "each credit saw the one before");
}

async fn one_payload_opens_one_link(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let outcomes = at_once(&db, |n| {
        let (purchases, new) = (db.purchases.clone(), purchase(&id, &format!("pur_{n}"), "open"));
        async move { purchases.open_link(new, "{}").await.unwrap() }
    })
    .await;
    let mut uids: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            LinkOutcome::Open(purchase) => purchase.uid,
            LinkOutcome::Authorized => "authorized".into(),
            LinkOutcome::ReferenceCompleted => "completed".into(),
        })
        .collect();
    uids.dedup();
    assert_eq!(uids.len(), 1, "{uids:?}");
}

async fn one_key_makes_one_payment_request(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let outcomes = at_once(&db, |_| {
        let (vault, new) = (db.vault.clone(), payment_request(&id));
        async move {
            let key = Some(idempotency("k", 1));
            vault.create_payment_request(new, key, &|made| answered(made.id)).await.unwrap()
        }
    })
    .await;
    let (mut made, mut bodies) = (0, Vec::new());
    for outcome in outcomes {
        match outcome {
            Created::New(answer) => {
                made += 1;
                bodies.push(answer.body);
            }
            Created::Replayed(answer) => bodies.push(answer.body),
            Created::Mismatch => panic!("all bodies were the same"),
        }
    }
    bodies.dedup();
    assert_eq!((made, bodies.len()), (1, 1), "{bodies:?}");
    assert_eq!(db.vault.payment_request_ids(&id, MODE, 9).await.unwrap().len(), 1);
}

async fn one_old_digest_is_replaced_once(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    db.vault.insert_credential(&credential(&id, 1)).await.unwrap();
    at_once(&db, |n| {
        let vault = db.vault.clone();
        let (old, new) = (KeyDigest::from_parts(1, [1; 32]), KeyDigest::from_parts(2 + u32::from(n), [n; 32]));
        async move { vault.redigest(key_id(1), &old, &new).await.unwrap() }
    })
    .await;
    let found = db.vault.credential(key_id(1)).await.unwrap().unwrap();
    let n = u8::try_from(found.pepper_version - 2).unwrap();
    assert_eq!(found.digest, [n; 32], "version and digest are of one call");
}

async fn writers_of_different_merchants_all_get_through(db: Backend) {
    let mut ids = Vec::new();
    for n in 0..CALLERS {
        ids.push(stored_merchant(&db, n).await);
    }
    let outcomes = at_once(&db, |n| {
        let (vault, new) = (db.vault.clone(), payment_request(&ids[usize::from(n)]));
        async move {
            let key = Some(idempotency("k", 1));
            vault.create_payment_request(new, key, &|made| answered(made.id)).await.unwrap()
        }
    })
    .await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Created::New(_))));
}
