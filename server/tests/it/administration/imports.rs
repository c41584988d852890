//! OAuth pairs that were made elsewhere (Pledg §1, Alternative §2.1): any characters but control characters.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tollgate::account::{CLIENT_ID, ClientDialect, OauthClient, SecretText};
use tollgate::administration::{Error, NewClient};
use tollgate_apikey::{Mode, Scopes};

use super::clients::with_token;
use super::{actions, administration, bearer, buy, operator, overlap, token};
use crate::world::{Call, World, world};

const DIALECTS: [(ClientDialect, &str); 2] =
    [(ClientDialect::Alternative, "/oauth/token"), (ClientDialect::Pledg, "/api/token")];

const PAIRS: [(&str, &str, &str); 8] = [
    ("plain", "shop-4711", "sixteen bytes ok"),
    ("plus signs and per cents", "a+b%2Fc%", "100%+1+%zz+%41 and more"),
    ("colons in both", "shop:de:1", "colon:in:the:secret:"),
    ("not ASCII", "магазин-ö", "пароль Ω 🔑 passphrase"),
    ("form separators", "a&b=c", "grant_type=x&client_id=y;z"),
    ("quotation marks and blanks", " \"shop\" ", "' \" ` \\ trailing blank "),
    ("almost one of ours", "client_test_Uv2Wx4Yz6Ab83ujbGn", "client_secret_test_ but not quite"),
    ("a path", "../../etc/passwd", "<script>alert(1)</script>"),
];

/// What is refused: label, id, secret, and which error.
type Refused<'a> = (&'a str, &'a str, &'a str, fn(&Error) -> bool);

/// Form-encodes everything that may be (RFC 6749 §2.3.1).
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

async fn import(
    world: &World,
    dialect: ClientDialect,
    mode: Mode,
    id: &str,
    secret: &str,
) -> Result<OauthClient, Error> {
    let scopes = Scopes::parse(if dialect == ClientDialect::Alternative { "checkout:init" } else { "" }).unwrap();
    let new = NewClient { dialect, merchant: world.merchant_id(), mode, scopes, name: "imported".to_owned() };
    administration(world).import_client(&operator(), new, id, SecretText::new(secret.to_owned())).await
}

