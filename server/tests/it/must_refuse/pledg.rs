//! Pledg.

use serde_json::json;
use tollgate::account::{ClientDialect, KeyFamily};
use tollgate::auth::ListenerMode::{Live, Test};
use tollgate_apikey::Mode;

use super::{
    Refusal, Tokens, basic, bearer, expect_alike, expect_rows, forged, further_secret, let_expire, revoke, touched,
};
use crate::alternative::Client;
use crate::world::{Call, world};

const GRANT: &str = "grant_type=client_credentials";
const SECURED: &str = "/api/a_secured_endpoint";

fn refusal(status: u16, error: &str, description: &str) -> Refusal {
    Refusal {
        status,
        headers: vec![("content-type", "application/json"), ("cache-control", "no-store")],
        body: json!({ "error": error, "error_description": description }),
    }
}

fn invalid_client(challenge: &'static str) -> Refusal {
    refusal(401, "invalid_client", "Client authentication failed.").and("www-authenticate", challenge)
}

fn client() -> Refusal {
    invalid_client("Basic realm=\"pledg\", charset=\"UTF-8\"")
}

fn person() -> Refusal {
    invalid_client("Basic realm=\"pledg-dashboard\", charset=\"UTF-8\"")
}

fn token(challenge: &'static str) -> Refusal {
    refusal(401, "invalid_token", "The access token is missing or not valid.").and("www-authenticate", challenge)
}

fn signature() -> Refusal {
    refusal(401, "invalid_signature", "The signature is missing or not valid.")
        .and("www-authenticate", "Pledg-Signature realm=\"pledg\"")
        .and("referrer-policy", "no-referrer")
}

fn malformed() -> Refusal {
    refusal(400, "invalid_request", "The request is malformed.")
}

#[tokio::test]
async fn every_fault_of_a_client_and_of_its_token_looks_alike() {
    let world = world().await;
    let (id, secret) = (world.text("/pledg/key"), world.text("/pledg/secret"));
    let demo = Client { id: id.clone(), secret: secret.clone(), listener: Test };
    let buy = |client: &Client| client.sign(Call::post("/api/token")).form(GRANT);
    let old = world.send(buy(&demo)).await.member("access_token");
    world.advance(600);
    let family = KeyFamily::CLIENT_SECRET;
    let tokens = Tokens::buy(&world).await;
    let (revoked, revoked_id) = further_secret(&world, &id).await;
    let of_revoked =
        Client { secret: revoked.clone(), ..Client { id: id.clone(), secret: String::new(), listener: Test } };
    let dead = world.send(buy(&of_revoked)).await.member("access_token");
    revoke(&world, revoked_id).await;
    let (expired, expired_id) = further_secret(&world, &id).await;
    let_expire(&world, expired_id).await;
    let live = Client::make(&world, &world.merchant_id(), ClientDialect::Pledg, Mode::Live, "").await;
    let of_live = world.send(buy(&live)).await.member("access_token");
    let faults = [
        ("missing", Test, vec![]),
        ("malformed", Test, vec![("authorization", "Basic !".to_owned())]),
        ("unknown", Test, basic("client_test_Uv2Wx4Yz6Ab83ujbGm", &secret)),
        ("wrong secret", Test, basic(&id, &forged(family, demo.cid(), Mode::Test))),
        ("live client on the sandbox", Test, basic(&live.id, &live.secret)),
        ("test client on the live listener", Live, basic(&id, &secret)),
        ("expired", Test, basic(&id, &expired)),
        ("revoked", Test, basic(&id, &revoked)),
        (
            "Alternative client",
            Test,
            basic(&world.text("/alternative/client_id"), &world.text("/alternative/client_secret")),
        ),
        ("a person", Test, basic(&world.text("/panel/email"), &world.text("/panel/password"))),
        ("secret with a raw plus", Test, basic(&id, &format!("{secret}+"))),
        ("unpadded", Test, vec![("authorization", "Basic YTpiYw".to_owned())]),
        ("URL-safe", Test, vec![("authorization", "Basic YTpi-_8=".to_owned())]),
        ("wrapped", Test, vec![("authorization", format!("Basic {} {}", "QUFB".repeat(19), "QTpB"))]),
    ];
    expect_alike(&world, &[("POST", "/api/token", client())], &faults).await;

    let (wrong, unknown) = touched(&tokens.pledg);
    let faults = [
        ("malformed", Test, bearer("x")),
        ("unknown key name", Test, bearer(&unknown)),
        ("wrong signature", Test, bearer(&wrong)),
        ("other mode", Test, bearer(&of_live)),
        ("expired", Test, bearer(&old)),
        ("revoked", Test, bearer(&dead)),
        ("ES256 (88Pay)", Test, bearer(&tokens.session)),
        ("at+jwt", Test, bearer(&tokens.access)),
        ("checkout", Test, bearer(&tokens.checkout)),
        ("panel", Test, bearer(&tokens.panel)),
    ];
    let bad = token("Bearer realm=\"pledg\", error=\"invalid_token\"");
    expect_alike(&world, &[("GET", SECURED, bad)], &faults).await;
    let nothing = [("missing", Test, vec![]), ("the pair", Test, basic(&id, &secret))];
    expect_alike(&world, &[("GET", SECURED, token("Bearer realm=\"pledg\""))], &nothing).await;
    assert_eq!(world.send(Call::get(SECURED).bearer(&tokens.pledg)).await.status, 200);
}

#[tokio::test]
async fn every_fault_of_a_person_looks_alike_on_every_route() {
    let world = world().await;
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let purchase = world.text("/pledg/purchase_uid");
    let (release, credit) =
        (format!("/api/purchases/{purchase}/release"), format!("/api/purchases/{purchase}/credit_by_transfer"));
    let faults = [
        ("missing", Test, vec![]),
        ("malformed", Test, vec![("authorization", "Basic !".to_owned())]),
        ("unknown", Test, basic("nobody@demo-shop.example", &password)),
        ("wrong password", Test, basic(&email, "wrong")),
        ("no address", Test, basic("owner", &password)),
        ("a client's pair", Test, basic(&world.text("/pledg/key"), &world.text("/pledg/secret"))),
        ("a token", Test, bearer("x")),
    ];
    expect_alike(&world, &[("POST", &release, person()), ("POST", &credit, person())], &faults).await;
}

#[tokio::test]
async fn what_pledg_must_refuse() {
    let world = world().await;
    let pair = Client { id: world.text("/pledg/key"), secret: world.text("/pledg/secret"), listener: Test };
    let ask = || pair.sign(Call::post("/api/token"));
    let unsupported = refusal(400, "unsupported_grant_type", "Only client_credentials is supported.");
    let uid = world.text("/pledg/merchant_uid");
    let plain = format!("merchantUid={uid}&amountCents=1&currency=EUR");
    let beside = || malformed().and("referrer-policy", "no-referrer");
    let link = |query: &str| Call::post(&format!("/api/purchase_link/?{query}"));
    expect_rows(
        &world,
        vec![
            ("grant missing", ask().form("a=b"), malformed()),
            ("grant repeated", ask().form(&format!("{GRANT}&{GRANT}")), malformed()),
            ("grant password", ask().form("grant_type=password"), unsupported),
            ("JSON body", ask().json(&json!({ "grant_type": "client_credentials" })), malformed()),
            ("plain parameters only", link(&plain), signature()),
            ("plain parameters beside the signature", link(&format!("signature=x&{plain}")), beside()),
            ("empty signature", link("signature="), signature()),
            ("a signature that is none", link("signature=x"), signature()),
        ],
    )
    .await;
}
