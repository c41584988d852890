//! The endpoints that both OAuth dialects share: metadata, introspection, revocation.

use serde_json::json;
use tollgate::account::{CLIENT_ID, ClientDialect};
use tollgate::auth::{ListenerMode, PledgClaims};
use tollgate::payments::InvoiceStatus;
use tollgate_apikey::Mode;

use super::alternative::{Client, init, listener, oauth, read, second_merchant};
use super::world::{Answer, Call, SANDBOX, T0, World, world};

#[tokio::test]
async fn the_metadata_names_the_endpoints_of_this_listener() {
    let world = world().await;
    for (call, base) in [
        (Call::get("/.well-known/oauth-authorization-server"), SANDBOX),
        (Call::get("/.well-known/oauth-authorization-server").live(), super::world::LIVE),
    ] {
        let answer = world.send(call).await;
        let body = json!({
            "issuer": base,
            "token_endpoint": format!("{base}/oauth/token"),
            "jwks_uri": format!("{base}/.well-known/jwks.json"),
            "introspection_endpoint": format!("{base}/oauth/introspect"),
            "revocation_endpoint": format!("{base}/oauth/revoke"),
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        });
        answer.expect(base, 200, &body);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn a_client_sees_its_own_live_tokens() {
    let world = world().await;
    let all = Tokens::make(&world).await;
    let (alternative, pledg) = (&all.alternative, &all.pledg);
    let table = [
        ("access", alternative, &all.access, "alternative", 3600, Some("checkout:init"), true),
        ("checkout", alternative, &all.checkout, "alternative-checkout", 900, None, false),
        ("pledg", pledg, &all.pledg_access, "pledg", 600, None, true),
    ];
    for (label, client, token, audience, life, scope, subject) in table {
        let answer = introspect(&world, client, token).await;
        let mut body = json!({
            "active": true, "client_id": client.id, "aud": audience, "iss": SANDBOX, "iat": T0, "exp": T0 + life,
            "jti": read(token).1["jti"], "token_type": "Bearer",
        });
        let members = body.as_object_mut().unwrap();
        members.extend(scope.map(|scope| ("scope".to_owned(), json!(scope))));
        members.extend(subject.then(|| ("sub".to_owned(), json!(client.id))));
        answer.expect(label, 200, &body);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
    }
}

#[tokio::test]
async fn dead_and_foreign_tokens_are_inactive_and_nothing_more() {
    let world = world().await;
    let all = Tokens::make(&world).await;
    let merchant = world.merchant_id();
    let sibling = Client::make(&world, &merchant, ClientDialect::Alternative, Mode::Test, "checkout:init").await;
    let second = second_merchant(&world).await;
    let stranger = Client::make(&world, &second, ClientDialect::Alternative, Mode::Test, "checkout:init").await;
    let panel = world.log_in(ListenerMode::Test).await;
    let table = [
        ("garbage", &all.alternative, "x"),
        ("three parts", &all.alternative, "a.b.c"),
        ("very long", &all.alternative, &"x".repeat(60_000)),
        ("panel token", &all.alternative, &panel),
        ("altered", &all.alternative, &all.access[..all.access.len() - 1]),
        ("its own secret", &all.alternative, &all.alternative.secret),
        ("sibling's", &sibling, &all.access),
        ("stranger's", &stranger, &all.access),
        ("sibling's checkout", &sibling, &all.checkout),
        ("stranger's checkout", &stranger, &all.checkout),
        ("access token asked by Pledg", &all.pledg, &all.access),
        ("checkout token asked by Pledg", &all.pledg, &all.checkout),
        ("Pledg token asked by Alternative", &all.alternative, &all.pledg_access),
    ];
    for (label, client, token) in table {
        world.advance(1);
        let answer = introspect(&world, client, token).await;
        answer.expect(label, 200, &json!({ "active": false }));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
    }
    // Asking about dead tokens is nobody's failed login.
    for n in 0..40 {
        world.advance(1);
        introspect(&world, &all.alternative, "a.b.c").await.expect(&n.to_string(), 200, &json!({ "active": false }));
    }
    assert_eq!(world.send(Call::get("/checkout/invoice").bearer("x")).await.status, 401);

    let (invoices, invoice) = (&world.services.invoices, world.text("/alternative/invoice_id"));
    for (status, active) in [(InvoiceStatus::Paid, true), (InvoiceStatus::Archived, false)] {
        world.advance(1);
        invoices.set_invoice_status(&merchant, Mode::Test, &invoice, status).await.unwrap();
        assert_eq!(introspect(&world, &all.alternative, &all.checkout).await.json()["active"], active, "{status:?}");
    }
    world.advance(3600);
    for (client, token) in [(&all.alternative, &all.access), (&all.pledg, &all.pledg_access)] {
        introspect(&world, client, token).await.expect("expired", 200, &json!({ "active": false }));
    }
}

#[tokio::test]
async fn tokens_of_a_revoked_secret_are_inactive_for_the_clients_other_secret() {
    let world = world().await;
    let all = Tokens::make(&world).await;
    let demo = Client::demo(&world);
    let second = Client { secret: demo.another_secret(&world).await, ..Client::demo(&world) };
    world.advance(1);
    for token in [&all.access, &all.checkout] {
        assert_eq!(introspect(&world, &second, token).await.json()["active"], true);
    }
    demo.revoke(&world).await;
    assert_eq!(introspect(&world, &demo, &all.access).await.status, 401);
    for token in [&all.access, &all.checkout] {
        introspect(&world, &second, token).await.expect("dead", 200, &json!({ "active": false }));
    }
}

#[tokio::test]
async fn a_client_revokes_its_own_tokens_and_no_others() {
    let world = world().await;
    let all = Tokens::make(&world).await;
    let merchant = world.merchant_id();
    let sibling = Client::make(&world, &merchant, ClientDialect::Alternative, Mode::Test, "checkout:init").await;
    let is_active = async |client: &Client, token: &str| {
        world.advance(1);
        introspect(&world, client, token).await.json()["active"] == true
    };
    let expect_empty = |label: &str, answer: &Answer| {
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, ""), "{label}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
    };

    for (label, client, token) in [
        ("sibling", &sibling, &all.access),
        ("sibling's checkout", &sibling, &all.checkout),
        ("Pledg", &all.pledg, &all.access),
        ("Alternative", &all.alternative, &all.pledg_access),
    ] {
        world.advance(1);
        expect_empty(label, &revoke(&world, client, token).await);
    }
    assert!(is_active(&all.alternative, &all.access).await);
    assert!(is_active(&all.alternative, &all.checkout).await);
    assert!(is_active(&all.pledg, &all.pledg_access).await);

    let reference = world.send(Call::post("/v1/checkout-auth/init").bearer("x")).await;
    expect_empty("own", &revoke(&world, &all.alternative, &all.access).await);
    world.advance(1);
    assert!(!is_active(&all.alternative, &all.access).await);
    let refused = world.send(init(&world, &all.access)).await;
    assert_eq!(refused.comparable(), reference.comparable());
    assert!(is_active(&all.alternative, &all.checkout).await, "its checkout tokens live on");
    assert_eq!(world.send(Call::get("/checkout/invoice").bearer(&all.checkout)).await.status, 200);

    expect_empty("checkout", &revoke(&world, &all.alternative, &all.checkout).await);
    assert_eq!(world.send(Call::get("/checkout/invoice").bearer(&all.checkout)).await.status, 401);
    expect_empty("Pledg's own", &revoke(&world, &all.pledg, &all.pledg_access).await);
    assert!(!is_active(&all.pledg, &all.pledg_access).await);
    for (label, token) in [("twice", all.access.as_str()), ("unknown", "x"), ("not a token", "a.b.c")] {
        world.advance(1);
        expect_empty(label, &revoke(&world, &all.alternative, token).await);
    }
    assert!(world.services.ledger.revoked_tokens(world.now()).await.unwrap().len() == 3);
}

#[tokio::test]
async fn questions_are_read_strictly() {
    let world = world().await;
    let client = Client::demo(&world);
    let malformed = oauth("invalid_request", "The request is malformed.");
    let secret_too = format!("token=x&client_secret={}", client.secret);
    let table = [
        ("empty", ""),
        ("no token", "token_type_hint=access_token"),
        ("token without a value", "token="),
        ("token twice", "token=a&token=b"),
        ("hint twice", "token=a&token_type_hint=b&token_type_hint=c"),
        ("broken escape", "token=%z"),
        ("secret in the body, too", &secret_too),
    ];
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        for (label, form) in table {
            world.advance(1);
            let answer = world.send(client.sign(Call::post(path)).form(form)).await;
            answer.expect(label, 400, &malformed);
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
        }
        world.advance(1);
        let json = client.sign(Call::post(path)).json(&json!({ "token": "x" }));
        world.send(json).await.expect("JSON", 400, &malformed);
        let token = client.token(&world).await;
        let bearer = world.send(Call::post(path).bearer(&token).form("token=x")).await;
        bearer.expect("a token is no client", 401, &oauth("invalid_client", "Client authentication failed."));
        let hinted = client.sign(Call::post(path)).form("token=x&token_type_hint=refresh_token");
        assert_eq!(world.send(hinted).await.status, 200, "{path}: hints are ignored");
        let answer = world.send(Call::get(path)).await;
        answer.expect("GET", 405, &oauth("method_not_allowed", "Method not allowed."));
        assert_eq!(answer.header("allow"), Some("POST"));
    }
}