fn claims(token: &str) -> Value {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

#[tokio::test]
async fn a_pair_of_any_characters_buys_a_token_that_names_it() {
    for (dialect, path) in DIALECTS {
        let world = world().await;
        for (label, id, secret) in PAIRS {
            import(&world, dialect, Mode::Test, id, secret).await.unwrap();
            let bought = token(&world.send(buy(path, &encoded(id), &encoded(secret))).await);
            assert_eq!(claims(&bought)["sub"], id, "{label}");
            let call = match dialect {
                ClientDialect::Alternative => {
                    assert_eq!(claims(&bought)["client_id"], id, "{label}");
                    let ids = json!({
                        "customer_id": world.text("/alternative/customer_id"),
                        "invoice_id": world.text("/alternative/invoice_id"),
                    });
                    bearer(Call::post("/v1/checkout-auth/init").json(&ids), &bought)
                }
                ClientDialect::Pledg => bearer(Call::get("/api/a_secured_endpoint"), &bought),
            };
            let answer = world.send(call).await;
            assert_eq!(answer.status, 200, "{label}: {}", answer.text());
            if dialect == ClientDialect::Alternative {
                let checkout = answer.json()["token"].as_str().unwrap().to_owned();
                assert_eq!(claims(&checkout)["client_id"], id, "{label}");
                let seen = world.send(bearer(Call::get("/checkout/invoice"), &checkout)).await;
                assert_eq!(seen.status, 200, "{label}: {}", seen.text());
            } else {
                assert_eq!(answer.json()["client_id"], id, "{label}");
            }
            let asked = buy("/oauth/introspect", &encoded(id), &encoded(secret)).body(format!("token={bought}"));
            let known = world.send(asked).await.json();
            assert_eq!((&known["active"], &known["client_id"]), (&json!(true), &json!(id)), "{label}");
            world.advance(2);
        }
    }
}

#[tokio::test]
async fn every_pair_that_is_not_the_imported_one_gets_the_bytes_of_an_unknown_one() {
    for (dialect, path) in DIALECTS {
        let world = world().await;
        let (_, id, secret) = PAIRS[1];
        import(&world, dialect, Mode::Test, id, secret).await.unwrap();
        import(&world, dialect, Mode::Live, "live only", secret).await.unwrap();
        let other = if dialect == ClientDialect::Pledg { ClientDialect::Alternative } else { ClientDialect::Pledg };
        import(&world, other, Mode::Test, "of the other dialect", secret).await.unwrap();
        let (native, native_secret) = world.make_client(&world.merchant_id(), dialect, Mode::Test, "").await;
        assert_eq!(world.send(buy(path, &encoded(id), &encoded(secret))).await.status, 200, "the cache is warm");
        let reference = world.send(buy(path, "nobody", &encoded(secret)).from([198, 51, 100, 1])).await;
        assert_eq!(reference.status, 401);
        let wrong = format!("{}x", encoded(secret));
        let (long_id, long_secret) = ("x".repeat(256), "y".repeat(1025));
        let table = [
            ("a wrong secret", encoded(id), wrong),
            ("another case", encoded(&id.to_uppercase()), encoded(secret)),
            ("a blank behind the id", format!("{}+", encoded(id)), encoded(secret)),
            ("not encoded", id.to_owned(), secret.to_owned()),
            ("encoded twice", encoded(&encoded(id)), encoded(&encoded(secret))),
            ("the live one", encoded("live only"), encoded(secret)),
            ("the other dialect's", encoded("of the other dialect"), encoded(secret)),
            ("with another client's secret", encoded(id), native_secret),
            ("another client with its secret", native, encoded(secret)),
            ("an id too long", long_id, encoded(secret)),
            ("a secret too long", encoded(id), long_secret),
            ("a secret too short", encoded(id), "short".to_owned()),
        ];
        for (n, (label, id, secret)) in (2..).zip(table) {
            let answer = world.send(buy(path, &id, &secret).from([198, 51, 100, n])).await;
            assert_eq!(answer.comparable(), reference.comparable(), "{path}: {label}");
        }
    }
}

/// Imported ids can be guessed: were an answer from the cache or one look-up fewer, its time would tell which exist.
#[tokio::test]
async fn storage_is_asked_for_client_and_secret_whether_the_id_is_known_or_not() {
    for (dialect, path) in DIALECTS {
        for table in ["oauth_clients", "credentials"] {
            let world = world().await;
            let (_, id, secret) = PAIRS[0];
            import(&world, dialect, Mode::Test, id, secret).await.unwrap();
            let warm = world.send(buy(path, id, &encoded(secret))).await;
            assert_eq!(warm.status, 200, "{path}: {}", warm.text());
            let wrong = encoded("the wrong one of the same length");
            world.without_table(table).await;
            let known = world.send(buy(path, id, &wrong)).await;
            let unknown = world.send(buy(path, "shop-4712", &wrong)).await;
            assert!(known.status.is_server_error(), "{path}: {table} was not asked: {}", known.status);
            assert_eq!(known.comparable(), unknown.comparable(), "{path}: {table}");
        }
    }
}

#[tokio::test]
async fn a_good_secret_of_another_client_does_not_tell_which_imported_ids_exist() {
    for (dialect, path) in DIALECTS {
        let world = world().await;
        let (_, id, secret) = PAIRS[0];
        let client = import(&world, dialect, Mode::Test, id, secret).await.unwrap();
        let own = administration(&world).rotate_client_secret(&operator(), client.id, overlap(0)).await.unwrap();
        assert_eq!(world.send(buy(path, id, own.text.expose_secret())).await.status, 200, "{path}: the cache is warm");
        world.without_table("oauth_clients").await;
        for id in [id, "shop-4712"] {
            let answer = world.send(buy(path, id, own.text.expose_secret())).await;
            assert!(answer.status.is_server_error(), "{path}: {id}: storage was not asked: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn an_imported_client_rotates_into_a_secret_of_ours_and_keeps_its_id() {
    for (dialect, path) in DIALECTS {
        let world = world().await;
        let (_, id, secret) = PAIRS[2];
        let client = import(&world, dialect, Mode::Test, id, secret).await.unwrap();
        let bought = token(&world.send(buy(path, &encoded(id), &encoded(secret))).await);
        let new = administration(&world).rotate_client_secret(&operator(), client.id, overlap(60)).await.unwrap();
        let (id, secret) = (encoded(id), encoded(secret));
        for (after, expected) in [(0, 200), (59, 200), (1, 401)] {
            world.advance(after);
            assert_eq!(world.send(buy(path, &id, &secret)).await.status, expected, "{path}: {after} s later");
            assert_eq!(world.send(buy(path, &id, new.text.expose_secret())).await.status, 200, "{path}");
        }
        assert_ne!(world.send(with_token(dialect, &bought)).await.status, 401, "{path}: its token runs out (L4)");
        assert!(administration(&world).revoke_client(&operator(), client.id).await.unwrap());
        assert_eq!(world.send(buy(path, &id, new.text.expose_secret())).await.status, 401, "{path}");
        assert_eq!(world.send(with_token(dialect, &bought)).await.status, 401, "{path}: its token died with it");
    }
}

#[tokio::test]
async fn an_imported_secret_that_is_replaced_at_once_takes_its_tokens_with_it() {
    for (dialect, path) in DIALECTS {
        let world = world().await;
        let (_, id, secret) = PAIRS[2];
        let client = import(&world, dialect, Mode::Test, id, secret).await.unwrap();
        let (id, secret) = (encoded(id), encoded(secret));
        let bought = token(&world.send(buy(path, &id, &secret)).await);
        assert_ne!(world.send(with_token(dialect, &bought)).await.status, 401, "{path}: it is a good one");
        let new = administration(&world).rotate_client_secret(&operator(), client.id, overlap(0)).await.unwrap();
        assert_eq!(world.send(buy(path, &id, &secret)).await.status, 401, "{path}");
        assert_eq!(world.send(with_token(dialect, &bought)).await.status, 401, "{path}");
        assert_eq!(world.send(buy(path, &id, new.text.expose_secret())).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_pair_that_is_too_weak_too_long_or_not_unique_is_not_imported() {
    let world = world().await;
    let before = actions(&world).await;
    let native = CLIENT_ID.mint(Mode::Test, |bytes| world.services.rng.fill(bytes)).unwrap();
    let native_secret = world.text("/pledg/secret");
    let good = "a secret long enough";
    let (long_id, long_secret) = ("x".repeat(256), "y".repeat(1025));
    // Each is within its own bound, but the pair does not fit a Basic header of 4096 characters.
    let wide = "ä".repeat(500);
    let table: &[Refused<'_>] = &[
        ("an empty id", "", good, |error| matches!(error, Error::Invalid(_))),
        ("an id too long", &long_id, good, |error| matches!(error, Error::Invalid(_))),
        ("a control character in the id", "a\u{7}b", good, |error| matches!(error, Error::Invalid(_))),
        ("an id of ours", native.as_str(), good, |error| matches!(error, Error::Invalid(_))),
        ("a short secret", "shop", "fifteen bytes..", |error| matches!(error, Error::Weak)),
        ("a secret too long", "shop", &long_secret, |error| matches!(error, Error::Invalid(_))),
        ("a control character in the secret", "shop", "sixteen bytes\r\nok", |error| {
            matches!(error, Error::Invalid(_))
        }),
        ("a secret of ours", "shop", &native_secret, |error| matches!(error, Error::Invalid(_))),
        ("a pair that no header holds", "ääääääääääääääääääää", &wide, |error| {
            matches!(error, Error::Invalid(_))
        }),
    ];
    for (label, id, secret, expected) in table {
        let error = import(&world, ClientDialect::Pledg, Mode::Test, id, secret).await.unwrap_err();
        assert!(expected(&error), "{label}: {error}");
        assert!(!format!("{error} {error:?}").contains(*secret), "{label}");
    }
    assert_eq!(actions(&world).await, before);
    import(&world, ClientDialect::Pledg, Mode::Test, "shop", good).await.unwrap();
    let again = import(&world, ClientDialect::Alternative, Mode::Test, "shop", "another secret here").await;
    assert!(matches!(again, Err(Error::Taken)));
    import(&world, ClientDialect::Pledg, Mode::Live, "shop", good).await.unwrap();
}
