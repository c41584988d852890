//! The signed request.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};
use time::Duration;
use tollgate::account::{MerchantId, SealedSecret, SecretPurpose};
use tollgate_apikey::{KeyId, Lifecycle, Mode, Overlap};
use tollgate_jwt_session::request::sign;

use super::{
    FORM, LINK, alias, credentials, expect_401, link, malformed, payload, peer, purchase, release, second_merchant,
    signed, text,
};
use crate::world::{Call, SANDBOX, T0, World, world};

const SIGNATURE: &str = "Pledg-Signature realm=\"pledg\"";

#[tokio::test]
async fn a_signed_payload_makes_one_purchase() {
    let world = world().await;
    let request = signed(&world, &payload(&world));
    let first = world.send(link(&request)).await;
    let (uid, url) = (text(&first, "uid"), text(&first, "url"));
    first.expect("first", 200, &json!({ "uid": uid, "reference": "ORDER-4711", "url": url }));
    assert!(uid.starts_with("pur_") && uid.len() == 40, "{uid}");
    assert!(url.starts_with(&format!("{SANDBOX}/p/")), "{url}");
    assert_eq!(first.header("cache-control"), Some("no-store"));
    assert_eq!(first.header("referrer-policy"), Some("no-referrer"));

    world.advance(60);
    let again = world.send(Call::post(&format!("{LINK}/?signature={request}")).body("amountCents=1")).await;
    assert_eq!(again.comparable(), first.comparable(), "with the slash, and the body is not read");

    let (email, password) = credentials(&world);
    let mut dearer = payload(&world);
    dearer["data"]["amountCents"] = json!(20_000);
    let second = world.send(link(&signed(&world, &dearer))).await;
    assert_eq!(second.status, 200);
    assert_ne!(text(&second, "uid"), uid, "another payload is another purchase");
    let former = world.send(release(&uid, &email, &password)).await;
    assert_eq!((former.status.as_u16(), former.json()["error"].as_str()), (409, Some("invalid_state")));

    let mut own = payload(&world);
    own["data"]["reference"] = json!("ORDER-4712");
    let elsewhere = world.send(link(&signed(&world, &own))).await;
    assert_ne!(text(&elsewhere, "uid"), text(&second, "uid"), "another reference");
    assert_eq!(text(&world.send(link(&signed(&world, &dearer))).await, "uid"), text(&second, "uid"));
}

#[tokio::test]
async fn calls_side_by_side_with_one_payload_make_one_purchase() {
    let world = Arc::new(world().await);
    let request = signed(&world, &payload(&world));
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (world, call) = (world.clone(), link(&request));
            tokio::spawn(async move { text(&world.send(call).await, "uid") })
        })
        .collect();
    let mut uids = HashSet::new();
    for call in calls {
        uids.insert(call.await.unwrap());
    }
    assert_eq!(uids.len(), 1);
}

#[tokio::test]
async fn a_completed_reference_is_used_up() {
    let world = world().await;
    let used = json!({ "error": "reference_completed", "error_description": "The reference was already completed." });
    for status in ["completed", "released"] {
        let uid = purchase(&world, &world.merchant_id(), Mode::Test, status).await;
        let mut again = payload(&world);
        again["data"]["reference"] = json!(uid);
        again["iat"] = json!(T0);
        world.send(link(&signed(&world, &again))).await.expect(status, 409, &used);
    }
    // References of another merchant, of the other mode and of cancelled purchases are free.
    let other = second_merchant(&world).await;
    for (label, merchant, mode, status) in [
        ("another merchant's", &other, Mode::Test, "completed"),
        ("of the other mode", &world.merchant_id(), Mode::Live, "completed"),
        ("cancelled", &world.merchant_id(), Mode::Test, "cancelled"),
    ] {
        let mut fresh = payload(&world);
        fresh["data"]["reference"] = json!(purchase(&world, merchant, mode, status).await);
        assert_eq!(world.send(link(&signed(&world, &fresh))).await.status, 200, "{label}");
    }
}

#[tokio::test]
async fn another_payload_does_not_end_an_authorized_purchase() {
    let world = world().await;
    let (email, password) = credentials(&world);
    let uid = purchase(&world, &world.merchant_id(), Mode::Test, "authorized").await;
    let mut other = payload(&world);
    other["data"]["reference"] = json!(uid);
    let refused = json!({ "error": "invalid_state", "error_description": "The purchase is not in a fitting state." });
    world.send(link(&signed(&world, &other))).await.expect("another payload", 409, &refused);
    assert_eq!(world.send(release(&uid, &email, &password)).await.status, 200, "it still waits for its release");
}

