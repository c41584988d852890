//! `POST /oauth/token`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tollgate::account::{CLIENT_ID, ClientDialect, KeyFamily};
use tollgate::auth::ListenerMode;
use tollgate_apikey::Mode;

use super::{Client, GRANT, TOKEN, error, init, oauth, peer, read};
use crate::world::{Call, SANDBOX, T0, world};

#[tokio::test]
async fn id_and_secret_buy_an_access_token_for_an_hour() {
    let world = world().await;
    let client = Client::demo(&world);
    let table = [
        ("no scope named", GRANT.to_owned()),
        ("its scope", format!("{GRANT}&scope=checkout%3Ainit")),
        ("scope without a value", format!("{GRANT}&scope=")),
        ("a parameter nobody knows", format!("{GRANT}&audience=x")),
    ];
    for (label, form) in table {
        let answer = world.send(client.sign(Call::post(TOKEN)).form(&form)).await;
        let token = answer.member("access_token");
        let body = json!({
            "access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "checkout:init",
        });
        answer.expect(label, 200, &body);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{label}");
        let (header, claims) = read(&token);
        assert!(header["kid"].as_str().unwrap().starts_with("alt-"), "{label}");
        assert_eq!(header, json!({ "alg": "ES256", "typ": "at+jwt", "kid": header["kid"] }), "{label}");
        let expected = json!({
            "iss": SANDBOX, "aud": "alternative", "sub": client.id, "client_id": client.id,
            "partner_id": world.text("/merchant_id_test"), "scope": "checkout:init", "env": "test",
            "cid": client.cid().as_str(), "iat": T0, "exp": T0 + 3600, "jti": claims["jti"],
        });
        assert_eq!(claims, expected, "{label}");
    }
}

