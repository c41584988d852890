//! Payment requests, charges, invoices, purchases and orders on every database.

use tollgate::payments::{
    Direction, InvoiceStatus, Item, ItemRef, OrderKey, OrderList, OrderStatus, PaymentMethod, PaymentMethodType,
    PaymentRequestStatus, TransactionStatus,
};
use tollgate::storage::{
    Answered, Created, CreditOutcome, InvoicePaymentOutcome, LinkOutcome, NewCredit, NewPaymentAttempt, OrderOutcome,
    PaymentOutcome, ReleaseOutcome,
};
use tollgate_apikey::Mode;

use super::Backend;
use super::samples::{
    MODE, answered, attempt, card, charge, idempotency, in_s, invoice, invoice_payment, item, merchant_id, now, order,
    payment_request, purchase, stored_merchant, stored_payment_request, untold,
};

super::on_each!(Sqlite in sqlite, Postgres in postgres => {
    a_charge_is_made_once_a_key,
    a_credit_never_exceeds_its_purchase,
    a_link_is_opened_once_a_payload,
    a_payment_request_is_read_as_stored,
    a_purchase_is_released_from_one_state,
    a_repeated_key_is_answered_as_the_first_for_a_day,
    an_invoice_is_paid_once_and_with_a_method_of_its_customer,
    an_item_is_found_by_number_or_code,
    an_order_takes_balance_and_stock_or_nothing,
    attempts_follow_the_states,
    orders_are_listed_as_asked,
    payment_methods_come_oldest_first,
});

async fn a_payment_request_is_read_as_stored(db: Backend) {
    let (id, other) = (stored_merchant(&db, 1).await, stored_merchant(&db, 2).await);
    let numbers = [stored_payment_request(&db, &id).await, stored_payment_request(&db, &id).await];
    assert!(numbers[0] >= 1 && numbers[1] > numbers[0]);
    let found = db.vault.payment_request(&id, MODE, numbers[0]).await.unwrap().unwrap();
    assert_eq!((found.id, found.status), (numbers[0], PaymentRequestStatus::Unpaid));
    assert_eq!(format!("{:?}", found.details), format!("{:?}", payment_request(&id)));
    for (merchant, mode) in [(&other, MODE), (&id, Mode::Live)] {
        assert!(db.vault.payment_request(merchant, mode, numbers[0]).await.unwrap().is_none());
        assert!(db.vault.payment_request_ids(merchant, mode, 9).await.unwrap().is_empty());
    }
    assert_eq!(db.vault.payment_request_ids(&id, MODE, 9).await.unwrap(), numbers);
    assert_eq!(db.vault.payment_request_ids(&id, MODE, 1).await.unwrap(), numbers[..1]);
}

async fn a_repeated_key_is_answered_as_the_first_for_a_day(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let make = |key, body, at| {
        let (vault, mut new) = (db.vault.clone(), payment_request(&id));
        new.created_at = at;
        async move {
            vault.create_payment_request(new, Some(idempotency(key, body)), &|made| answered(made.id)).await.unwrap()
        }
    };
    let Created::New(first) = make("k", 1, now()).await else { panic!("the first call makes it") };
    assert!(
        matches!(make("k", 1, in_s(86_399)).await, Created::Replayed(Answered { status: 201, body }) if body == first.body)
    );
    assert!(matches!(make("k", 2, in_s(1)).await, Created::Mismatch));
    assert!(matches!(make("other", 1, in_s(1)).await, Created::New(_)));
    let asked = |merchant: tollgate::account::MerchantId, at| {
        let vault = db.vault.clone();
        async move { vault.answered(&merchant, MODE, &idempotency("k", 1), at).await.unwrap() }
    };
    assert!(matches!(asked(id.clone(), in_s(1)).await, Some(Created::Replayed(answer)) if answer.body == first.body));
    assert!(asked(merchant_id(2), in_s(1)).await.is_none());
    assert!(matches!(make("k", 2, in_s(86_400)).await, Created::New(_)), "after a day the key is free");
    assert!(matches!(make("k", 2, in_s(86_401)).await, Created::Replayed(_)), "and taken again");
    assert_eq!(db.ledger.sweep(in_s(2 * 86_400)).await.unwrap(), 1, "the sweep takes the key that nobody used again");
}

