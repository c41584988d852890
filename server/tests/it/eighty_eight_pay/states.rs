//! The states of merchant and key.

use std::time::Duration;

use serde_json::json;
use tollgate::account::MerchantStatus;
use tollgate_apikey::Mode;
use tollgate_client_address::{Cidr, IpList};

use super::{
    ALL_SCOPES, Account, BAD_BEARER, Bench, HOME, NO_KEY, Pair, charge, demo, error, expect_quota, issue, issue_to,
    listener_of, replace, revoke, user,
};
use crate::world::{T0, world};

#[tokio::test]
async fn the_merchants_state_counts_at_every_use() {
    let world = world().await;
    let (test, live) = (demo(&world, Mode::Test), demo(&world, Mode::Live));
    let (test_pair, live_pair) = (test.buy(&world).await, live.buy(&world).await);
    let inside = IpList::only(vec![Cidr::parse("203.0.113.0/24").unwrap(), Cidr::parse("2001:db8::/32").unwrap()]);
    let (anywhere, inside) = (IpList::unrestricted(), inside.unwrap());
    let (home, away) = ([203, 0, 113, 7], [198, 51, 100, 7]);
    let suspended = Some("Account suspended");
    let (unverified, address) = (Some("Account not verified"), Some("IP not allowed"));
    let table = [
        ("suspended", MerchantStatus::Suspended, &anywhere, home, suspended, suspended),
        ("suspended and elsewhere", MerchantStatus::Suspended, &inside, away, suspended, suspended),
        ("pending", MerchantStatus::PendingKyc, &anywhere, home, None, unverified),
        ("pending and elsewhere", MerchantStatus::PendingKyc, &inside, away, address, unverified),
        ("on the list", MerchantStatus::Active, &inside, home, None, None),
        ("elsewhere", MerchantStatus::Active, &inside, away, address, address),
        ("active again", MerchantStatus::Active, &anywhere, away, None, None),
    ];
    let mut bought = [1, 1];
    for (label, status, list, from, in_test, in_live) in table {
        world.set_merchant(status, list.clone()).await;
        let modes = [(&test, &test_pair, in_test), (&live, &live_pair, in_live)];
        for (index, (account, pair, message)) in modes.into_iter().enumerate() {
            let label = format!("{label}, {:?}", account.mode);
            let on = listener_of(account.mode);
            let token = world.send(account.ask().from(from)).await;
            let balance = world.send(pair.balance().on(on).from(from)).await;
            let charge = world.send(pair.charge(&json!({})).on(on).from(from)).await;
            if let Some(message) = message {
                token.expect(&label, 403, &error(403, message));
                balance.expect(&label, 403, &error(403, message));
                charge.expect(&label, 403, &error(403, message));
                assert_eq!(token.header("www-authenticate"), None, "{label}");
            } else {
                bought[index] += 1;
                let statuses = [token.status.as_u16(), balance.status.as_u16(), charge.status.as_u16()];
                assert_eq!(statuses, [200, 200, 400], "{label}");
            }
            // The caller is known: the windows are shown, and a refusal was not debited.
            expect_quota(&label, &token, (10, 10 - bought[index], T0 + 60));
            assert!(balance.header("x-ratelimit-limit").is_some(), "{label}");
        }
    }
    world.set_merchant(MerchantStatus::Active, inside).await;
    for (label, forwarded, status) in [("v6 on the list", "2001:db8::7", 200), ("v6 elsewhere", "2001:db9::7", 403)] {
        let call = test_pair.balance().from([10, 0, 0, 1]).header("x-forwarded-for", forwarded);
        assert_eq!(world.send(call).await.status.as_u16(), status, "{label}");
    }
}

