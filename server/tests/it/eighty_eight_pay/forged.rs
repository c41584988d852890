//! What never was a token of ours.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ring::hmac;
use serde_json::{Value, json};
use tollgate::auth::ListenerMode;
use tollgate_apikey::Mode;

use super::{BAD_BEARER, Bench, Jwt, Pair, base64, demo, error, point, sid};
use crate::world::{Call, LIVE, SANDBOX, T0, world};

/// RFC 5480: the `SubjectPublicKeyInfo` of a P-256 key up to its point.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

#[tokio::test]
async fn tokens_of_other_kinds_are_refused() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let path = format!("/payment-requests/{}/checkout-session", world.text("/caibo/payment_request_id"));
    let checkout = world.send(Call::post(&path).header("x-api-key", world.text("/caibo/api_key_test"))).await;
    assert!(checkout.status.is_success(), "{}", checkout.text());
    let vectors: Value = serde_json::from_str(include_str!("../../../../vectors/eighty-eight-pay.json")).unwrap();
    let named = |name: &str| {
        vectors["vectors"].as_array().unwrap().iter().find(|v| v["name"] == name).unwrap()["inputs"].clone()
    };
    let sample = named("88pay/published-sample");
    let browser_token = checkout.json()["token"].as_str().unwrap().to_owned();
    let table = [
        ("the key", account.key.clone()),
        ("panel login", world.log_in(ListenerMode::Test).await),
        ("browser token", browser_token),
        ("the vendor's sample", format!("{}.{}", sample["signing_input"].as_str().unwrap(), "MEUCIQDx")),
        ("signed by a stranger", named("88pay/session-token")["token"].as_str().unwrap().to_owned()),
        ("the session id", pair.session.clone()),
    ];
    for (label, token) in table {
        let answer = world.send(Pair { token, session: pair.session.clone() }.balance()).await;
        answer.expect(label, 401, &error(401, "Unauthorized"));
        assert_eq!(answer.header("www-authenticate"), Some(BAD_BEARER), "{label}");
    }
    // Nor does a session token open the panel.
    let panel = world.send(Call::get("/auth/whoami").header("authorization", format!("Bearer {}", pair.token))).await;
    assert_eq!(panel.status, 401);
}

#[tokio::test]
async fn headers_that_are_not_ours_are_refused_under_any_signature() {
    let bench = Bench::new().await;
    let key = bench.key(|_| {}).await;
    let pair = bench.buy(&key).await;
    let good = Jwt::read(&pair.token);
    let claims = good.claims.to_string();
    let kid = good.header["kid"].as_str().unwrap();
    let header = |more: &str| format!("{{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"{kid}\"{more}}}");
    bench.expect_good("control", &bench.sign(&header(""), &claims), &pair.session).await;
    bench.expect_good("members in another order", &bench.sign(&good.header.to_string(), &claims), &pair.session).await;

    let jwk = bench.jwk().await;
    let point = point(&jwk);
    let spki = [&SPKI_PREFIX[..], &point].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&spki));
    let hs256 = header("").replace("ES256", "HS256");
    let mut table = vec![
        ("alg none, no signature", format!("{}.{}.", base64(header("").replace("ES256", "none")), base64(&claims))),
        ("alg none", bench.sign(&header("").replace("ES256", "none"), &claims)),
        ("alg None", bench.sign(&header("").replace("ES256", "None"), &claims)),
        ("alg ES384", bench.sign(&header("").replace("ES256", "ES384"), &claims)),
        ("alg RS256", bench.sign(&header("").replace("ES256", "RS256"), &claims)),
        ("alg in lower case", bench.sign(&header("").replace("ES256", "es256"), &claims)),
        ("HS256 with an ES256 signature", bench.sign(&hs256, &claims)),
        ("HS256, key x and y", hs256_token(&hs256, &claims, &point[1..])),
        ("HS256, key the point", hs256_token(&hs256, &claims, &point)),
        ("HS256, key the SPKI", hs256_token(&hs256, &claims, &spki)),
        ("HS256, key the PEM", hs256_token(&hs256, &claims, pem.as_bytes())),
        ("HS256, key the JWK", hs256_token(&hs256, &claims, jwk.to_string().as_bytes())),
        ("HS256, empty key", hs256_token(&hs256, &claims, b"")),
        ("typ at+jwt", bench.sign(&header("").replace("\"JWT\"", "\"at+jwt\""), &claims)),
        ("no typ", bench.sign(&format!("{{\"alg\":\"ES256\",\"kid\":\"{kid}\"}}"), &claims)),
        ("no kid", bench.sign("{\"alg\":\"ES256\",\"typ\":\"JWT\"}", &claims)),
        ("unknown kid", bench.sign(&header("").replace(kid, "88p-00000000"), &claims)),
        ("kid of the panel", bench.sign(&header("").replace(kid, &bench.kid("panel")), &claims)),
        ("alg twice", bench.sign(&header(",\"alg\":\"ES256\""), &claims)),
        ("not an object", bench.sign("[]", &claims)),
    ];
    for more in ["jku", "x5u", "x5c", "jwk", "crit", "zip", "b64", "cty"] {
        let member = match more {
            "jku" | "x5u" => "\"https://keys.example/\"".to_owned(),
            "jwk" => jwk.to_string(),
            "b64" => "false".to_owned(),
            "x5c" | "crit" => "[\"exp\"]".to_owned(),
            _ => "\"DEF\"".to_owned(),
        };
        table.push((more, bench.sign(&header(&format!(",\"{more}\":{member}")), &claims)));
    }
    for (label, token) in table {
        bench.expect_refused(label, &token, &pair.session).await;
    }
}