async fn a_charge_is_made_once_a_key(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let make = |checkout: &'static str, body| {
        let (vault, new) = (db.vault.clone(), charge(&id, checkout));
        async move { vault.create_charge(new, Some(idempotency("k", body)), &|made| answered(made.id), &untold).await }
    };
    let Created::New(first) = make("c-1", 1).await.unwrap() else { panic!("the first call makes it") };
    assert!(matches!(make("c-2", 1).await.unwrap(), Created::Replayed(answer) if answer.body == first.body));
    assert!(matches!(make("c-2", 2).await.unwrap(), Created::Mismatch));
    let again = db
        .vault
        .create_charge(charge(&id, "c-1"), Some(idempotency("new", 1)), &|made| answered(made.id), &untold)
        .await;
    assert!(again.is_err(), "a checkout text is one charge's");
    assert!(db.vault.answered(&id, MODE, &idempotency("new", 1), now()).await.unwrap().is_none(), "nothing was kept");
}

async fn attempts_follow_the_states(db: Backend) {
    use TransactionStatus::{Declined, Paid, Pending};
    let id = stored_merchant(&db, 1).await;
    for (label, steps) in [
        ("paid", &[(Declined, "made"), (Declined, "made"), (Paid, "made"), (Paid, "final")][..]),
        ("pending", &[(Pending, "made"), (Paid, "in progress")]),
    ] {
        let request = stored_payment_request(&db, &id).await;
        for (outcome, expected) in steps {
            let found = match db.vault.attempt_payment(&attempt(&id, request, *outcome, now()), &untold).await.unwrap()
            {
                PaymentOutcome::Attempted(made) => {
                    assert_eq!((made.payment_request, made.status), (request, *outcome));
                    "made"
                }
                PaymentOutcome::Final => "final",
                PaymentOutcome::InProgress => "in progress",
                PaymentOutcome::NotFound => "not found",
            };
            assert_eq!(found, *expected, "{label}: {outcome:?}");
        }
    }
    let none = db
        .vault
        .attempt_payment(&NewPaymentAttempt { mode: Mode::Live, ..attempt(&id, 1, Paid, now()) }, &untold)
        .await
        .unwrap();
    assert!(matches!(none, PaymentOutcome::NotFound));
}

async fn payment_methods_come_oldest_first(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let bank = PaymentMethod { kind: PaymentMethodType::Bank, brand: None, expiry: None, ..card(&id, "pm_2") };
    // Neither the id nor anything else tells which was saved first.
    for method in [&card(&id, "pm_3"), &bank, &card(&id, "pm_1")] {
        db.invoices.insert_payment_method(method).await.unwrap();
    }
    let found = db.invoices.payment_methods(&id, MODE, "cus_1", 9).await.unwrap();
    assert_eq!(found.iter().map(|method| method.id.as_str()).collect::<Vec<_>>(), ["pm_3", "pm_2", "pm_1"]);
    assert_eq!(format!("{:?}", found[1]), format!("{bank:?}"));
    assert_eq!(found[0].expiry, Some((12, 2030)));
    assert_eq!(db.invoices.payment_methods(&id, MODE, "cus_1", 2).await.unwrap().len(), 2);
    assert!(db.invoices.payment_methods(&id, MODE, "cus_2", 9).await.unwrap().is_empty());
}

async fn an_invoice_is_paid_once_and_with_a_method_of_its_customer(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let stored = invoice(&id, "inv_1");
    db.invoices.insert_invoice(&stored).await.unwrap();
    db.invoices.insert_payment_method(&card(&id, "pm_1")).await.unwrap();
    let found = db.invoices.invoice(&id, MODE, "inv_1").await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{stored:?}"));
    assert!(db.invoices.invoice(&id, Mode::Live, "inv_1").await.unwrap().is_none());

    let pay = |payment, key: Option<&'static str>| {
        let invoices = db.invoices.clone();
        async move {
            let key = key.map(|key| idempotency(key, 1));
            invoices.pay_invoice(payment, key, &|made| answered(&made.id), &untold).await.unwrap()
        }
    };
    let mut payment = invoice_payment(&stored, "pay_0");
    payment.payment_method = "pm_9".into();
    assert!(matches!(pay(payment, None).await, InvoicePaymentOutcome::UnknownMethod));
    let mut payment = invoice_payment(&stored, "pay_0");
    payment.kind = PaymentMethodType::Bank;
    assert!(matches!(pay(payment, None).await, InvoicePaymentOutcome::OtherKind));
    for (status, known) in [(InvoiceStatus::Processing, true), (InvoiceStatus::Open, true)] {
        assert_eq!(db.invoices.set_invoice_status(&id, MODE, "inv_1", status).await.unwrap(), known);
        let outcome = pay(invoice_payment(&stored, "pay_1"), Some("k")).await;
        match status {
            InvoiceStatus::Open => assert!(matches!(outcome, InvoicePaymentOutcome::Created(Created::New(_)))),
            _ => assert!(matches!(outcome, InvoicePaymentOutcome::NotPayable)),
        }
    }
    assert!(!db.invoices.set_invoice_status(&id, MODE, "inv_9", InvoiceStatus::Open).await.unwrap());
    let again = pay(invoice_payment(&stored, "pay_2"), Some("k")).await;
    assert!(matches!(again, InvoicePaymentOutcome::Created(Created::Replayed(answer)) if answer.body == "pay_1"));
    assert!(matches!(pay(invoice_payment(&stored, "pay_2"), None).await, InvoicePaymentOutcome::NotPayable));
    assert_eq!(db.invoices.invoice(&id, MODE, "inv_1").await.unwrap().unwrap().status, InvoiceStatus::Paid);
}