#[tokio::test]
async fn a_keys_own_list_counts_beside_the_merchants() {
    let bench = Bench::new().await;
    let list = |entry| IpList::only(vec![Cidr::parse(entry).unwrap()]).unwrap();
    let key = bench.key(|record| record.ip_list = list("203.0.113.0/24")).await;
    let pair = Pair::of(&bench.ask(&key, [203, 0, 113, 7]).await);
    let denied = error(403, "IP not allowed");
    bench.ask(&key, [198, 51, 100, 7]).await.expect("token, elsewhere", 403, &denied);
    bench.balance(&pair, [198, 51, 100, 7]).await.expect("use, elsewhere", 403, &denied);
    assert_eq!(bench.balance(&pair, [203, 0, 113, 200]).await.status, 200);

    let mut merchant = bench.services.vault.merchant(&bench.merchant).await.unwrap().unwrap();
    merchant.ip_list = list("203.0.113.0/25");
    bench.services.vault.update_merchant(&merchant).await.unwrap();
    bench.services.records.forget_merchant(&bench.merchant);
    assert_eq!(bench.balance(&pair, [203, 0, 113, 7]).await.status, 200, "on both lists");
    bench.balance(&pair, [203, 0, 113, 200]).await.expect("on the key's only", 403, &denied);
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say() {
    let world = world().await;
    let table = [("balance:read", 200, 403), ("charges:write", 403, 200), (ALL_SCOPES, 200, 200), ("", 403, 403)];
    for (scopes, balance, charge_status) in table {
        let key = issue(&world, &world.merchant_id(), Mode::Test, scopes).await;
        let pair = Account { key, ..demo(&world, Mode::Test) }.buy(&world).await;
        let answers = [world.send(pair.balance()).await, world.send(pair.charge(&charge())).await];
        for (answer, status) in answers.iter().zip([balance, charge_status]) {
            assert_eq!(answer.status.as_u16(), status, "{scopes:?}: {}", answer.text());
            assert_eq!(answer.header("x-ratelimit-limit"), Some("60"), "{scopes:?}");
            if status == 403 {
                answer.expect(scopes, 403, &error(403, "Permission denied"));
            }
        }
    }
}

#[tokio::test]
async fn revoking_a_key_kills_its_tokens_at_once_and_no_others() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let key = issue(&world, &world.merchant_id(), Mode::Test, ALL_SCOPES).await;
    let revoked = Account { key, ..account.clone() };
    let (dies, lives) = (revoked.buy(&world).await, account.buy(&world).await);
    assert_eq!(world.send(dies.balance()).await.status, 200);
    revoke(&world, &revoked.key).await;
    for call in [dies.balance(), dies.charge(&charge())] {
        let answer = world.send(call).await;
        answer.expect("token of the revoked key", 401, &error(401, "Unauthorized"));
        assert_eq!(answer.header("www-authenticate"), Some(BAD_BEARER));
    }
    world.send(revoked.ask()).await.expect("the revoked key", 401, &error(401, NO_KEY));
    assert_eq!(world.send(lives.balance()).await.status, 200);
    assert_eq!(world.send(account.ask()).await.status, 200);
}

#[tokio::test]
async fn a_rotation_without_overlap_kills_key_and_tokens() {
    let world = world().await;
    let user = user(&world).await;
    let old = Account { key: issue_to(&world, &user).await, ..demo(&world, Mode::Test) };
    let pair = old.buy(&world).await;
    let new = Account { key: replace(&world, &user, 0).await, ..old.clone() };
    world.send(pair.balance()).await.expect("old token", 401, &error(401, "Unauthorized"));
    world.send(old.ask()).await.expect("old key", 401, &error(401, NO_KEY));
    let pair = new.buy(&world).await;
    assert_eq!(world.send(pair.balance()).await.status, 200);
}

#[tokio::test]
async fn a_retiring_key_works_until_its_deadline_and_its_tokens_run_out_normally() {
    let world = world().await;
    let user = user(&world).await;
    let old = Account { key: issue_to(&world, &user).await, ..demo(&world, Mode::Test) };
    let new = Account { key: replace(&world, &user, 86_400).await, ..old.clone() };
    world.advance(86_399);
    let pair = old.buy(&world).await;
    assert_eq!(world.send(new.ask()).await.status, 200, "both buy tokens meanwhile");
    world.advance(1);
    world.send(old.ask()).await.expect("at the deadline", 401, &error(401, NO_KEY));
    assert_eq!(world.send(new.ask()).await.status, 200, "the new one stays");
    world.advance(58);
    assert_eq!(world.send(pair.balance()).await.status, 200, "59 s after it was bought");
    world.advance(1);
    world.send(pair.balance()).await.expect("60 s after it was bought", 401, &error(401, "Unauthorized"));
}

#[tokio::test]
async fn a_key_with_an_expiry_works_until_then_and_its_tokens_run_out_normally() {
    let bench = Bench::new().await;
    let expires_at = bench.clock.now() + time::Duration::seconds(100);
    let key = bench.key(|record| record.lifecycle = record.lifecycle.clone().expiring_at(expires_at)).await;
    bench.clock.advance(Duration::from_secs(99));
    let pair = bench.buy(&key).await;
    bench.clock.advance(Duration::from_secs(1));
    bench.ask(&key, HOME).await.expect("at its expiry", 401, &error(401, NO_KEY));
    bench.clock.advance(Duration::from_secs(58));
    assert_eq!(bench.balance(&pair, HOME).await.status, 200);
    bench.clock.advance(Duration::from_secs(1));
    bench.balance(&pair, HOME).await.expect("token at 60 s", 401, &error(401, "Unauthorized"));
}
