//! Client secrets of both OAuth dialects.

use tollgate::account::{ClientDialect, KeyFamily};
use tollgate::administration::{Error, Page, parse_allow_list};
use tollgate_apikey::{KeyId, Mode};

use super::{administration, bearer, buy, operator, overlap, token};
use crate::world::{Call, World, world};

/// The dialect, its scopes, where it sells tokens, and a call that a token opens.
const DIALECTS: [(ClientDialect, &str, &str); 2] =
    [(ClientDialect::Alternative, "checkout:init", "/oauth/token"), (ClientDialect::Pledg, "", "/api/token")];

/// A call with an access token that is 401 without a good one, and something else with it.
pub(super) fn with_token(dialect: ClientDialect, token: &str) -> Call {
    match dialect {
        ClientDialect::Alternative => bearer(Call::post("/v1/checkout-auth/init").raw_json("{}"), token),
        ClientDialect::Pledg => bearer(Call::get("/api/a_secured_endpoint"), token),
    }
}

async fn client(world: &World, dialect: ClientDialect, scopes: &str) -> (String, KeyId, String) {
    let (id, secret) = world.make_client(&world.merchant_id(), dialect, Mode::Test, scopes).await;
    let client = administration(world).client_by_text(Mode::Test, &id).await.unwrap().unwrap();
    (id, client.id, secret)
}

#[tokio::test]
async fn both_secrets_work_until_the_last_second_of_the_overlap() {
    for (dialect, scopes, path) in DIALECTS {
        let world = world().await;
        let (id, client, old) = client(&world, dialect, scopes).await;
        let bought = token(&world.send(buy(path, &id, &old)).await);
        let new = administration(&world).rotate_client_secret(&operator(), client, overlap(60)).await.unwrap();
        assert_eq!(new.record.scopes.to_string(), scopes);
        let new = new.text.expose_secret();
        for (after, expected) in [(0, 200), (59, 200), (1, 401)] {
            world.advance(after);
            assert_eq!(world.send(buy(path, &id, &old)).await.status, expected, "{path}: {after} s later");
            assert_eq!(world.send(buy(path, &id, new)).await.status, 200, "{path}: {after} s later");
        }
        assert_ne!(world.send(with_token(dialect, &bought)).await.status, 401, "{path}: its token runs out (L4)");
    }
}

#[tokio::test]
async fn a_killed_secret_takes_its_tokens_with_it_at_once() {
    for (dialect, scopes, path) in DIALECTS {
        for how in ["rotated without overlap", "secret revoked", "client revoked"] {
            let world = world().await;
            let (id, client, secret) = client(&world, dialect, scopes).await;
            let bought = token(&world.send(buy(path, &id, &secret)).await);
            assert_ne!(world.send(with_token(dialect, &bought)).await.status, 401, "{path}: {how}");
            let (administration, actor) = (administration(&world), operator());
            match how {
                "rotated without overlap" => {
                    let new = administration.rotate_client_secret(&actor, client, overlap(0)).await.unwrap();
                    assert_eq!(world.send(buy(path, &id, new.text.expose_secret())).await.status, 200, "{path}");
                }
                "secret revoked" => {
                    let cid = KeyFamily::CLIENT_SECRET.format.parse(&secret).unwrap().id();
                    assert!(administration.revoke_client_secret(&actor, cid).await.unwrap());
                }
                _ => {
                    assert!(administration.revoke_client(&actor, client).await.unwrap());
                    assert!(!administration.revoke_client(&actor, client).await.unwrap(), "it was before");
                    let refused = administration.rotate_client_secret(&actor, client, overlap(60)).await;
                    assert!(matches!(refused, Err(Error::NotUsable)), "nothing leads back (L1)");
                }
            }
            assert_eq!(world.send(buy(path, &id, &secret)).await.status, 401, "{path}: {how}");
            assert_eq!(world.send(with_token(dialect, &bought)).await.status, 401, "{path}: {how}");
        }
    }
}

#[tokio::test]
async fn the_address_list_of_a_secret_binds_its_tokens_and_is_inherited() {
    for (dialect, scopes, path) in DIALECTS {
        let world = world().await;
        let (id, client, secret) = client(&world, dialect, scopes).await;
        let bought = token(&world.send(buy(path, &id, &secret)).await);
        let cid = KeyFamily::CLIENT_SECRET.format.parse(&secret).unwrap().id();
        let list = parse_allow_list(["198.51.100.7"]).unwrap();
        administration(&world).set_key_ip_list(&operator(), cid, list).await.unwrap();
        assert_eq!(world.send(with_token(dialect, &bought)).await.status, 403, "{path}");
        let new = administration(&world).rotate_client_secret(&operator(), client, overlap(0)).await.unwrap();
        let call = || buy(path, &id, new.text.expose_secret());
        assert_eq!(world.send(call()).await.status, 403, "{path}");
        assert_eq!(world.send(call().from([198, 51, 100, 7])).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn clients_and_their_secrets_are_listed_newest_first() {
    let world = world().await;
    let (_, client, _) = client(&world, ClientDialect::Pledg, "").await;
    let new = administration(&world).rotate_client_secret(&operator(), client, overlap(60)).await.unwrap();
    let secrets = administration(&world).client_secrets(client).await.unwrap();
    assert_eq!((secrets.len(), secrets[0].id), (2, new.record.id), "in the order they were made, also in one second");
    let page = Page::first(10);
    let clients = administration(&world).clients(&world.merchant_id(), Mode::Test, page).await.unwrap();
    assert_eq!(clients.iter().filter(|known| known.id == client).count(), 1);
    assert!(administration(&world).key(secrets[0].id).await.unwrap().is_none(), "a client secret is no key");
}