async fn a_link_is_opened_once_a_payload(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let open = |uid, payload: u8| {
        let (purchases, mut new) = (db.purchases.clone(), purchase(&id, uid, "open"));
        new.payload_digest = [payload; 32];
        async move {
            match purchases.open_link(new, "{}").await.unwrap() {
                LinkOutcome::Open(purchase) => purchase.uid,
                LinkOutcome::Authorized => "authorized".to_owned(),
                LinkOutcome::ReferenceCompleted => "completed".to_owned(),
            }
        }
    };
    for (label, uid, payload, expected) in [
        ("new", "pur_1", 1, "pur_1"),
        ("same payload", "pur_2", 1, "pur_1"),
        ("another payload takes its place", "pur_3", 2, "pur_3"),
        ("the first payload again", "pur_4", 1, "pur_4"),
    ] {
        assert_eq!(open(uid, payload).await, expected, "{label}");
    }
    db.purchases.insert_purchase(&purchase(&id, "pur_5", "completed")).await.unwrap();
    assert_eq!(open("pur_6", 1).await, "completed");
}

async fn a_purchase_is_released_from_one_state(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    for (n, (status, expected)) in [
        ("authorized", ReleaseOutcome::Released),
        ("released", ReleaseOutcome::Released),
        ("open", ReleaseOutcome::InvalidState),
        ("cancelled", ReleaseOutcome::InvalidState),
    ]
    .into_iter()
    .enumerate()
    {
        let uid = format!("pur_{n}");
        db.purchases.insert_purchase(&purchase(&id, &uid, status)).await.unwrap();
        for _ in 0..2 {
            assert_eq!(db.purchases.release(&id, MODE, &uid, &untold).await.unwrap(), expected, "{status}");
        }
        assert_eq!(db.purchases.release(&id, Mode::Live, &uid, &untold).await.unwrap(), ReleaseOutcome::NotFound);
    }
}

async fn a_credit_never_exceeds_its_purchase(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    db.purchases.insert_purchase(&purchase(&id, "pur_1", "authorized")).await.unwrap();
    db.purchases.insert_purchase(&purchase(&id, "pur_2", "cancelled")).await.unwrap();
    let credit = |uid: &str, amount_cents, key: Option<&'static str>| {
        let credit = NewCredit { merchant: id.clone(), mode: MODE, uid: uid.into(), amount_cents, now: now() };
        let purchases = db.purchases.clone();
        async move {
            let key = key.map(|key| idempotency(key, 1));
            let render = |made: &tollgate::storage::Credit| answered(made.credited_cents);
            match purchases.credit_by_transfer(credit, key, &render, &untold).await.unwrap() {
                CreditOutcome::Booked(Created::New(answer)) => answer.body,
                CreditOutcome::Booked(Created::Replayed(answer)) => format!("again {}", answer.body),
                CreditOutcome::Booked(Created::Mismatch) => "mismatch".into(),
                CreditOutcome::Exceeds => "exceeds".into(),
                CreditOutcome::InvalidState => "state".into(),
                CreditOutcome::NotFound => "none".into(),
            }
        }
    };
    for (uid, cents, key, expected) in [
        ("pur_1", 600, Some("k"), "600"),
        ("pur_1", 600, Some("k"), "again 600"),
        ("pur_1", 401, None, "exceeds"),
        ("pur_1", i64::MAX, None, "exceeds"),
        ("pur_1", 400, None, "1000"),
        ("pur_1", 1, None, "exceeds"),
        ("pur_2", 1, None, "state"),
        ("pur_3", 1, None, "none"),
    ] {
        assert_eq!(credit(uid, cents, key).await, expected, "{uid} {cents}");
    }
}

