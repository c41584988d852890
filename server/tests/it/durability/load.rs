//! A load of durable writes of every kind, what of it was acknowledged, and whether a server still knows that.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use serde_json::{Value, json};
use tollgate::rng::Rng;
use tollgate_challenge_signature::merchant::Signer;

use super::wire::{Done, Reply, Wire, basic};

/// What the first start of a data directory showed, as far as the load needs it.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) merchant: String,
    pub(crate) merchant_test: String,
    pub(crate) caibo: String,
    pub(crate) eighty_eight_pay: String,
    pub(crate) cardpluspay: String,
    pub(crate) signing: String,
    pub(crate) client: (String, String),
    pub(crate) person: (String, String),
    pub(crate) purchase: String,
    pub(crate) bought_for: (String, String),
    pub(crate) item: Value,
    signer: Arc<Signer>,
    rng: Rng,
}

/// Writes that were acknowledged with a success, and calls that were sent and may or may not have been done.
#[derive(Default, Clone)]
pub(super) struct Acknowledged {
    /// Keys that work.
    pub(super) issued: Vec<String>,
    /// Keys that were revoked, or rotated without overlap.
    pub(super) dead: Vec<String>,
    /// Checkout tokens that open their payment request.
    pub(super) grants: Vec<(String, String)>,
    /// Payment requests that are paid, each with a token that this killed.
    pub(super) paid: Vec<(String, String)>,
    /// Challenges that were redeemed.
    pub(super) redeemed: Vec<Answer>,
    /// Access tokens that work, and those that were revoked.
    pub(super) access_tokens: Vec<String>,
    pub(super) revoked_tokens: Vec<String>,
    /// Charges and orders by their `Idempotency-Key`, and the answer if one came.
    pub(super) charges: Vec<(String, Option<String>)>,
    pub(super) orders: Vec<(String, Option<String>)>,
}

/// An answered challenge.
#[derive(Clone)]
pub(crate) struct Answer {
    challenge: String,
    signature: String,
}

/// One kind of write, over and over.
pub(super) type Worker = fn(&Shop, &Wire, &str, usize, &mut Acknowledged) -> Option<()>;

pub(super) const WORKERS: [Worker; 6] = [keys, payments, challenges, charges, orders, tokens];

/// What an order costs, and what the merchant has at first, both in hundredths.
pub(crate) const PRICE: usize = 1000;
pub(crate) const BALANCE: usize = 150_000_000;

impl Shop {
    pub(crate) fn of(printed: &Value) -> Self {
        let text = |pointer| printed.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        let pair = |one, two| (text(one), text(two));
        Self {
            merchant: text("/merchant_id_live"),
            merchant_test: text("/merchant_id_test"),
            caibo: text("/caibo/api_key_test"),
            eighty_eight_pay: text("/88pay/api_key_test"),
            cardpluspay: text("/cardpluspay/api_key"),
            signing: text("/cardpluspay/signed_api_key"),
            client: pair("/alternative/client_id", "/alternative/client_secret"),
            person: pair("/panel/email", "/panel/password"),
            purchase: text("/pledg/purchase_uid"),
            bought_for: pair("/alternative/customer_id", "/alternative/invoice_id"),
            item: printed["cardpluspay"]["item_id"].clone(),
            signer: Arc::new(Signer::from_pkcs8_pem(&text("/cardpluspay/private_key_pem")).unwrap()),
            rng: Rng::system(),
        }
    }

    pub(crate) fn issue(&self) -> Value {
        let (scopes, allow): ([&str; 0], [&str; 0]) = ([], []);
        json!({ "key": { "issue": {
            "merchant": self.merchant, "dialect": "cardpluspay", "mode": "test", "scopes": scopes, "name": "",
            "expires_at": null, "allow": allow, "user": null,
        } } })
    }

    pub(crate) fn challenge(&self, wire: &Wire) -> Option<Answer> {
        let reply = wire.ask("POST /v1/auth/challenge", &[("x-api-key", &self.signing)], "")?;
        assert_eq!(reply.status, 200, "{reply:?}");
        let challenge = reply.text("/data/challenge");
        let signature = self.signer.sign(&challenge, &*self.rng.source()).unwrap();
        Some(Answer { challenge, signature })
    }

