//! A token and its session id.

use std::collections::HashSet;
use std::time::Duration;

use tollgate_apikey::Mode;

use super::{
    ALL_SCOPES, Account, BAD_BEARER, BALANCE, Pair, demo, error, expect_no_quota, issue, listener_of, peer,
    second_merchant, sid,
};
use crate::world::{Call, world};

const BEARER: &str = "Bearer realm=\"88pay\"";

#[tokio::test]
async fn a_token_works_with_its_own_session_at_its_own_listener_only() {
    let world = world().await;
    let other = second_merchant(&world).await;
    let mut accounts = Vec::new();
    for mode in [Mode::Test, Mode::Live] {
        let key = issue(&world, &other, mode, ALL_SCOPES).await;
        accounts.extend([demo(&world, mode), demo(&world, mode), Account { key, id: other.in_mode(mode), mode }]);
    }
    let mut pairs = Vec::new();
    for account in &accounts {
        pairs.push((account.mode, account.buy(&world).await));
    }
    let mut refused = HashSet::new();
    let mut passed = 0;
    for listener in [Mode::Test, Mode::Live] {
        for (row, (mode, token)) in pairs.iter().enumerate() {
            for (column, (_, session)) in pairs.iter().enumerate() {
                let label = format!("token {row}, session {column}, {listener:?} listener");
                let pair = Pair { token: token.token.clone(), session: session.session.clone() };
                let call = pair.sign(Call::get(BALANCE)).on(listener_of(listener)).from(peer(row * 10 + column));
                let answer = world.send(call).await;
                if row == column && *mode == listener {
                    assert_eq!(answer.status, 200, "{label}");
                    passed += 1;
                } else {
                    answer.expect(&label, 401, &error(401, "Unauthorized"));
                    assert_eq!(answer.header("www-authenticate"), Some(BAD_BEARER), "{label}");
                    expect_no_quota(&label, &answer);
                    refused.insert(answer.comparable());
                }
            }
        }
    }
    assert_eq!((passed, refused.len()), (6, 1));
}

#[tokio::test]
async fn a_missing_session_id_is_said_without_looking_at_the_token() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let live = demo(&world, Mode::Live).buy(&world).await;
    let ask = |token: &str| Call::get(BALANCE).header("authorization", format!("Bearer {token}"));
    let reference = world.send(ask(&pair.token)).await;
    reference.expect("a good token", 400, &error(400, "Missing required header: x-session-id"));
    assert_eq!(reference.header("www-authenticate"), None);
    expect_no_quota("a good token", &reference);
    world.advance(61);
    let table = [
        ("garbage", "x"),
        ("an expired token", &pair.token),
        ("a live token", &live.token),
        ("characters that no token has", "+/=~"),
    ];
    for (label, token) in table {
        assert_eq!(world.send(ask(token)).await.comparable(), reference.comparable(), "{label}");
    }
    let charge = world.send(ask("x").header("x-merchant-id", "x")).await;
    assert_eq!(charge.comparable(), reference.comparable());
}

#[tokio::test]
async fn a_session_id_has_one_spelling() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let session = pair.session.as_str();
    let uuid = &session[5..];
    let at = |position: usize, c: &str| format!("{}{c}{}", &session[..position], &session[position + 1..]);
    let table = [
        ("empty", String::new()),
        ("prefix only", "sess_".to_owned()),
        ("upper-case UUID", format!("sess_{}", uuid.to_ascii_uppercase())),
        ("upper-case prefix", format!("SESS_{uuid}")),
        ("no prefix", uuid.to_owned()),
        ("prefix twice", format!("sess_{session}")),
        ("no hyphens", format!("sess_{}", uuid.replace('-', ""))),
        ("braces", format!("sess_{{{uuid}}}")),
        ("version 1", at(19, "1")),
        ("another variant", at(24, "c")),
        ("not a hex digit", at(5, "g")),
        ("trailing blank", format!("{session} ")),
        ("leading blank", format!(" {session}")),
        ("trailing tab", format!("{session}\t")),
        ("quotes", format!("\"{session}\"")),
        ("one character less", session[..session.len() - 1].to_owned()),
        ("one character more", format!("{session}0")),
        ("its digest", sid(session)),
        ("somebody's", "sess_0f8fad5b-d9cb-469f-a165-70867728950e".to_owned()),
        ("very long", session.repeat(10)),
    ];
    for (label, text) in table {
        let pair = Pair { token: pair.token.clone(), session: text };
        let answer = world.send(pair.balance()).await;
        answer.expect(label, 401, &error(401, "Unauthorized"));
        assert_eq!(answer.header("www-authenticate"), Some(BAD_BEARER), "{label}");
    }
    assert_eq!(world.send(pair.balance()).await.status, 200);
}

#[tokio::test]
async fn the_challenge_names_a_bad_token_only_when_one_came() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let table = [
        ("nothing", None, BEARER),
        ("another scheme", Some("Basic dXNlcjpwYXNz".to_owned()), BEARER),
        ("the key's scheme", Some(format!("ApiKey {}", demo(&world, Mode::Test).key)), BEARER),
        ("a bad token", Some("Bearer x".to_owned()), BAD_BEARER),
        ("two blanks", Some(format!("Bearer  {}", pair.token)), BAD_BEARER),
        ("trailing blank", Some(format!("Bearer {} ", pair.token)), BAD_BEARER),
        ("quotes", Some(format!("Bearer \"{}\"", pair.token)), BAD_BEARER),
        ("a list", Some(format!("Bearer {}, Bearer x", pair.token)), BAD_BEARER),
    ];
    for (label, authorization, challenge) in table {
        for session in [Some(pair.session.as_str()), Some("x"), None] {
            let mut call = Call::get(BALANCE);
            if let Some(value) = &authorization {
                call = call.header("authorization", value);
            }
            if let Some(value) = session {
                call = call.header("x-session-id", value);
            }
            let answer = world.send(call).await;
            if session.is_none() && label == "a bad token" {
                assert_eq!(answer.status, 400, "{label}");
                continue;
            }
            answer.expect(label, 401, &error(401, "Unauthorized"));
            assert_eq!(answer.header("www-authenticate"), Some(challenge), "{label}");
            expect_no_quota(label, &answer);
        }
    }
    // The scheme has no case, and a pair may be used any number of times.
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let call = Call::get(BALANCE).header("authorization", format!("{scheme} {}", pair.token));
        assert_eq!(world.send(call.header("x-session-id", &pair.session)).await.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn a_token_lives_sixty_seconds_without_leeway() {
    let world = world().await;
    for mode in [Mode::Test, Mode::Live] {
        let pair = demo(&world, mode).buy(&world).await;
        let ask = || pair.balance().on(listener_of(mode));
        world.advance(59);
        assert_eq!(world.send(ask()).await.status, 200, "{mode:?} at 59 s");
        world.clock.advance(Duration::from_millis(999));
        assert_eq!(world.send(ask()).await.status, 200, "{mode:?} at 59.999 s");
        world.clock.advance(Duration::from_millis(1));
        world.send(ask()).await.expect("at 60 s", 401, &error(401, "Unauthorized"));
    }
}