async fn an_item_is_found_by_number_or_code(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let number = db.orders.insert_item(&item(&id, 9)).await.unwrap();
    assert!(db.orders.insert_item(&item(&id, 9)).await.is_err(), "a code is one item's");
    for (wanted, found) in [
        (ItemRef::Id(number), true),
        (ItemRef::Code("GIFT".into()), true),
        (ItemRef::Id(number + 1), false),
        (ItemRef::Code("gift".into()), false),
    ] {
        let outcome = db.orders.create_order(order(&id, wanted.clone(), 1), None).await.unwrap();
        assert_eq!(matches!(outcome, OrderOutcome::Placed(_)), found, "{wanted:?}");
        assert_eq!(matches!(outcome, OrderOutcome::NoSuchItem), !found, "{wanted:?}");
    }
}

async fn an_order_takes_balance_and_stock_or_nothing(db: Backend) {
    let id = stored_merchant(&db, 1).await; // 100.00
    let number = db.orders.insert_item(&item(&id, 12)).await.unwrap();
    let dear = Item { code: "DEAR".into(), price: "60.00".into(), ..item(&id, 12) };
    let dear = db.orders.insert_item(&dear).await.unwrap();
    let place = |item, quantity, key: Option<u8>| {
        let (orders, new) = (db.orders.clone(), order(&id, ItemRef::Id(item), quantity));
        async move { orders.create_order(new, key.map(|body| idempotency("k", body))).await.unwrap() }
    };
    let OrderOutcome::Placed(first) = place(number, 3, Some(1)).await else { panic!("there is enough") };
    assert_eq!((first.item_id, first.quantity, first.status), (number, 3, OrderStatus::Completed));
    assert_eq!((first.codes.context.as_str(), first.codes.sealed.as_slice()), ("c", &[1, 0, 2][..]));
    assert!(matches!(place(number, 3, Some(1)).await, OrderOutcome::Repeated(order) if order.id == first.id));
    assert!(matches!(place(number, 3, Some(2)).await, OrderOutcome::Mismatch));
    assert!(matches!(place(number, 10, None).await, OrderOutcome::OutOfStock));
    assert!(matches!(place(dear, 2, None).await, OrderOutcome::InsufficientBalance));
    assert_eq!(db.vault.balance(&id, MODE).await.unwrap().as_deref(), Some("70.00"));
    assert_eq!(db.vault.balance(&id, Mode::Live).await.unwrap().as_deref(), Some("100.00"));
}

async fn orders_are_listed_as_asked(db: Backend) {
    use Direction::{Ascending, Descending};
    use OrderKey::{CreatedAt, Id};
    let id = stored_merchant(&db, 1).await;
    let item = ItemRef::Id(db.orders.insert_item(&item(&id, 9)).await.unwrap());
    let mut numbers = Vec::new();
    for at in [in_s(30), in_s(10), in_s(20)] {
        let new = tollgate::payments::NewOrder { created_at: at, ..order(&id, item.clone(), 1) };
        match db.orders.create_order(new, None).await.unwrap() {
            OrderOutcome::Placed(order) => numbers.push(order.id),
            other => panic!("{other:?}"),
        }
    }
    for (by, direction, limit, status, expected) in [
        (Id, Ascending, 9, None, &[0, 1, 2][..]),
        (Id, Descending, 2, None, &[2, 1]),
        (CreatedAt, Ascending, 9, None, &[1, 2, 0]),
        (CreatedAt, Descending, 9, Some(OrderStatus::Completed), &[0, 2, 1]),
        (CreatedAt, Descending, 9, Some(OrderStatus::Failed), &[]),
    ] {
        let listed = db.orders.list_orders(&id, MODE, OrderList { status, limit, by, direction }).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|order| order.id).collect();
        let expected: Vec<_> = expected.iter().map(|n| numbers[*n]).collect();
        assert_eq!(listed, expected, "{by:?} {direction:?} {status:?}");
    }
}
