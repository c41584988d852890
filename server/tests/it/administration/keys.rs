//! API keys of the three key dialects.

use time::Duration;
use tollgate::account::{Credential, KeyFamily, UserId};
use tollgate::administration::{Error, Issued, NewKey, Page, parse_allow_list};
use tollgate_apikey::{Mode, Scopes};
use tollgate_client_address::IpList;

use super::{actions, administration, operator, overlap};
use crate::world::{Call, World, world};

/// The family, a scope it knows, and a call that a key of it opens.
type Row = (KeyFamily, &'static str, fn(&World, &str) -> Call);

const FAMILIES: [Row; 3] = [
    (KeyFamily::CAIBO, "payment_requests:read", |_, key| Call::get("/auth/whoami").header("x-api-key", key)),
    (KeyFamily::EIGHTY_EIGHT_PAY, "balance:read", |world, key| {
        let merchant = world.text("/merchant_id_test");
        Call::post("/api/auth/token").header("x-api-key", key).header("x-merchant-id", merchant)
    }),
    (KeyFamily::CARDPLUSPAY, "balance:read", |_, key| Call::get("/v1/balance").header("x-api-key", key)),
];

fn new_key(world: &World, family: KeyFamily, scopes: &str) -> NewKey {
    NewKey {
        merchant: world.merchant_id(),
        user: None,
        family,
        mode: Mode::Test,
        scopes: Scopes::parse(scopes).unwrap(),
        ip_list: IpList::unrestricted(),
        name: "till 7".to_owned(),
        expires_at: None,
    }
}

async fn issue(world: &World, new: NewKey) -> Issued<Credential> {
    administration(world).issue_key(&operator(), new).await.unwrap()
}

#[track_caller]
fn text(issued: &Issued<Credential>) -> &str {
    issued.text.expose_secret()
}

#[tokio::test]
async fn a_rotated_key_works_beside_its_successor_until_the_last_second_of_the_overlap() {
    for (family, scope, call) in FAMILIES {
        let world = world().await;
        let old = issue(&world, new_key(&world, family, scope)).await;
        assert_eq!(world.send(call(&world, text(&old))).await.status, 200, "{scope}: the cache is warm");
        let new = administration(&world).rotate_key(&operator(), old.record.id, overlap(60)).await.unwrap();
        assert_eq!(new.record.scopes.to_string(), scope);
        assert_eq!(new.record.name, "till 7");
        for (after, expected) in [(0, 200), (59, 200), (1, 401)] {
            world.advance(after);
            assert_eq!(world.send(call(&world, text(&old))).await.status, expected, "{scope}: {after} s later");
            assert_eq!(world.send(call(&world, text(&new))).await.status, 200, "{scope}: {after} s later");
        }
    }
}

#[tokio::test]
async fn without_overlap_and_when_revoked_a_key_is_dead_when_the_call_returns() {
    for (family, scope, call) in FAMILIES {
        let world = world().await;
        let [rotated, revoked] =
            [issue(&world, new_key(&world, family, scope)).await, issue(&world, new_key(&world, family, scope)).await];
        for key in [&rotated, &revoked] {
            assert_eq!(world.send(call(&world, text(key))).await.status, 200, "{scope}: the cache is warm");
        }
        let administration = administration(&world);
        let new = administration.rotate_key(&operator(), rotated.record.id, overlap(0)).await.unwrap();
        assert!(administration.revoke_key(&operator(), revoked.record.id).await.unwrap());
        for key in [&rotated, &revoked] {
            assert_eq!(world.send(call(&world, text(key))).await.status, 401, "{scope}");
        }
        assert_eq!(world.send(call(&world, text(&new))).await.status, 200, "{scope}");
        assert!(!administration.revoke_key(&operator(), revoked.record.id).await.unwrap(), "it was before");
        for dead in [rotated.record.id, revoked.record.id] {
            let refused = administration.rotate_key(&operator(), dead, overlap(60)).await;
            assert!(matches!(refused, Err(Error::NotUsable)), "nothing leads back (L1)");
        }
    }
}

#[tokio::test]
async fn tokens_outlive_a_retiring_key_and_die_with_a_revoked_one() {
    let world = world().await;
    let (family, scope, buy) = FAMILIES[1];
    let old = issue(&world, new_key(&world, family, scope)).await;
    let bought = world.send(buy(&world, text(&old))).await.json();
    let with_token = || {
        Call::get("/api/balance")
            .header("authorization", format!("Bearer {}", bought["data"]["access_token"].as_str().unwrap_or_default()))
            .header("x-session-id", bought["data"]["session_id"].as_str().unwrap_or_default())
    };
    let before = world.send(with_token()).await;
    assert_eq!(before.status, 200, "{bought} {}", before.text());
    let administration = administration(&world);
    let _ = administration.rotate_key(&operator(), old.record.id, overlap(1)).await.unwrap();
    world.advance(2);
    assert_eq!(world.send(with_token()).await.status, 200, "it runs out (L4)");
    assert!(
        administration.revoke_key(&operator(), old.record.id).await.unwrap(),
        "an expired key may still be revoked"
    );
    assert_eq!(world.send(with_token()).await.status, 401, "it is killed (L4)");
}

#[tokio::test]
async fn an_expiry_caps_the_overlap_and_its_length_is_inherited() {
    let world = world().await;
    let (family, scope, call) = FAMILIES[0];
    let end = world.now() + Duration::seconds(100);
    let old = issue(&world, NewKey { expires_at: Some(end), ..new_key(&world, family, scope) }).await;
    world.advance(40);
    let new = administration(&world).rotate_key(&operator(), old.record.id, overlap(86_400)).await.unwrap();
    assert_eq!(new.record.lifecycle.expires_at(), Some(world.now() + Duration::seconds(100)), "as long a life (L2)");
    for (after, expected) in [(59, 200), (1, 401)] {
        world.advance(after);
        assert_eq!(world.send(call(&world, text(&old))).await.status, expected, "{after} s later");
    }
    for (after, expected) in [(39, 200), (1, 401)] {
        world.advance(after);
        assert_eq!(world.send(call(&world, text(&new))).await.status, expected, "{after} s later");
    }
}

#[tokio::test]
async fn the_address_list_of_a_key_counts_at_the_next_call_and_is_inherited() {
    for (family, scope, call) in FAMILIES {
        let world = world().await;
        let old = issue(&world, new_key(&world, family, scope)).await;
        assert_eq!(world.send(call(&world, text(&old)).from([203, 0, 113, 7])).await.status, 200, "{scope}");
        let list = parse_allow_list(["198.51.100.0/24"]).unwrap();
        administration(&world).set_key_ip_list(&operator(), old.record.id, list).await.unwrap();
        let new = administration(&world).rotate_key(&operator(), old.record.id, overlap(60)).await.unwrap();
        for key in [&old, &new] {
            assert_eq!(world.send(call(&world, text(key)).from([203, 0, 113, 7])).await.status, 403, "{scope}");
            assert_eq!(world.send(call(&world, text(key)).from([198, 51, 100, 7])).await.status, 200, "{scope}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_rotations_at_once_one_succeeds() {
    let world = world().await;
    let (family, scope, _) = FAMILIES[0];
    let id = issue(&world, new_key(&world, family, scope)).await.record.id;
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let administration = administration(&world).clone();
            tokio::spawn(async move { administration.rotate_key(&operator(), id, overlap(0)).await.map(|_| ()) })
        })
        .collect();
    let mut made = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(()) => made += 1,
            Err(error) => assert!(matches!(error, Error::NotUsable), "{error}"),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(actions(&world).await.iter().filter(|action| *action == "key.rotated").count(), 1);
}

#[tokio::test]
async fn a_key_that_does_not_fit_is_not_made_and_leaves_no_entry() {
    let world = world().await;
    let before = actions(&world).await;
    let good = || new_key(&world, KeyFamily::CAIBO, "");
    let stranger = UserId::parse("4711");
    let table = [
        ("a client secret", NewKey { family: KeyFamily::CLIENT_SECRET, ..good() }),
        ("a name too long", NewKey { name: "x".repeat(65), ..good() }),
        ("a name of two lines", NewKey { name: "a\nb".to_owned(), ..good() }),
        ("an end that is now", NewKey { expires_at: Some(world.now()), ..good() }),
        ("nobody's user", NewKey { user: stranger, ..good() }),
    ];
    for (label, new) in table {
        assert!(administration(&world).issue_key(&operator(), new).await.is_err(), "{label}");
    }
    assert_eq!(actions(&world).await, before);
}

#[tokio::test]
async fn lists_run_in_pages_from_the_newest_and_hold_no_client_secret() {
    let world = world().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        world.advance(1);
        made.push(issue(&world, new_key(&world, KeyFamily::CAIBO, "")).await.record.id);
    }
    made.reverse();
    let mut seen = Vec::new();
    let mut page = Page::first(2);
    loop {
        let keys = administration(&world).keys(&world.merchant_id(), Mode::Test, page).await.unwrap();
        assert!(keys.iter().all(|key| key.client.is_none()));
        let Some(last) = keys.last() else { break };
        page = Page::after(last.id.as_str(), 2);
        seen.extend(keys.iter().map(|key| key.id));
    }
    assert_eq!(seen[..5], made);
    let all = seen.iter().collect::<std::collections::HashSet<_>>();
    assert_eq!(all.len(), seen.len(), "no key is seen twice");
}
