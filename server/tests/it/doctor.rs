//! The doctor: one row for every fault, the rules its tables repeat, and the law that it tells no secrets.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use tollgate::account::{CLIENT_ID, Credential, CredentialKind, KeyFamily, Merchant, MerchantId, MerchantStatus};
use tollgate::auth::ListenerMode;
use tollgate::doctor::{self, Conditions, Fault, Place, ROUTES, Report};
use tollgate_apikey::{ApiKey, KeyId, Lifecycle, Mode, Overlap, Scopes};
use tollgate_challenge_signature::{Caller, ChallengeKey, ChallengeKeys};
use tollgate_client_address::IpList;
use tollgate_webhook_hmac::timestamped::{Hash, Signer};
use tollgate_webhook_hmac::{WebhookSecret, standard};

use super::world::{Call, world};

const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);
const ANY: Conditions = Conditions { now: NOW, listener: ListenerMode::Any };
const TEST: Conditions = Conditions { now: NOW, listener: ListenerMode::Test };

/// Bytes that count up, so that every run makes the same keys.
fn counting(mut next: u8) -> impl FnMut(&mut [u8]) -> Result<(), std::convert::Infallible> {
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(71);
            *byte = next;
        }
        Ok(())
    }
}

fn key(family: KeyFamily, mode: Mode) -> ApiKey {
    family.format.mint(mode, counting(9)).unwrap()
}

fn text(family: KeyFamily, mode: Mode) -> String {
    key(family, mode).expose_secret().to_owned()
}

fn caibo() -> String {
    text(KeyFamily::CAIBO, Mode::Test)
}

fn client_id() -> String {
    CLIENT_ID.mint(Mode::Test, counting(3)).unwrap().as_str().to_owned()
}

fn client_secret() -> String {
    text(KeyFamily::CLIENT_SECRET, Mode::Test)
}

fn basic(pair: &str) -> String {
    STANDARD.encode(pair)
}

fn jwt(header: &Value, payload: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(payload), URL_SAFE_NO_PAD.encode(signature))
}

fn session_claims() -> Value {
    let now = NOW.unix_timestamp();
    json!({"iss": "https://api.example", "aud": "88pay", "env": "test", "merchant_id": "MCH-COL-TEST-7QX2Z",
        "cid": "A00000000001", "iat": now, "exp": now + 60, "jti": "x", "sid": "y"})
}

/// An 88Pay token with one member of its header or payload changed.
fn session_token(member: &str, value: Value) -> String {
    let mut header = json!({"alg": "ES256", "typ": "JWT", "kid": "88p-1"});
    let mut claims = session_claims();
    if ["alg", "typ", "kid", "jku"].contains(&member) {
        header[member] = value;
    } else if value.is_null() {
        claims.as_object_mut().unwrap().remove(member);
    } else {
        claims[member] = value;
    }
    jwt(&header, &claims, &[7; 64])
}

const SESSION: &str = "sess_0f8fad5b-d9cb-469f-a165-70867728950e";

fn call(line: &str, headers: &[(&str, &str)]) -> String {
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat();
    format!("{line} HTTP/1.1\r\nHost: api.example\r\n{headers}\r\n")
}

fn balance(token: &str) -> String {
    call("GET /api/balance", &[("Authorization", &format!("Bearer {token}")), ("x-session-id", SESSION)])
}

fn token_call(authorization: &str) -> String {
    let head = call(
        "POST /api/token",
        &[("Authorization", authorization), ("Content-Type", "application/x-www-form-urlencoded")],
    );
    head + "grant_type=client_credentials"
}

fn whoami(key: &str) -> String {
    call("GET /auth/whoami", &[("X-API-Key", key)])
}

fn webhook_secret() -> WebhookSecret {
    WebhookSecret::mint(counting(1)).unwrap()
}

const EVENT: &str = r#"{"id":5012,"status":"paid"}"#;

fn delivery(body: &str, sent: OffsetDateTime, shown: &str) -> String {
    let signature = Signer::new(Hash::Sha512, [webhook_secret()]).unwrap().sign(body.as_bytes(), sent);
    call("POST /hooks", &[("X-Caibo-Signature", &signature)]) + shown
}