#[tokio::test]
async fn every_signature_that_is_not_good_gets_the_same_bytes() {
    let world = world().await;
    let good = payload(&world);
    let secret = world.text("/pledg/signing_secret");
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let of = |uid: String| {
        let mut changed = good.clone();
        changed["data"]["merchantUid"] = json!(uid);
        changed
    };
    let other = second_merchant(&world).await;
    let other_uid = format!("mer_{}", "0b54c1f2-6a0e-4c55-9a3e-0d6d1f4f7a11");
    world.services.vault.insert_alias(&other, Mode::Test, "mer", &other_uid).await.unwrap();
    let own = signed(&world, &good);
    let (signed_part, _) = own.rsplit_once('.').unwrap();
    let raw = |header: &str, payload: &str, algorithm| {
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let tag = hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let hs256 = |header: &str, payload: &str| raw(header, payload, hmac::HMAC_SHA256);
    let header = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    let json = good.to_string();
    let revoked = secret_of(&world, &world.merchant_id(), |lifecycle| {
        lifecycle.revoke(world.now()).unwrap();
    })
    .await;
    let foreign = secret_of(&world, &other, |_| {}).await;
    let table = [
        ("garbage", "x".to_owned()),
        ("cut short", own[..own.len() - 1].to_owned()),
        ("no MAC", format!("{signed_part}.")),
        ("wrong MAC", format!("{signed_part}.{}", "A".repeat(43))),
        ("another secret", sign(&good, None, b"another secret of enough bytes.......").unwrap()),
        ("a revoked secret", sign(&good, None, revoked.1.as_bytes()).unwrap()),
        ("another merchant's secret", sign(&good, None, foreign.1.as_bytes()).unwrap()),
        ("our secret for another merchant", signed(&world, &of(other_uid))),
        ("unknown merchant", signed(&world, &of("mer_11111111-2222-4333-8444-555555555555".to_owned()))),
        ("unknown merchant, the key of nobody", sign(&of("mer_x".to_owned()), None, &[0; 32]).unwrap()),
        ("the other mode's merchant", signed(&world, &of(alias(&world, Mode::Live).await))),
        ("a kid that names no secret", sign(&good, Some("nobody"), secret.as_bytes()).unwrap()),
        ("a kid that names another secret", sign(&good, Some(revoked.0.as_str()), secret.as_bytes()).unwrap()),
        ("alg none", hs256("{\"alg\":\"none\"}", &json)),
        ("HS512", raw("{\"alg\":\"HS512\",\"typ\":\"JWT\"}", &json, hmac::HMAC_SHA512)),
        ("another typ", hs256("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", &json)),
        ("jwk in the header", hs256("{\"alg\":\"HS256\",\"jwk\":{}}", &json)),
        ("exp as a string", signed(&world, &with("exp", json!((T0 + 60).to_string())))),
        ("exp as a fraction", hs256(header, &json.replacen('{', &format!("{{\"exp\":{}.0,", T0 + 60), 1))),
        ("exp is null", signed(&world, &with("exp", Value::Null))),
        ("5 s past exp", signed(&world, &with("exp", json!(T0 - 5)))),
        ("iat 6 s ahead", signed(&world, &with("iat", json!(T0 + 6)))),
        ("nbf 6 s ahead", signed(&world, &with("nbf", json!(T0 + 6)))),
        ("no data", signed(&world, &json!({ "merchantUid": good["data"]["merchantUid"] }))),
        ("data is a list", signed(&world, &json!({ "data": [good["data"]] }))),
        ("a notification", signed(&world, &with("transfer_order_item_uid", json!("tri_1")))),
        ("a notification, null", signed(&world, &with("transfer_order_item_uid", Value::Null))),
        ("duplicate member", hs256(header, &json.replacen('{', "{\"data\":{},", 1))),
        ("no merchant", signed(&world, &json!({ "data": { "amountCents": 1 } }))),
        ("merchant is a number", signed(&world, &json!({ "data": { "merchantUid": 1 } }))),
        ("over 8 KiB", format!("{own}{}", "A".repeat(9_000))),
        ("escaped", own.replace('.', "%2E")),
    ];
    let reference = world.send(Call::post(LINK).from([203, 0, 113, 1])).await;
    expect_401("absent", &reference, "invalid_signature", SIGNATURE);
    assert_eq!(reference.header("referrer-policy"), Some("no-referrer"));
    for (n, (label, text)) in table.into_iter().enumerate() {
        for path in [LINK, "/api/purchase_link/"] {
            let answer = world.send(Call::post(&format!("{path}?signature={text}")).from(peer(n))).await;
            assert_eq!(answer.comparable(), reference.comparable(), "{label}");
        }
    }
    let accepted = [
        ("4 s past exp", signed(&world, &with("exp", json!(T0 - 4)))),
        ("no typ", hs256("{\"alg\":\"HS256\"}", &json)),
        ("iat 5 s ahead", signed(&world, &with("iat", json!(T0 + 5)))),
    ];
    for (label, text) in accepted {
        let answer = world.send(link(&text)).await;
        assert_eq!(answer.status, 200, "{label}: {}", answer.text());
    }
    expect_401("live", &world.send(link(&own).live()).await, "invalid_signature", SIGNATURE);
}

#[tokio::test]
async fn the_query_holds_the_signature_and_nothing_else() {
    let world = world().await;
    let text = signed(&world, &payload(&world));
    let plain = "merchantUid=mer_1&amountCents=1&currency=EUR";
    let refused = ["", "?", "?signature", "?signature=", &format!("?{plain}"), &format!("?signature=&{plain}")];
    for (n, query) in refused.iter().enumerate() {
        let answer = world.send(Call::post(&format!("{LINK}{query}")).from(peer(n))).await;
        expect_401(query, &answer, "invalid_signature", SIGNATURE);
    }
    let beside = [
        format!("?signature={text}&{plain}"),
        format!("?{plain}&signature={text}"),
        format!("?signature={text}&signature={text}"),
        format!("?signature={text}&signature="),
        "?signature=x&a".to_owned(),
    ];
    for query in beside {
        world.send(Call::post(&format!("{LINK}{query}"))).await.expect(&query, 400, &malformed());
    }
    let form = Call::post(LINK).header("content-type", FORM).body(format!("signature={text}"));
    expect_401("in the body", &world.send(form).await, "invalid_signature", SIGNATURE);
    let header = Call::post(LINK).header("authorization", format!("Bearer {text}"));
    expect_401("in a header", &world.send(header).await, "invalid_signature", SIGNATURE);
}

#[tokio::test]
async fn active_and_retiring_secrets_sign_and_a_kid_chooses_among_them() {
    let world = world().await;
    let own = world.merchant_id();
    let now = world.now();
    let retiring = secret_of(&world, &own, |lifecycle| {
        lifecycle.retire(now, Overlap::new(60).unwrap()).unwrap();
    })
    .await;
    let active = secret_of(&world, &own, |_| {}).await;
    let ask = |kid: Option<&str>, secret: &str| link(&sign(&payload(&world), kid, secret.as_bytes()).unwrap());
    for (label, (id, secret)) in [("retiring", &retiring), ("active", &active)] {
        assert_eq!(world.send(ask(None, secret)).await.status, 200, "{label}");
        assert_eq!(world.send(ask(Some(id.as_str()), secret)).await.status, 200, "{label}, named");
    }
    let crossed = world.send(ask(Some(active.0.as_str()), &retiring.1)).await;
    expect_401("named for another", &crossed, "invalid_signature", SIGNATURE);
    world.advance(60);
    expect_401("retired", &world.send(ask(None, &retiring.1)).await, "invalid_signature", SIGNATURE);
    assert_eq!(world.send(ask(None, &active.1)).await.status, 200);
}

#[tokio::test]
async fn the_published_request_passes_until_five_seconds_past_its_end() {
    let world = world().await;
    let vectors: Value = serde_json::from_str(include_str!("../../../../vectors/pledg.json")).unwrap();
    let all = vectors["vectors"].as_array().unwrap();
    let vector = all.iter().find(|vector| vector["name"] == "pledg/request-signature").unwrap();
    let (inputs, cases) = (&vector["inputs"], vector["expected"]["cases"].as_array().unwrap());
    let other = second_merchant(&world).await;
    let uid = "mer_0b54c1f2-6a0e-4c55-9a3e-0d6d1f4f7a11";
    world.services.vault.insert_alias(&other, Mode::Test, "mer", uid).await.unwrap();
    store_secret(&world, &other, inputs["secret_utf8"].as_str().unwrap(), |_| {}).await;
    for case in cases {
        let now = case["now"].as_i64().unwrap();
        world.advance(u64::try_from(now - world.now().unix_timestamp()).unwrap());
        let answer = world.send(link(inputs["signature"].as_str().unwrap())).await;
        let status = if case["verdict"].as_str().unwrap().starts_with("accept") { 200 } else { 401 };
        assert_eq!(answer.status.as_u16(), status, "{case}: {}", answer.text());
    }
}

#[tokio::test]
async fn the_members_of_a_request_are_checked_after_its_signature() {
    let world = world().await;
    let (long, wide) = ("x".repeat(256), "é".repeat(255));
    let table = [
        ("amountCents", Value::Null, 400),
        ("amountCents", json!(0), 400),
        ("amountCents", json!(-1), 400),
        ("amountCents", json!("100"), 400),
        ("amountCents", json!(1.5), 400),
        ("currency", json!("eur"), 400),
        ("currency", json!("XXXX"), 400),
        ("title", json!(""), 400),
        ("title", json!(7), 400),
        ("reference", json!(""), 400),
        ("reference", json!(long), 400),
        ("reference", json!(wide), 200),
        ("email", json!("nobody"), 400),
        ("email", json!("a@b@c"), 400),
        ("firstName", json!(1), 400),
        ("redirectUrl", json!("http://shop.example/"), 400),
        ("cancelUrl", json!("javascript:alert(1)"), 400),
        ("paymentNotificationUrl", json!("http://shop.example/"), 400),
        ("paymentNotificationUrl", json!("https://shop.example/n"), 200),
        ("metadata", json!([1]), 400),
        ("metadata", json!({ "a": { "b": [1, null] } }), 200),
        ("somethingElse", json!(["kept"]), 200),
    ];
    for (name, value, status) in table {
        let mut changed = payload(&world);
        changed["data"][name] = value.clone();
        let answer = world.send(link(&signed(&world, &changed))).await;
        assert_eq!(answer.status.as_u16(), status, "{name} = {value}: {}", answer.text());
        if status == 400 {
            assert_eq!(answer.json(), malformed(), "{name} = {value}");
        }
    }
    for name in ["amountCents", "currency", "title", "reference", "email"] {
        let mut changed = payload(&world);
        changed["data"].as_object_mut().unwrap().remove(name);
        world.send(link(&signed(&world, &changed))).await.expect(name, 400, &malformed());
    }
    let settings = [
        (json!({ "send_email": true, "email": "a@b.example", "send_sms": false, "phone_number": "+33600000000" }), 200),
        (json!({}), 200),
        (json!({ "send_email": "true" }), 400),
        (json!({ "send_sms": 1 }), 400),
        (json!({ "email": "nobody" }), 400),
        (json!({ "phone_number": 33 }), 400),
        (json!("send"), 400),
    ];
    for (value, status) in settings {
        let mut changed = payload(&world);
        changed["purchase_link_settings"] = value.clone();
        let answer = world.send(link(&signed(&world, &changed))).await;
        assert_eq!(answer.status.as_u16(), status, "{value}: {}", answer.text());
    }
}

/// A request secret whose lifecycle was changed; answers its id and text.
async fn secret_of(world: &World, merchant: &MerchantId, edit: impl FnOnce(&mut Lifecycle)) -> (KeyId, String) {
    let text = world.services.rng.base62(43).unwrap().to_string();
    (store_secret(world, merchant, &text, edit).await, text)
}

async fn store_secret(world: &World, merchant: &MerchantId, text: &str, edit: impl FnOnce(&mut Lifecycle)) -> KeyId {
    let rng = &world.services.rng;
    let id = KeyId::mint(|bytes| rng.fill(bytes)).unwrap();
    let (key_version, sealed) = world.services.sealer.seal(text.as_bytes(), id.as_str(), rng).unwrap();
    let mut lifecycle = Lifecycle::new(world.now() - Duration::seconds(1));
    edit(&mut lifecycle);
    let (merchant, purpose) = (merchant.clone(), SecretPurpose::PledgRequest);
    let secret = SealedSecret { id, purpose, merchant, mode: Mode::Test, key_version, sealed, lifecycle };
    world.services.vault.insert_secret(&secret).await.unwrap();
    id
}

#[tokio::test]
async fn the_secrets_are_looked_for_whether_the_merchant_is_known_or_not() {
    let world = world().await;
    let good = payload(&world);
    let mut nobodys = good.clone();
    nobodys["data"]["merchantUid"] = json!("mer_11111111-2222-4333-8444-555555555555");
    world.without_table("sealed_secrets").await;
    for (label, payload) in [("known", good), ("unknown", nobodys)] {
        let answer = world.send(link(&signed(&world, &payload))).await;
        assert!(answer.status.is_server_error(), "{label}: {}", answer.status);
    }
}