#[tokio::test]
async fn every_client_that_is_not_good_gets_the_same_bytes() {
    let world = world().await;
    let demo = Client::demo(&world);
    let live =
        Client::make(&world, &world.merchant_id(), ClientDialect::Alternative, Mode::Live, "checkout:init").await;
    let pledg =
        Client { id: world.text("/pledg/key"), secret: world.text("/pledg/secret"), listener: ListenerMode::Test };
    let other = Client::make(&world, &world.merchant_id(), ClientDialect::Alternative, Mode::Test, "").await;
    let revoked = Client::make(&world, &world.merchant_id(), ClientDialect::Alternative, Mode::Test, "").await;
    revoked.revoke(&world).await;
    let absent = CLIENT_ID.mint(Mode::Test, |bytes| world.services.rng.fill(bytes)).unwrap();
    let fresh = KeyFamily::CLIENT_SECRET.format.mint(Mode::Test, |bytes| world.services.rng.fill(bytes)).unwrap();
    let basic = |id: &str, secret: &str| Some(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
    let mut wrapped = STANDARD.encode(format!("{}:{}", demo.id, demo.secret));
    wrapped.insert(76, ' ');
    let last = if demo.id.ends_with('0') { '1' } else { '0' };
    let table = [
        ("nothing", None),
        ("another scheme", Some("Bearer x".to_owned())),
        ("not base64", Some("Basic !".to_owned())),
        ("wrapped base64", Some(format!("Basic {wrapped}"))),
        ("no colon", Some(format!("Basic {}", STANDARD.encode(&demo.id)))),
        ("garbage", basic("x", "y")),
        ("unknown id", basic(absent.as_str(), &demo.secret)),
        ("unknown secret", basic(&demo.id, fresh.expose_secret())),
        ("unknown id and secret", basic(absent.as_str(), fresh.expose_secret())),
        ("wrong CRC of the id", basic(&format!("{}{last}", &demo.id[..demo.id.len() - 1]), &demo.secret)),
        ("id and secret swapped", basic(&demo.secret, &demo.id)),
        ("secret of another client", basic(&demo.id, &other.secret)),
        ("id of another client", basic(&other.id, &demo.secret)),
        ("an API key", basic(&demo.id, &world.text("/caibo/api_key_test"))),
        ("live client at the demo listener", basic(&live.id, &live.secret)),
        ("live id, test secret", basic(&live.id, &demo.secret)),
        ("Pledg client", basic(&pledg.id, &pledg.secret)),
        ("Pledg secret", basic(&demo.id, &pledg.secret)),
        ("revoked", basic(&revoked.id, &revoked.secret)),
        ("dashboard user", basic(&world.text("/panel/email"), &world.text("/panel/password"))),
    ];
    let reference = world.send(Call::post(TOKEN).form(GRANT).from([203, 0, 113, 1])).await;
    reference.expect("nothing", 401, &oauth("invalid_client", "Client authentication failed."));
    assert_eq!(reference.header("www-authenticate"), Some("Basic realm=\"oauth\", charset=\"UTF-8\""));
    assert_eq!(reference.header("cache-control"), Some("no-store"));
    for (n, (label, authorization)) in table.into_iter().enumerate() {
        for path in [TOKEN, "/oauth/introspect", "/oauth/revoke"] {
            if path != TOKEN && label == "Pledg client" {
                continue;
            }
            let mut call = Call::post(path).form(&format!("{GRANT}&token=x")).from(peer(n));
            if let Some(authorization) = &authorization {
                call = call.header("authorization", authorization);
            }
            assert_eq!(world.send(call).await.comparable(), reference.comparable(), "{label} at {path}");
        }
    }
    assert_eq!(world.send(demo.buy()).await.status, 200);
    assert_eq!(world.send(live.buy()).await.status, 200);
    let at_demo = Client { listener: ListenerMode::Live, ..demo };
    assert_eq!(world.send(at_demo.buy()).await.comparable(), reference.comparable());
    let mixed = Client { listener: ListenerMode::Any, ..live };
    assert_eq!(world.send(mixed.buy()).await.status, 401, "tokens of a mixed listener have the test mode");
}

#[tokio::test]
async fn token_requests_are_read_strictly() {
    let world = world().await;
    let client = Client::demo(&world);
    let malformed = oauth("invalid_request", "The request is malformed.");
    let grant = oauth("unsupported_grant_type", "Only client_credentials is supported.");
    let scope = oauth("invalid_scope", "The scope is not allowed.");
    let secret_too = format!("{GRANT}&client_id={}&client_secret={}", client.id, client.secret);
    let table = [
        ("empty", "", &malformed),
        ("no grant type", "scope=checkout%3Ainit", &malformed),
        ("grant type without a value", "grant_type=", &malformed),
        ("grant type twice", "grant_type=client_credentials&grant_type=client_credentials", &malformed),
        ("scope twice", "grant_type=client_credentials&scope=a&scope=b", &malformed),
        ("broken escape", "grant_type=%zz", &malformed),
        ("secret in the body, too", &secret_too, &malformed),
        ("password grant", "grant_type=password&username=a&password=b", &grant),
        ("refresh grant", "grant_type=refresh_token", &grant),
        ("upper case", "grant_type=CLIENT_CREDENTIALS", &grant),
        ("scope=admin", "grant_type=client_credentials&scope=admin", &scope),
        ("more than its scopes", "grant_type=client_credentials&scope=checkout%3Ainit+admin", &scope),
        ("two blanks", "grant_type=client_credentials&scope=checkout%3Ainit++checkout%3Ainit", &scope),
    ];
    for (label, form, body) in table {
        world.advance(1);
        let answer = world.send(client.sign(Call::post(TOKEN)).form(form)).await;
        answer.expect(label, 400, body);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
    }
    let json = client.sign(Call::post(TOKEN)).json(&json!({ "grant_type": "client_credentials" }));
    world.send(json).await.expect("JSON", 400, &malformed);
    let huge = client.sign(Call::post(TOKEN)).form(&format!("{GRANT}&x={}", "y".repeat(70_000)));
    world.send(huge).await.expect("huge", 400, &malformed);
    world.send(client.sign(client.buy())).await.expect("Authorization twice", 400, &malformed);
    let body_only = Call::post(TOKEN).form(&secret_too);
    assert_eq!(world.send(body_only).await.status, 401, "secret in the body only");
    let answer = world.send(Call::get(TOKEN)).await;
    answer.expect("GET", 405, &oauth("method_not_allowed", "Method not allowed."));
    assert_eq!(answer.header("allow"), Some("POST"));
    world.send(Call::get("/oauth/nothing")).await.expect("unknown", 404, &oauth("not_found", "Not found."));
}

#[tokio::test]
async fn a_client_gets_five_calls_a_second() {
    let world = world().await;
    let client = Client::demo(&world);
    let token = client.token(&world).await;
    let spent = [
        client.buy(),
        client.sign(Call::post("/oauth/introspect")).form("token=x"),
        client.sign(Call::post("/oauth/revoke")).form("token=x"),
        init(&world, &token),
    ];
    for call in spent {
        assert_eq!(world.send(call).await.status, 200);
    }
    let answer = world.send(client.buy()).await;
    answer.expect("sixth", 429, &oauth("rate_limited", "Too many requests."));
    assert_eq!(answer.header("retry-after"), Some("1"));
    let answer = world.send(init(&world, &token)).await;
    answer.expect("init", 429, &error("rate_limited", "too many requests"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    world.advance(1);
    assert_eq!(world.send(client.buy()).await.status, 200);
}