#[tokio::test]
async fn claims_that_are_not_ours_are_refused_under_our_own_signature() {
    let bench = Bench::new().await;
    let key = bench.key(|_| {}).await;
    let live = bench.key(|record| record.mode = Mode::Live).await;
    let revoked = bench.key(|record| record.lifecycle.revoke(bench.clock.now()).unwrap()).await;
    let foreign = bench.key(|record| record.kind = tollgate::account::CredentialKind::CaiboKey).await;
    let pair = bench.buy(&key).await;
    let good = Jwt::read(&pair.token);
    let header = good.header.to_string();
    let with = |name: &str, value: Value| {
        let mut claims = good.claims.clone();
        claims[name] = value;
        claims.to_string()
    };
    let without = |name: &str| {
        let mut claims = good.claims.clone();
        claims.as_object_mut().unwrap().remove(name).unwrap();
        claims.to_string()
    };
    let raw = |name: &str, text: &str| with(name, json!("RAW")).replace("\"RAW\"", text);
    let and = |more: &str| format!("{}{more}}}", good.claims.to_string().strip_suffix('}').unwrap());

    let accepted = [
        ("control", good.claims.to_string()),
        ("iat 5 s ahead", with("iat", json!(T0 + 5))),
        ("nbf 5 s ahead", with("nbf", json!(T0 + 5))),
        ("one second left", with("exp", json!(T0 + 1))),
        ("an unknown claim", with("zone", json!("x"))),
    ];
    for (label, claims) in accepted {
        bench.expect_good(label, &bench.sign(&header, &claims), &pair.session).await;
    }
    let refused = [
        ("exp is now", with("exp", json!(T0))),
        ("exp as a string", with("exp", json!((T0 + 60).to_string()))),
        ("exp with a fraction", raw("exp", &format!("{}.0", T0 + 60))),
        ("exp with an exponent", raw("exp", "1.767225660e9")),
        ("exp null", with("exp", Value::Null)),
        ("exp negative", with("exp", json!(-1))),
        ("exp beyond every calendar", raw("exp", "99999999999999999999")),
        ("no exp", without("exp")),
        ("exp twice", and(&format!(",\"exp\":{}", T0 + 60))),
        ("exp twice, once escaped", and(&format!(",\"e\\u0078p\":{}", T0 + 60))),
        ("iat 6 s ahead", with("iat", json!(T0 + 6))),
        ("iat as a string", with("iat", json!(T0.to_string()))),
        ("no iat", without("iat")),
        ("nbf 6 s ahead", with("nbf", json!(T0 + 6))),
        ("nbf null", with("nbf", Value::Null)),
        ("aud of the panel", with("aud", json!("panel"))),
        ("aud a list", with("aud", json!(["88pay"]))),
        ("no aud", without("aud")),
        ("aud twice", and(",\"aud\":\"88pay\"")),
        ("iss of the other listener", with("iss", json!(LIVE))),
        ("iss with a slash", with("iss", json!(format!("{SANDBOX}/")))),
        ("no iss", without("iss")),
        ("env live", with("env", json!("live"))),
        ("no env", without("env")),
        ("jti of 15 bytes", with("jti", json!(base64([7; 15])))),
        ("no jti", without("jti")),
        ("sid of another session", with("sid", json!(sid("sess_0f8fad5b-d9cb-469f-a165-70867728950e")))),
        ("sid padded", with("sid", json!(format!("{}=", sid(&pair.session))))),
        ("sid in clear", with("sid", json!(pair.session))),
        ("no sid", without("sid")),
        ("merchant_id of another", with("merchant_id", json!("MCH-COL-TEST-ZZZZZ"))),
        ("merchant_id malformed", with("merchant_id", json!("x"))),
        ("no merchant_id", without("merchant_id")),
        ("cid of nobody", with("cid", json!("zzzzzzzzzzzz"))),
        ("cid of a live key", with("cid", json!(live.id().as_str()))),
        ("cid of a revoked key", with("cid", json!(revoked.id().as_str()))),
        ("cid of another dialect's key", with("cid", json!(foreign.id().as_str()))),
        ("cid malformed", with("cid", json!("x"))),
        ("no cid", without("cid")),
        ("cid twice", and(&format!(",\"cid\":\"{}\"", key.id()))),
        ("not an object", format!("[{}]", good.claims)),
        ("not JSON", "exp".to_owned()),
        ("text behind it", format!("{} x", good.claims)),
    ];
    for (label, claims) in refused {
        bench.expect_refused(label, &bench.sign(&header, &claims), &pair.session).await;
    }
}

