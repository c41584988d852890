//! No answer and no log line holds a secret: every route is driven with marked credentials, then everything that came
//! out is searched for them.

mod panel;

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::MakeWriter;

use super::world::{Answer, Call, World, world};

/// Collects what the program would have logged.
#[derive(Clone, Default)]
pub(crate) struct Log(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Captures everything this thread logs until the answer is dropped.
    pub(crate) fn capture(&self) -> (DefaultGuard, Dispatch) {
        let subscriber = || {
            tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false).with_writer(self.clone()).finish()
        };
        let guard = tracing::subscriber::set_default(subscriber());
        // Were it alone, a test on another thread that comes first to a place that logs would switch it off for all.
        (guard, Dispatch::new(subscriber()))
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

const PATHS: &[(&str, &str)] = &[
    ("POST", "/auth/login"),
    ("GET", "/auth/whoami"),
    ("PUT", "/users/1/apikey"),
    ("POST", "/payment-requests"),
    ("GET", "/payment-requests/1"),
    ("GET", "/payment-requests/1/status"),
    ("POST", "/payment-requests/1/payments"),
    ("POST", "/payment-requests/1/checkout-session"),
    ("POST", "/api/auth/token"),
    ("POST", "/api/transactions/charges"),
    ("GET", "/api/balance"),
    ("POST", "/api/token"),
    ("GET", "/api/a_secured_endpoint"),
    ("POST", "/api/purchases/pur_1/release"),
    ("POST", "/api/purchases/pur_1/credit_by_transfer"),
    ("POST", "/api/purchase_link"),
    ("POST", "/api/purchase_link/"),
    ("POST", "/oauth/token"),
    ("POST", "/oauth/introspect"),
    ("POST", "/oauth/revoke"),
    ("POST", "/v1/checkout-auth/init"),
    ("POST", "/checkout-auth/init"),
    ("GET", "/checkout/v1/invoice"),
    ("GET", "/checkout/invoice/pdf-link"),
    ("GET", "/checkout/v1/payment-methods"),
    ("POST", "/checkout/payments"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/v1/auth/challenge"),
    ("GET", "/v1/balance"),
    ("GET", "/v1/orders"),
    ("POST", "/v1/orders"),
    ("GET", "/main"),
    ("GET", "/sdk/v1/manifest.json"),
    ("GET", "/nothing"),
    ("GET", "//ambiguous"),
];

const HEADERS: &[&str] =
    &["x-api-key", "x-checkout-token", "authorization", "x-session-id", "x-merchant-id", "idempotency-key", "cookie"];

#[tokio::test]
async fn marked_secrets_come_back_in_no_refusal_and_no_log() {
    let log = Log::default();
    let _capture = log.capture();
    let world = world().await;

    // Every header, the query, the body and the path of every route carry the mark.
    let mark = "MARKEDSECRET4711";
    let body = json!({ "email": format!("{mark}@x.example"), "password": mark, "paymentToken": mark, mark: mark });
    let mut answers = Vec::new();
    for (method, path) in PATHS {
        for header in HEADERS {
            for value in [mark.to_owned(), format!("Bearer {mark}"), format!("Basic {mark}")] {
                let call = Call::method(method, &format!("{path}?token={mark}&{mark}={mark}"));
                answers.push(world.send(call.header(header, value).json(&body)).await);
            }
        }
        answers.push(world.send(Call::method(method, &format!("{path}/{mark}"))).await);
    }
    assert!(answers.iter().all(|answer| !answer.status.is_success() || answer.status == 200));
    search(&answers, &log, &[mark.to_owned()]);
}

#[tokio::test]
async fn real_secrets_come_back_only_where_they_are_given_out() {
    let log = Log::default();
    let _capture = log.capture();
    let world = world().await;
    let mut secrets: Vec<String> = [
        "/panel/password",
        "/caibo/api_key_test",
        "/caibo/api_key_live",
        "/caibo/webhook_secret",
        "/88pay/api_key_test",
        "/88pay/api_key_live",
        "/pledg/secret",
        "/pledg/signing_secret",
        "/alternative/client_secret",
        "/cardpluspay/api_key",
        "/cardpluspay/signed_api_key",
    ]
    .map(|pointer| world.text(pointer))
    .to_vec();

    // The flows that give secrets out; what they give must not be logged.
    let login = world.log_in(tollgate::auth::ListenerMode::Test).await;
    let checkout = world
        .send(Call::post("/payment-requests/1/checkout-session").header("x-api-key", world.text("/caibo/api_key_test")))
        .await;
    let checkout = checkout.json()["token"].as_str().unwrap().to_owned();
    let pair = buy(&world).await;
    let (token, session) = (
        pair.json()["data"]["access_token"].as_str().unwrap().to_owned(),
        pair.json()["data"]["session_id"].as_str().unwrap().to_owned(),
    );
    let regenerated = world.send(Call::put("/users/1/apikey").header("authorization", format!("Bearer {login}"))).await;
    let new_key: String = serde_json::from_slice(&regenerated.body).unwrap();

    let basic = format!("{}:{}", world.text("/alternative/client_id"), world.text("/alternative/client_secret"));
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, basic);
    let access = world
        .send(
            Call::post("/oauth/token")
                .header("authorization", format!("Basic {basic}"))
                .header("content-type", "application/x-www-form-urlencoded")
                .body("grant_type=client_credentials"),
        )
        .await;
    let access = access.json()["access_token"].as_str().unwrap().to_owned();
    let ids = json!({
        "customer_id": world.text("/alternative/customer_id"), "invoice_id": world.text("/alternative/invoice_id"),
    });
    let browser = Call::post("/checkout-auth/init").header("authorization", format!("Bearer {access}")).json(&ids);
    let browser = world.send(browser).await.json()["token"].as_str().unwrap().to_owned();
    secrets.extend([basic, access, browser]);

    // Every credential on every route, right and wrong places alike.
    secrets.extend([login, checkout, token, session, new_key]);
    let mut answers = Vec::new();
    for (method, path) in PATHS {
        for secret in &secrets {
            for header in HEADERS {
                for value in [secret.clone(), format!("Bearer {secret}")] {
                    answers.push(world.send(Call::method(method, path).header(header, value)).await);
                }
            }
        }
    }
    // A regenerated key is given out once, in the answer to its own call: no other answer holds any of them.
    let given = |answer: &Answer| answer.status == 200 && answer.text().starts_with("\"caibo_");
    answers.retain(|answer| !given(answer) && answer.json_or_null()["data"]["access_token"].is_null());
    answers.retain(|answer| answer.json_or_null()["token"].is_null());
    search(&answers, &log, &secrets);
}

async fn buy(world: &World) -> Answer {
    world
        .send(
            Call::post("/api/auth/token")
                .header("x-api-key", world.text("/88pay/api_key_test"))
                .header("x-merchant-id", world.text("/merchant_id_test")),
        )
        .await
}

impl Answer {
    fn json_or_null(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[track_caller]
fn search(answers: &[Answer], log: &Log, secrets: &[String]) {
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.lines().count() >= answers.len(), "the log was captured");
    for secret in secrets {
        assert!(!log.contains(secret.as_str()), "a log line holds a secret: {:?}", line_with(&log, secret));
        for answer in answers {
            assert!(!answer.text().contains(secret.as_str()), "an answer holds a secret: {}", answer.text());
            for (name, value) in &answer.headers {
                assert!(!value.to_str().unwrap_or_default().contains(secret.as_str()), "{name} holds a secret");
            }
        }
    }
}

fn line_with<'l>(log: &'l str, secret: &str) -> Option<&'l str> {
    log.lines().find(|line| line.contains(secret))
}