    pub(crate) fn redeem(&self, wire: &Wire, answer: &Answer) -> Option<Reply> {
        self.redeem_from(wire, answer, &[])
    }

    /// The same with more headers.
    pub(crate) fn redeem_from(&self, wire: &Wire, answer: &Answer, more: &[(&str, &str)]) -> Option<Reply> {
        let Answer { challenge, signature } = answer;
        let headers = [("x-api-key", &*self.signing), ("x-api-challenge", challenge), ("x-api-signature", signature)];
        wire.ask("GET /v1/balance", &[&headers, more].concat(), "")
    }

    /// A token and a session id for 88Pay.
    pub(crate) fn session(&self, wire: &Wire) -> Option<(String, String)> {
        let headers = [("x-api-key", &*self.eighty_eight_pay), ("x-merchant-id", &self.merchant_test)];
        let reply = wire.ask("POST /api/auth/token", &headers, "")?;
        assert_eq!(reply.status, 200, "{reply:?}");
        Some((format!("Bearer {}", reply.text("/data/access_token")), reply.text("/data/session_id")))
    }

    pub(crate) fn charge(wire: &Wire, session: &(String, String), call: &str) -> Option<Reply> {
        let headers = [("authorization", &*session.0), ("x-session-id", &session.1), ("idempotency-key", call)];
        let body = r#"{"flow":"PAYIN","method_code":"CARDS","amount":50000,"currency":"COP","country":"COL"}"#;
        wire.ask("POST /api/transactions/charges", &headers, body)
    }

    pub(crate) fn order(&self, wire: &Wire, call: &str) -> Option<Reply> {
        let body = json!({ "item_id": self.item, "quantity": 1, "email": "ana@shop.example" });
        let headers = [("x-api-key", &*self.cardpluspay), ("idempotency-key", call)];
        wire.ask("POST /v1/orders", &headers, &body.to_string())
    }