/// A live token of each kind, and the clients they belong to.
struct Tokens {
    alternative: Client,
    pledg: Client,
    access: String,
    checkout: String,
    pledg_access: String,
}

impl Tokens {
    async fn make(world: &World) -> Self {
        let alternative = Client::demo(world);
        let pledg =
            Client { id: world.text("/pledg/key"), secret: world.text("/pledg/secret"), listener: ListenerMode::Test };
        let access = alternative.token(world).await;
        let checkout = world.send(init(world, &access)).await.member("token");
        assert_eq!(CLIENT_ID.parse(&pledg.id).unwrap().mode(), Mode::Test);
        let claims = PledgClaims { sub: pledg.id.clone(), cid: pledg.cid().as_str().to_owned(), merchants: Vec::new() };
        let fill = |bytes: &mut [u8]| world.services.rng.fill(bytes);
        let pledg_access =
            listener(world, SANDBOX).rings(world.now()).pledg.keys().issue(&claims, world.now(), fill).unwrap();
        Self { alternative, pledg, access, checkout, pledg_access: pledg_access.expose_secret().to_owned() }
    }
}

async fn introspect(world: &World, client: &Client, token: &str) -> Answer {
    world.send(client.sign(Call::post("/oauth/introspect")).form(&format!("token={token}"))).await
}

async fn revoke(world: &World, client: &Client, token: &str) -> Answer {
    world.send(client.sign(Call::post("/oauth/revoke")).form(&format!("token={token}"))).await
}