#[tokio::test]
async fn a_token_has_one_encoding() {
    let bench = Bench::new().await;
    let key = bench.key(|_| {}).await;
    let (pair, other) = (bench.buy(&key).await, bench.buy(&key).await);
    let good = Jwt::read(&pair.token);
    let parts: Vec<_> = pair.token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let long = |len: usize| {
        let mut claims = good.claims.clone();
        claims["pad"] = json!("a".repeat(len));
        bench.sign(&good.header.to_string(), &claims.to_string())
    };
    let (longest, too_long, nine_kib) = (long(5700), long(5850), long(6700));
    assert!((8000..=8192).contains(&longest.len()) && too_long.len() > 8192 && nine_kib.len() > 9 * 1024);
    // One blank more or less, so that base64 has something to pad.
    let (spaced_header, spaced_claims) = (padded(good.header.to_string()), padded(good.claims.to_string()));
    let accepted = [
        ("control", pair.token.clone()),
        ("signed anew", bench.sign_text(&good.signed)),
        ("blanks", bench.sign(&spaced_header, &spaced_claims)),
        ("nearly 8 KiB", longest),
    ];
    for (label, token) in accepted {
        bench.expect_good(label, &token, &pair.session).await;
    }

    let signed = |bytes: &[u8]| format!("{}.{}", good.signed, base64(bytes));
    let (r, s) = good.signature.split_at(32);
    let mut flipped = good.signature.clone();
    flipped[63] ^= 1;
    let altered = good.claims.to_string().replace("\"exp\":17672256", "\"exp\":18672256");
    let other_payload = other.token.split('.').nth(1).unwrap();
    // A signature in which the two alphabets differ.
    let with_dash =
        (0..200).map(|_| bench.sign_text(&good.signed)).find(|token| token[good.signed.len()..].contains(['-', '_']));
    let (_, dashed) = with_dash.as_ref().unwrap().rsplit_once('.').unwrap();
    let refused = [
        ("altered payload", format!("{header}.{}.{signature}", base64(altered))),
        ("payload of another token", format!("{header}.{other_payload}.{signature}")),
        ("signature in DER", signed(&der(r, s))),
        ("signature of 63 bytes", signed(&good.signature[..63])),
        ("signature of 65 bytes", signed(&[&good.signature[..], &[0]].concat())),
        ("signature of zeros", signed(&[0; 64])),
        ("r is zero", signed(&[&[0; 32], s].concat())),
        ("s and r", signed(&[s, r].concat())),
        ("last bit flipped", signed(&flipped)),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("one part", header.to_owned()),
        ("no payload", bench.sign_text(&format!("{header}."))),
        ("no header", bench.sign_text(&format!(".{payload}"))),
        ("four parts", bench.sign_text(&format!("{header}.{payload}.{payload}"))),
        ("a part behind", format!("{}.x", pair.token)),
        ("padded header", bench.sign_text(&format!("{}.{payload}", URL_SAFE.encode(spaced_header)))),
        ("padded payload", bench.sign_text(&format!("{header}.{}", URL_SAFE.encode(spaced_claims)))),
        ("padded signature", format!("{}==", pair.token)),
        ("standard alphabet", format!("{}.{}", good.signed, dashed.replace('-', "+").replace('_', "/"))),
        ("stray bits at the end", stray_bits(&pair.token)),
        ("more than 8 KiB", too_long),
        ("9 KiB", nine_kib),
    ];
    for (label, token) in refused {
        bench.expect_refused(label, &token, &pair.session).await;
    }
}

fn hs256_token(header: &str, claims: &str, key: &[u8]) -> String {
    let signed = format!("{}.{}", base64(header), base64(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
    format!("{signed}.{}", base64(tag))
}

/// RFC 3279 §2.2.3: `SEQUENCE { r INTEGER, s INTEGER }`.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let tagged = |tag: u8, value: &[u8]| [&[tag, u8::try_from(value.len()).unwrap()], value].concat();
    let integer = |half: &[u8]| {
        let start = half.iter().position(|byte| *byte != 0).unwrap();
        let sign: &[u8] = if half[start] < 0x80 { &[] } else { &[0] };
        tagged(2, &[sign, &half[start..]].concat())
    };
    tagged(0x30, &[integer(r), integer(s)].concat())
}

/// The same bytes with one of the bits set that base64 leaves over.
fn stray_bits(token: &str) -> String {
    let (text, last) = token.split_at(token.len() - 1);
    let next = match last {
        "A" => 'B',
        "Q" => 'R',
        "g" => 'h',
        "w" => 'x',
        other => panic!("64 bytes do not end in {other}"),
    };
    format!("{text}{next}")
}

/// JSON of a length that base64 has to pad.
fn padded(mut json: String) -> String {
    while json.len().is_multiple_of(3) {
        json.push(' ');
    }
    json
}