    pub(crate) fn request_payment(&self, wire: &Wire) -> Option<Reply> {
        wire.ask("POST /payment-requests", &[("x-api-key", &self.caibo)], r#"{"amount":49.90,"unit":"EUR"}"#)
    }

    pub(crate) fn mint(&self, wire: &Wire, request: &str) -> Option<Reply> {
        wire.ask(&format!("POST /payment-requests/{request}/checkout-session"), &[("x-api-key", &self.caibo)], "")
    }

    pub(crate) fn pay(&self, wire: &Wire, request: &str) -> Option<Reply> {
        let body = r#"{"method":"card","paymentToken":"tok_test_visa"}"#;
        wire.ask(&format!("POST /payment-requests/{request}/payments"), &[("x-api-key", &self.caibo)], body)
    }

    /// An access token of Alternative Payments.
    pub(crate) fn access_token(&self, wire: &Wire) -> Option<String> {
        let headers = [("authorization", &*basic(&self.client.0, &self.client.1)), FORM];
        let reply = wire.ask("POST /oauth/token", &headers, "grant_type=client_credentials")?;
        assert_eq!(reply.status, 200, "{reply:?}");
        Some(reply.text("/access_token"))
    }

    pub(crate) fn revoke_token(&self, wire: &Wire, token: &str) -> Option<Reply> {
        let headers = [("authorization", &*basic(&self.client.0, &self.client.1)), FORM];
        wire.ask("POST /oauth/revoke", &headers, &format!("token={token}"))
    }

    pub(crate) fn open_checkout(&self, wire: &Wire, token: &str) -> Option<Reply> {
        let (customer, invoice) = &self.bought_for;
        let body = json!({ "customer_id": customer, "invoice_id": invoice });
        wire.ask("POST /v1/checkout-auth/init", &[("authorization", &format!("Bearer {token}"))], &body.to_string())
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl Acknowledged {
    pub(super) fn add(&mut self, other: Self) {
        self.issued.extend(other.issued);
        self.dead.extend(other.dead);
        self.grants.extend(other.grants);
        self.paid.extend(other.paid);
        self.redeemed.extend(other.redeemed);
        self.access_tokens.extend(other.access_tokens);
        self.revoked_tokens.extend(other.revoked_tokens);
        self.charges.extend(other.charges);
        self.orders.extend(other.orders);
    }

    pub(super) fn len(&self) -> usize {
        let answered = |calls: &[(String, Option<String>)]| calls.iter().filter(|(_, answer)| answer.is_some()).count();
        self.issued.len()
            + 2 * self.dead.len()
            + self.grants.len()
            + 2 * self.paid.len()
            + self.redeemed.len()
            + self.revoked_tokens.len()
            + answered(&self.charges)
            + answered(&self.orders)
    }

    /// Asks a server for everything that was acknowledged; `spent` counts the orders of this data directory, those
    /// included whose first answer never came and which are repeated here.
    pub(super) fn holds(&self, shop: &Shop, wire: &Wire, spent: &mut usize) {
        let ask = |line: &str, header: (&str, &str)| wire.ask(line, &[header], "").unwrap();
        for key in &self.issued {
            assert_eq!(ask("GET /v1/orders", ("x-api-key", key)).status, 200, "an issued key works");
        }
        for key in &self.dead {
            assert_eq!(ask("GET /v1/orders", ("x-api-key", key)).status, 401, "a key that was ended is dead");
        }
        for (request, token) in &self.grants {
            let reply = ask(&format!("GET /payment-requests/{request}"), ("x-checkout-token", token));
            assert_eq!(reply.status, 200, "a checkout token that was given out opens: {reply:?}");
        }
        for (request, token) in &self.paid {
            let path = format!("GET /payment-requests/{request}");
            assert_eq!(ask(&path, ("x-api-key", &shop.caibo)).text("/status"), "paid");
            assert_eq!(shop.pay(wire, request).unwrap().status, 409, "what is paid is not paid again");
            assert_eq!(ask(&path, ("x-checkout-token", token)).status, 401, "its tokens are dead");
        }
        for answer in &self.redeemed {
            assert_eq!(shop.redeem(wire, answer).unwrap().status, 401, "a challenge is redeemed once");
        }
        for token in &self.access_tokens {
            assert_eq!(shop.open_checkout(wire, token).unwrap().status, 200, "a token of before still works");
        }
        for token in &self.revoked_tokens {
            assert_eq!(shop.open_checkout(wire, token).unwrap().status, 401, "a revoked token is dead");
        }
        let session = shop.session(wire).unwrap();
        let charge = |call: &str| Shop::charge(wire, &session, call).unwrap();
        repeat(&self.charges, "/data/reference", charge);
        repeat(&self.orders, "/data/id", |call| shop.order(wire, call).unwrap());
        *spent += self.orders.len() * PRICE;
        let left = BALANCE - *spent;
        let balance = ask("GET /v1/balance", ("x-api-key", &shop.cardpluspay)).text("/data/balance");
        assert_eq!(balance, format!("{}.{:02}", left / 100, left % 100), "every order is paid once");
    }
}

/// Repeats calls: those that were answered get the same answer, the others get one now, and no two share an object.
fn repeat(calls: &[(String, Option<String>)], object: &str, again: impl Fn(&str) -> Reply) {
    let mut objects = HashSet::new();
    for (call, answer) in calls {
        let reply = again(call);
        if let Some(answer) = answer {
            assert_eq!((&reply.body, reply.header("idempotency-replayed")), (answer, Some("true")), "{call}");
        }
        assert!(matches!(reply.status, 200 | 201), "{call}: {reply:?}");
        assert_eq!(again(call).body, reply.body, "{call}");
        assert!(objects.insert(reply.text(object)), "{call}: an object of its own");
    }
}

/// Runs a worker until the server breaks off; tells of each acknowledged write.
pub(super) fn work(shop: &Shop, wire: &Wire, worker: Worker, name: &str, told: &Sender<()>) -> Acknowledged {
    let mut known = Acknowledged::default();
    for turn in 0.. {
        if worker(shop, wire, name, turn, &mut known).is_none() || told.send(()).is_err() {
            break;
        }
    }
    known
}

/// Issues a key; leaves it, revokes it, or rotates it with and without overlap.
fn keys(shop: &Shop, wire: &Wire, _: &str, turn: usize, known: &mut Acknowledged) -> Option<()> {
    let (id, secret) = shown(wire.command(&shop.issue())?);
    if turn.is_multiple_of(4) {
        known.issued.push(secret);
        return Some(());
    }
    if turn % 4 == 1 {
        // Between the command and its answer the key may be dead or alive: it is in neither list.
        let revoked = wire.command(&json!({ "key": { "revoke": { "key": id } } }))?;
        assert!(matches!(revoked, Done::Record(ref record, None) if record["changed"] == true), "{revoked:?}");
        known.dead.push(secret);
        return Some(());
    }
    let overlap = if turn % 4 == 2 { 0 } else { 3600 };
    let (_, successor) = shown(wire.command(&json!({ "key": { "rotate": { "key": id, "overlap": overlap } } }))?);
    known.issued.push(successor);
    if overlap == 0 {
        known.dead.push(secret);
    } else {
        known.issued.push(secret);
    }
    Some(())
}

/// Makes a payment request and a checkout token; pays every other one.
fn payments(shop: &Shop, wire: &Wire, _: &str, turn: usize, known: &mut Acknowledged) -> Option<()> {
    let reply = shop.request_payment(wire)?;
    assert_eq!(reply.status, 201, "{reply:?}");
    let request = reply.text("/id");
    let reply = shop.mint(wire, &request)?;
    assert_eq!(reply.status, 201, "{reply:?}");
    let token = reply.text("/token");
    if turn.is_multiple_of(2) {
        known.grants.push((request, token));
        return Some(());
    }
    let reply = shop.pay(wire, &request)?;
    assert_eq!(reply.status, 200, "{reply:?}");
    known.paid.push((request, token));
    Some(())
}

/// Redeems a challenge.
fn challenges(shop: &Shop, wire: &Wire, _: &str, _: usize, known: &mut Acknowledged) -> Option<()> {
    let answer = shop.challenge(wire)?;
    let reply = shop.redeem(wire, &answer)?;
    assert_eq!(reply.status, 200, "{reply:?}");
    known.redeemed.push(answer);
    Some(())
}

fn charges(shop: &Shop, wire: &Wire, name: &str, turn: usize, known: &mut Acknowledged) -> Option<()> {
    let session = shop.session(wire)?;
    let call = format!("{name}-{turn}");
    known.charges.push((call.clone(), None));
    let reply = Shop::charge(wire, &session, &call)?;
    assert_eq!(reply.status, 200, "{reply:?}");
    known.charges.last_mut()?.1 = Some(reply.body);
    Some(())
}

fn orders(shop: &Shop, wire: &Wire, name: &str, turn: usize, known: &mut Acknowledged) -> Option<()> {
    let call = format!("{name}-{turn}");
    known.orders.push((call.clone(), None));
    let reply = shop.order(wire, &call)?;
    assert_eq!(reply.status, 201, "{reply:?}");
    known.orders.last_mut()?.1 = Some(reply.body);
    Some(())
}

/// Buys access tokens and revokes every other one.
fn tokens(shop: &Shop, wire: &Wire, _: &str, turn: usize, known: &mut Acknowledged) -> Option<()> {
    let token = shop.access_token(wire)?;
    if turn.is_multiple_of(2) {
        known.access_tokens.push(token);
        return Some(());
    }
    let reply = shop.revoke_token(wire, &token)?;
    assert_eq!(reply.status, 200, "{reply:?}");
    known.revoked_tokens.push(token);
    Some(())
}

/// Public id and text of a key that was made.
#[track_caller]
pub(crate) fn shown(done: Done) -> (String, String) {
    match done {
        Done::Record(record, Some(secret)) => (record["id"].as_str().unwrap().to_owned(), secret),
        other => panic!("{other:?}"),
    }
}