fn challenge(key: KeyId, made: OffsetDateTime) -> String {
    let keys = ChallengeKeys::new(ChallengeKey::new(1, &[5; 32]).unwrap());
    let caller = Caller::new("MCH-USA-4KD9PX", key.as_str()).unwrap();
    keys.issue(&caller, made, counting(2)).unwrap().as_str().to_owned()
}

fn signed_call(key: &ApiKey, challenge: &str, signature: &str) -> String {
    call(
        "GET /v1/balance",
        &[("X-API-Key", key.expose_secret()), ("X-API-Challenge", challenge), ("X-API-Signature", signature)],
    )
}

/// Rows of (what was sent, its text, the fault).
fn texts() -> Vec<(&'static str, String, Fault)> {
    let key = caibo();
    let mut altered = key.clone();
    altered.replace_range(40..41, if &key[40..41] == "x" { "y" } else { "x" });
    vec![
        ("a byte order mark", format!("\u{feff}{key}"), Fault::ByteOrderMark),
        ("a NUL inside", format!("{}\0{}", &key[..30], &key[30..]), Fault::ControlCharacter),
        ("a line end that is written out", format!("{key}\\n"), Fault::EscapedLineEnd),
        ("a Cyrillic a in the prefix", key.replacen('a', "а", 1), Fault::Homoglyph),
        ("a line end in the middle", format!("{}\n{}", &key[..30], &key[30..]), Fault::InnerBlank),
        ("stars for the secret", "caibo_test_sk_****Xy12".to_owned(), Fault::Masked),
        ("an umlaut", format!("{key}ü"), Fault::NonAscii),
        ("a variable in single quotes", "$API_KEY".to_owned(), Fault::Placeholder),
        ("a template", "<your api key>".to_owned(), Fault::Placeholder),
        ("a blank behind", format!("{key} "), Fault::SurroundingBlanks),
        ("two line ends behind", format!("{key}\n\n"), Fault::SurroundingBlanks),
        ("quotes around", format!("\"{key}\""), Fault::SurroundingQuotes),
        ("typographic quotes around", format!("“{key}”"), Fault::SurroundingQuotes),
        ("a zero-width blank", format!("{}\u{200b}{}", &key[..30], &key[30..]), Fault::ZeroWidth),
        (
            "a hyphen in the key",
            key.replace('_', "-").replacen("caibo-test-sk-", "caibo_test_sk_", 1) + "-",
            Fault::Alphabet,
        ),
        ("one character changed", altered, Fault::Checksum),
        ("the end is missing", key[..54].to_owned(), Fault::Cut),
        ("the start is missing", key[3..].to_owned(), Fault::Cut),
        ("nothing that is known", "hunter2".to_owned(), Fault::NotACredential),
        ("an upper-case prefix", key.replacen("caibo", "CAIBO", 1), Fault::PrefixCase),
        ("two keys joined", format!("{key}{}", &key[..8]), Fault::TooLong),
        ("the header's name before it", format!("X-API-Key: {key}"), Fault::WithHeaderName),
        (
            "the scheme before it",
            format!("Basic {}", basic(&format!("{}:{}", client_id(), client_secret()))),
            Fault::WithHeaderName,
        ),
        ("a live key for the sandbox", text(KeyFamily::CAIBO, Mode::Live), Fault::WrongMode),
        ("a merchant id in lower case", "mch-col-7qx2z".to_owned(), Fault::MerchantId),
        ("a session id in upper case", SESSION.to_ascii_uppercase(), Fault::SessionId),
        (
            "a webhook secret without padding",
            webhook_secret().expose_secret().trim_end_matches('=').to_owned(),
            Fault::WebhookSecret,
        ),
    ]
}

/// Rows of (what was sent, its capture, the fault).
fn requests() -> Vec<(&'static str, String, Fault)> {
    [shapes(), authorizations(), tokens(), challenges()].concat()
}

fn shapes() -> Vec<(&'static str, String, Fault)> {
    let key = caibo();
    let pay = text(KeyFamily::EIGHTY_EIGHT_PAY, Mode::Test);
    let live = text(KeyFamily::EIGHTY_EIGHT_PAY, Mode::Live);
    let token = session_token("alg", json!("ES256"));
    let bearer = format!("Bearer {token}");
    let client = format!("Basic {}", basic(&format!("{}:{}", client_id(), client_secret())));
    let json_body = call("POST /api/token", &[("Authorization", &client), ("Content-Type", "application/json")]);
    vec![
        ("a dot segment", call("GET /auth/../auth/whoami", &[("X-API-Key", &key)]), Fault::AmbiguousPath),
        (
            "a continued line",
            format!("GET /auth/whoami HTTP/1.1\r\nX-API-Key: {key}\r\n more\r\n\r\n"),
            Fault::BrokenHeader,
        ),
        (
            "client and secret in the body",
            token_call(&client) + "&client_id=a&client_secret=b",
            Fault::CredentialInBody,
        ),
        ("a key in the query", call(&format!("GET /auth/whoami?api_key={key}"), &[]), Fault::CredentialInQuery),
        (
            "a token in the query",
            call("GET /payment-requests/7?token=abc", &[("X-API-Key", &key)]),
            Fault::CredentialInQuery,
        ),
        ("a token call with JSON", json_body + r#"{"grant_type":"client_credentials"}"#, Fault::MediaType),
        ("underscores in the name", call("GET /auth/whoami", &[("X_API_Key", &key)]), Fault::MisspelledHeader),
        ("plain http", format!("curl http://api.example/auth/whoami -H 'X-API-Key: {key}'"), Fault::PlainHttp),
        (
            "plain http, said by curl",
            format!(
                "* Connected to api.example (192.0.2.1) port 80\n> GET /auth/whoami HTTP/1.1\n> Host: api.example\n> X-API-Key: {key}\n>\n"
            ),
            Fault::PlainHttp,
        ),
        ("the key twice", call("GET /auth/whoami", &[("X-API-Key", &key), ("x-api-key", &key)]), Fault::RepeatedHeader),
        (
            "key and token",
            call("GET /api/balance", &[("Authorization", &bearer), ("x-session-id", SESSION), ("x-api-key", &pay)]),
            Fault::SeveralCredentials,
        ),
        (
            "checkout token and key",
            call(
                "GET /payment-requests/7",
                &[("X-API-Key", &key), ("X-Checkout-Token", "AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dw")],
            ),
            Fault::TokenBeforeKey,
        ),
        ("a slash at the end", call("GET /auth/whoami/", &[("X-API-Key", &key)]), Fault::UnknownPath),
        (
            "GET for POST",
            call("GET /api/auth/token", &[("x-api-key", &pay), ("x-merchant-id", "MCH-COL-7QX2Z")]),
            Fault::WrongMethod,
        ),
        ("no credential", call("GET /auth/whoami", &[]), Fault::MissingCredential),
        ("no signature in the query", call("POST /api/purchase_link?merchantUid=x", &[]), Fault::MissingCredential),
        ("no merchant id", call("POST /api/auth/token", &[("x-api-key", &pay)]), Fault::MissingMerchantId),
        ("no session id", call("GET /api/balance", &[("Authorization", &bearer)]), Fault::MissingSessionId),
        ("another dialect's key", whoami(&pay), Fault::OtherDialect),
        ("a key as token", balance(&pay), Fault::OtherDialect),
        (
            "a key as Bearer on a key route",
            call("GET /auth/whoami", &[("Authorization", &format!("Bearer {key}"))]),
            Fault::OtherHeader,
        ),
        (
            "a session id without sess_",
            call("GET /api/balance", &[("Authorization", &bearer), ("x-session-id", &SESSION[5..])]),
            Fault::SessionId,
        ),
        (
            "the sandbox spelling with a live key",
            call("POST /api/auth/token", &[("x-api-key", &live), ("x-merchant-id", "MCH-COL-TEST-7QX2Z")]),
            Fault::MerchantIdMode,
        ),
        ("a client id as key", whoami(&client_id()), Fault::PublicId),
        ("a variable that was never set", whoami("${CAIBO_KEY}"), Fault::Placeholder),
    ]
}

fn authorizations() -> Vec<(&'static str, String, Fault)> {
    let pair = format!("{}:{}", client_id(), client_secret());
    let value = basic(&pair);
    let wrapped = format!("{}\r\n {}", &value[..76], &value[76..]);
    let token = session_token("alg", json!("ES256"));
    let session = [("x-session-id", SESSION)];
    let bearer = |value: String| call("GET /api/balance", &[session[0], ("Authorization", &value)]);
    let live = text(KeyFamily::CLIENT_SECRET, Mode::Live);
    let of = |pair: &str| token_call(&format!("Basic {}", basic(pair)));
    let padded = format!("a{pair}");
    assert!(value.len() > 76 && basic(&padded).ends_with('='), "the samples show what they should");
    vec![
        ("no scheme", bearer(token.clone()), Fault::MissingScheme),
        ("a colon behind the scheme", bearer(format!("Bearer: {token}")), Fault::SchemeSpacing),
        ("two blanks", bearer(format!("Bearer  {token}")), Fault::SchemeSpacing),
        ("the scheme twice", bearer(format!("Bearer Bearer {token}")), Fault::SchemeTwice),
        ("Bearer where Basic belongs", token_call(&format!("Bearer {value}")), Fault::WrongScheme),
        ("Basic where Bearer belongs", bearer(format!("Basic {value}")), Fault::WrongScheme),
        ("not base64", token_call("Basic a.b.c"), Fault::Base64),
        ("stray bits", token_call("Basic YTpiY3=="), Fault::Base64),
        ("no padding", token_call(&format!("Basic {}", basic(&padded).trim_end_matches('='))), Fault::Base64Unpadded),
        (
            "URL-safe",
            token_call(&format!("Basic {}", basic("ab:???>>>").replace('/', "_").replace('+', "-"))),
            Fault::Base64UrlSafe,
        ),
        ("76 columns", token_call(&format!("Basic {wrapped}")), Fault::Base64Wrapped),
        ("a broken escape", of("client:100%safe"), Fault::BasicEscape),
        ("no colon", of("client"), Fault::BasicHalves),
        ("an empty secret", of("client:"), Fault::BasicHalves),
        ("echo without -n", of(&format!("{pair}\n")), Fault::BasicLineEnd),
        ("a person's login", of("ana@shop.example:password"), Fault::BasicPerson),
        ("a raw plus", of("client:a+b"), Fault::BasicPlus),
        ("halves swapped", of(&format!("{}:{}", client_secret(), client_id())), Fault::BasicSwapped),
        ("a tab in the pair", of("cli\tent:secret"), Fault::BasicText),
        ("not UTF-8", token_call(&format!("Basic {}", STANDARD.encode(b"a:\xff\xfe"))), Fault::BasicText),
        ("test id and live secret", of(&format!("{}:{live}", client_id())), Fault::ModesDiffer),
        (
            "a client at a person's route",
            call("POST /api/purchases/pur_1/release", &[("Authorization", &format!("Basic {value}"))]),
            Fault::NotAPerson,
        ),
        (
            "-u of curl with a line end",
            format!("curl -u '{}:x\n' https://api.example/oauth/token -d grant_type=client_credentials", client_id()),
            Fault::BasicLineEnd,
        ),
    ]
}

fn tokens() -> Vec<(&'static str, String, Fault)> {
    let now = NOW.unix_timestamp();
    let der = [&[0x30, 0x44, 0x02, 0x20][..], &[1; 32], &[0x02, 0x20], &[1; 32]].concat();
    let header = json!({"alg": "ES256", "typ": "JWT", "kid": "88p-1"});
    let with = |member, value| balance(&session_token(member, value));
    let good = session_token("typ", json!("JWT"));
    vec![
        ("HS256", with("alg", json!("HS256")), Fault::JwtAlgorithm),
        ("the audience of another kind", with("aud", json!("pledg")), Fault::JwtAudience),
        ("an audience that is a list", with("aud", json!(["88pay"])), Fault::JwtAudience),
        ("a claim is missing", with("sid", Value::Null), Fault::JwtClaims),
        ("a date with a point", with("exp", json!(1.5)), Fault::JwtClaims),
        ("a DER signature", balance(&jwt(&header, &session_claims(), &der)), Fault::JwtDer),
        ("five parts", balance("eyJhbGciOiJkaXIifQ..YQ.YQ.YQ"), Fault::JwtEncrypted),
        ("expired a second ago", with("exp", json!(now)), Fault::JwtExpired),
        ("jku in the header", with("jku", json!("https://evil.example")), Fault::JwtHeader),
        ("another host's token", with("iss", json!("https://sandbox.example")), Fault::JwtIssuer),
        ("a live token in the sandbox", with("env", json!("live")), Fault::JwtMode),
        ("alg none", with("alg", json!("None")), Fault::JwtNone),
        ("from 6 s ahead", with("iat", json!(now + 6)), Fault::JwtNotYet),
        ("four parts", balance(&format!("{good}.x")), Fault::JwtParts),
        ("padding", balance(&format!("{good}==")), Fault::JwtParts),
        ("the end is missing", balance(&good[..good.len() - 8]), Fault::JwtSignature),
        ("8 KiB and more", with("jti", json!("x".repeat(8192))), Fault::JwtTooLong),
        ("at+jwt", with("typ", json!("at+jwt")), Fault::JwtType),
    ]
}

fn challenges() -> Vec<(&'static str, String, Fault)> {
    let key = key(KeyFamily::CARDPLUSPAY, Mode::Test);
    let fresh = challenge(key.id(), NOW);
    let signature = STANDARD.encode([9; 256]);
    let other = challenge(KeyId::parse("A00000000001").unwrap(), NOW);
    let half = call("GET /v1/balance", &[("X-API-Key", key.expose_secret()), ("X-API-Challenge", &fresh)]);
    let old = challenge(key.id(), NOW - Duration::seconds(300));
    vec![
        ("no signature beside the challenge", half, Fault::MissingChallengeHalf),
        ("an altered challenge", signed_call(&key, "cpp-challenge-v1.AAAA", &signature), Fault::Challenge),
        ("a challenge at its end", signed_call(&key, &old, &signature), Fault::ChallengeExpired),
        ("another key's challenge", signed_call(&key, &other, &signature), Fault::ChallengeKey),
        ("a short signature", signed_call(&key, &fresh, &STANDARD.encode([9; 64])), Fault::ChallengeSignature),
    ]
}

/// Rows of (what came, its capture, the secret, the fault).
fn deliveries() -> Vec<(&'static str, String, Option<String>, Fault)> {
    let secret = Some(webhook_secret().expose_secret().to_owned());
    let pretty = "{\n  \"id\": 5012,\n  \"status\": \"paid\"\n}";
    let other = Some(WebhookSecret::mint(counting(77)).unwrap().expose_secret().to_owned());
    vec![
        ("printed again with line ends", delivery(EVENT, NOW, pretty), secret.clone(), Fault::WebhookBody),
        ("31 s ahead", delivery(EVENT, NOW + Duration::seconds(31), EVENT), secret.clone(), Fault::WebhookEarly),
        ("301 s old", delivery(EVENT, NOW - Duration::seconds(301), EVENT), secret.clone(), Fault::WebhookStale),
        ("no v1", call("POST /hooks", &[("X-Caibo-Signature", "t=1")]) + EVENT, secret.clone(), Fault::WebhookHeader),
        (
            "half of the standard headers",
            call("POST /hooks", &[("webhook-id", "m1")]) + EVENT,
            secret.clone(),
            Fault::WebhookHeader,
        ),
        ("another secret", delivery(EVENT, NOW, EVENT), other, Fault::WebhookMismatch),
        ("another body", delivery(EVENT, NOW, r#"{"id":5013,"status":"paid"}"#), secret, Fault::WebhookMismatch),
        ("a secret without its prefix", delivery(EVENT, NOW, EVENT), Some("secret".to_owned()), Fault::WebhookSecret),
    ]
}

fn record(life: Lifecycle) -> Credential {
    Credential {
        id: KeyId::parse("A00000000001").unwrap(),
        kind: CredentialKind::CaiboKey,
        merchant: MerchantId::new("COL", "7QX2Z").unwrap(),
        user: None,
        client: None,
        mode: Mode::Live,
        pepper_version: 1,
        digest: [0; 32],
        scopes: Scopes::parse("a").unwrap(),
        ip_list: IpList::unrestricted(),
        lifecycle: life,
        last_four: "0000".into(),
        name: String::new(),
    }
}

fn merchant(status: MerchantStatus) -> Merchant {
    Merchant {
        id: MerchantId::new("COL", "7QX2Z").unwrap(),
        name: "Shop".to_owned(),
        status,
        ip_list: IpList::unrestricted(),
        domains: Vec::new(),
        methods: Vec::new(),
        currency: "COP".to_owned(),
        created_at: NOW,
    }
}

/// Rows of (what the database says, the credential, its merchant's status, the fault).
fn records() -> Vec<(&'static str, Option<Credential>, MerchantStatus, Fault)> {
    let made = NOW - Duration::days(9);
    let alive = || Lifecycle::new(made);
    let mut revoked = alive();
    revoked.revoke(NOW - Duration::HOUR).unwrap();
    let mut retired = alive();
    retired.retire(NOW - Duration::HOUR, Overlap::new(60).unwrap()).unwrap();
    vec![
        ("nothing", None, MerchantStatus::Active, Fault::UnknownId),
        ("revoked", Some(record(revoked)), MerchantStatus::Active, Fault::Revoked),
        ("rotated", Some(record(retired)), MerchantStatus::Active, Fault::Retired),
        ("expired", Some(record(alive().expiring_at(NOW))), MerchantStatus::Active, Fault::Expired),
        ("not approved", Some(record(alive())), MerchantStatus::PendingKyc, Fault::MerchantPending),
        ("suspended", Some(record(alive())), MerchantStatus::Suspended, Fault::MerchantSuspended),
    ]
}

fn faults(report: &Report) -> Vec<Fault> {
    report.findings().iter().map(doctor::Finding::fault).collect()
}

#[test]
fn every_fault_is_found_where_it_is() {
    let mut found = BTreeSet::new();
    let mut check = |label: &str, report: &Report, fault: Fault| {
        assert!(faults(report).contains(&fault), "{label}: {:?} instead of {fault:?}", faults(report));
        found.insert(fault);
    };
    for (label, input, fault) in texts() {
        check(label, &doctor::credential(&input, TEST), fault);
    }
    for (label, input, fault) in requests() {
        check(label, &doctor::request(&input, None, TEST).unwrap(), fault);
    }
    for (label, input, secret, fault) in deliveries() {
        check(label, &doctor::request(&input, secret.as_deref(), TEST).unwrap(), fault);
    }
    for (label, credential, status, fault) in records() {
        let mut report = Report::default();
        doctor::judge(&mut report, Place::INPUT, credential.as_ref(), Some(&merchant(status)), NOW);
        check(label, &report, fault);
    }
    let notes = [Fault::NoChallenge, Fault::WebhookUnchecked];
    let missing: Vec<_> = Fault::ALL.iter().filter(|fault| !found.contains(fault) && !notes.contains(fault)).collect();
    assert_eq!(missing, Vec::<&Fault>::new(), "every fault has a row");
}

#[test]
fn what_is_right_is_left_alone() {
    let token = session_token("typ", json!("JWT"));
    let key = key(KeyFamily::CARDPLUSPAY, Mode::Test);
    let pay = text(KeyFamily::EIGHTY_EIGHT_PAY, Mode::Test);
    let pair = basic(&format!("{}:{}", client_id(), client_secret()));
    for (label, input) in [
        ("a key", whoami(&caibo())),
        ("a key with blanks that HTTP takes away", whoami(&format!("  {}\t", caibo()))),
        (
            "curl -v",
            format!(
                "* SSL connection using TLSv1.3\n> GET /auth/whoami HTTP/1.1\n> X-API-Key: {}\n> \n< HTTP/1.1 200\n",
                caibo()
            ),
        ),
        ("a curl line", format!("curl -sS \\\n  https://api.example/auth/whoami -H \"X-API-Key: {}\"", caibo())),
        ("loopback over http", format!("curl http://127.0.0.1:8080/auth/whoami -H 'X-API-Key: {}'", caibo())),
        (
            "key and merchant id",
            call("POST /api/auth/token", &[("x-api-key", &pay), ("x-merchant-id", "MCH-COL-TEST-7QX2Z")]),
        ),
        ("a session", balance(&token)),
        ("a client", token_call(&format!("Basic {pair}"))),
        (
            "a client by curl",
            format!(
                "curl -u '{}:{}' https://api.example/oauth/token -d grant_type=client_credentials",
                client_id(),
                client_secret()
            ),
        ),
        (
            "a person",
            call(
                "POST /api/purchases/pur_1/release",
                &[("Authorization", &format!("Basic {}", basic("ana@shop.example:pass+word%")))],
            ),
        ),
        ("challenge and signature", signed_call(&key, &challenge(key.id(), NOW), &STANDARD.encode([9; 256]))),
        ("a key where signing may be off", call("GET /v1/orders", &[("X-API-Key", key.expose_secret())])),
    ] {
        let report = doctor::request(&input, None, TEST).unwrap();
        assert_eq!(faults(&report), [], "{label}");
    }
    let secret = webhook_secret();
    let signed = standard::Signer::new([&secret]).unwrap();
    let headers = signed.sign(standard::MessageId::parse("msg_1").unwrap(), EVENT.as_bytes(), NOW);
    let pairs = headers.pairs();
    let both = call("POST /hooks", &pairs) + EVENT;
    for (label, input) in [("t=,v1=", delivery(EVENT, NOW, EVENT)), ("Standard Webhooks", both)] {
        let report = doctor::request(&input, Some(secret.expose_secret()), TEST).unwrap();
        assert_eq!(faults(&report), [], "{label}");
    }
    for (label, input) in [
        ("a key and the line end of its file", format!("{}\n", caibo())),
        ("a token", session_token("typ", json!("JWT"))),
        ("a session id", SESSION.to_owned()),
        ("a client id", client_id()),
        ("a Basic value", basic(&format!("{}:{}", client_id(), client_secret()))),
    ] {
        assert_eq!(faults(&doctor::credential(&input, ANY)), [], "{label}");
    }
}

#[test]
fn what_depends_on_the_account_is_a_note() {
    let key = key(KeyFamily::CARDPLUSPAY, Mode::Test);
    let unsigned = call("GET /v1/orders", &[("X-API-Key", key.expose_secret())]);
    let unchecked = delivery(EVENT, NOW, EVENT);
    for (label, input, note) in [
        ("signing may be required", unsigned, Fault::NoChallenge),
        ("no secret to check with", unchecked, Fault::WebhookUnchecked),
    ] {
        let report = doctor::request(&input, None, TEST).unwrap();
        let notes: Vec<Fault> = report.notes().iter().map(doctor::Finding::fault).collect();
        assert_eq!((faults(&report), notes), (vec![], vec![note]), "{label}");
    }
}

#[test]
fn says_how_much_is_missing_and_how_far_the_clock_is_off() {
    let now = NOW.unix_timestamp();
    for (label, report, expected) in [
        ("cut", doctor::credential(&caibo()[..54], TEST), "It has 54 of 64 characters; 10 are missing."),
        ("cut at its start", doctor::credential(&caibo()[3..], TEST), "Its first 3 characters are missing."),
        (
            "expired",
            doctor::request(&balance(&session_token("exp", json!(now - 125))), None, TEST).unwrap(),
            "It ended 125 s ago.",
        ),
        (
            "ahead",
            doctor::request(&balance(&session_token("iat", json!(now + 90))), None, TEST).unwrap(),
            "Its `iat` is 90 s ahead.",
        ),
        ("line", doctor::request(&whoami("\"x\""), None, TEST).unwrap(), "surrounding_quotes, in X-API-Key, line 3"),
    ] {
        assert!(report.to_string().contains(expected), "{label}: {report}");
    }
}

#[test]
fn finds_something_in_every_refused_vector() {
    let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let named = |file: &Value, name: &str| -> Value {
        file["vectors"].as_array().unwrap().iter().find(|v| v["name"] == name).unwrap().clone()
    };
    let jwt = named(&read(include_str!("../../../vectors/jwt.json")), "jwt/refuse");
    let now = OffsetDateTime::from_unix_timestamp(jwt["inputs"]["now"].as_i64().unwrap()).unwrap();
    let mut checked = 0;
    for case in jwt["inputs"]["cases"].as_array().unwrap() {
        let (defect, token) = (case["defect"].as_str().unwrap(), case["token"].as_str().unwrap());
        // These take the keys of the server to find.
        if ["signature", "payload altered", "kid", "secret", "key"].iter().any(|word| defect.contains(word)) {
            continue;
        }
        let conditions = Conditions { now, listener: ListenerMode::Test };
        let capture = format!(
            "GET /api/a_secured_endpoint HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        assert!(!faults(&doctor::request(&capture, None, conditions).unwrap()).is_empty(), "{defect}");
        checked += 1;
    }
    assert!(checked > 15, "{checked}");
}

#[test]
fn what_is_no_request_is_an_error() {
    for (label, input) in [
        ("nothing", ""),
        ("prose", "it does not work"),
        ("an answer", "HTTP/1.1 401 Unauthorized\r\n\r\n"),
        ("curl without an address", "curl -H 'a: b'"),
        ("an open quote", "curl 'https://api.example"),
    ] {
        assert!(doctor::request(input, None, TEST).is_err(), "{label}");
    }
}

#[tokio::test]
async fn the_table_of_routes_is_that_of_the_server() {
    let world = world().await;
    for route in ROUTES {
        let path = route.template.replace("{id}", "1");
        let answer = world.send(Call::method(route.method, &path)).await;
        assert!(answer.status != 405, "{} {}", route.method, route.template);
        let unknown = answer.status == 404 && !route.template.contains("{id}");
        assert!(!unknown, "{} {}", route.method, route.template);
    }
}

/// Whether eight characters in a row of a secret stand in what the doctor says.
fn tells(report: &Report, secret: &str) -> bool {
    let said = format!("{report}{}", serde_json::to_string(report).unwrap());
    secret.as_bytes().windows(8).any(|part| said.as_bytes().windows(8).any(|said| said == part))
}

proptest! {
    #[test]
    fn no_report_holds_a_secret(
        seed in any::<u8>(),
        family in 0_usize..4,
        cut in 0_usize..40,
        insert in "[ -~\\n\u{430}\u{200b}]{0,6}",
        at in 8_usize..50,
        shape in 0_usize..12,
        foreign in "[0-9A-Za-z]{20,40}",
    ) {
        let families = [KeyFamily::CAIBO, KeyFamily::CARDPLUSPAY, KeyFamily::CLIENT_SECRET, KeyFamily::EIGHTY_EIGHT_PAY];
        let key = families[family].format.mint(Mode::Test, counting(seed)).unwrap();
        let whole = key.expose_secret();
        let secret = &whole[whole.len() - 38..whole.len() - 6];
        let mut text = whole.to_owned();
        text.insert_str(at, &insert);
        if shape % 2 == 0 {
            text.truncate(text.char_indices().rev().nth(cut).map_or(0, |(n, _)| n));
        } else if shape % 3 == 0 {
            text = text.chars().skip(cut).collect();
        }
        let one_line = text.replace('\n', "");
        let token = format!("{}.{}.{foreign}", URL_SAFE_NO_PAD.encode(json!({"alg": foreign}).to_string()), URL_SAFE_NO_PAD.encode(json!({"aud": foreign, "iss": text}).to_string()));
        let inputs = [
            whoami(&one_line),
            balance(&one_line),
            balance(&token),
            token_call(&format!("Basic {}", basic(&text))),
            token_call(&format!("Basic {}", basic(&format!("{foreign}:{text}")))),
            token_call(&format!("{foreign} {one_line}")),
            call(&format!("GET /payment-requests/7?token={foreign}&{one_line}={one_line}"), &[(&foreign, &one_line)]),
            call(&format!("{} /{foreign}", foreign.to_ascii_uppercase()), &[("x-merchant-id", &one_line), ("x-session-id", &foreign)]),
            format!("curl https://{foreign}/auth/whoami?{foreign} -u '{one_line}:{foreign}' -d '{foreign}' -H 'x-api-key:{one_line}'"),
            call("POST /hooks", &[("x-caibo-signature", &foreign), ("webhook-signature", &one_line)]),
        ];
        for input in inputs {
            if let Ok(report) = doctor::request(&input, Some(&foreign), TEST) {
                prop_assert!(!tells(&report, secret) && !tells(&report, &foreign), "{report}");
            }
        }
        let report = doctor::credential(&text, TEST);
        prop_assert!(!tells(&report, secret), "{report}");
        let report = doctor::credential(&foreign, TEST);
        prop_assert!(!tells(&report, &foreign), "{report}");
    }
}
