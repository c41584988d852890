//! `/panel/signing…`

use tollgate::account::MerchantId;
use tollgate::administration::{Error, Page};
use tollgate_apikey::Mode;
use tollgate_challenge_signature::merchant::{Signer, generate_pkcs8_pem};

use super::records::signer;
use crate::panel::browser::{Browser, token};
use crate::world::{Answer, Call, World, world};

async fn signed_in(world: &World) -> Browser<'_> {
    Browser::owner(world).await
}

/// What an unsigned call with a CardPlusPay key gets.
async fn unsigned(world: &World) -> u16 {
    let key = world.text("/cardpluspay/api_key");
    world.send(Call::get("/v1/balance").header("x-api-key", key)).await.status.as_u16()
}

fn challenge(answer: &Answer) -> String {
    answer.expect_page(answer.status.as_u16(), "openssl dgst -sha256 -sign private-key.pem");
    let text = answer.text();
    let challenge = text.split_once("name=\"challenge\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    assert!(
        text.contains(&format!("printf &#39;%s&#39; &#39;{challenge}&#39;"))
            || text.contains(&format!("printf '%s' '{challenge}'")),
        "{text}"
    );
    challenge
}

fn sign(world: &World, signer: &Signer, challenge: &str) -> String {
    signer.sign(challenge, &*world.services.rng.source()).unwrap()
}

async fn add(browser: &mut Browser<'_>, pem: &str) -> Answer {
    // As browsers send the lines of a text field.
    browser.submit("/panel/signing/keys/new", &[("encoded_key", &pem.replace('\n', "\r\n"))]).await
}

async fn switch_on(world: &World, browser: &mut Browser<'_>, signer: &Signer) {
    let shown = browser.get("/panel/signing/on").await;
    let challenge = challenge(&shown);
    let signature = sign(world, signer, &challenge);
    let good = token(&shown.text()).unwrap();
    let answer =
        browser.post("/panel/signing/on", &good, &[("challenge", &challenge), ("signature", &signature)]).await;
    answer.expect_redirect("/panel/signing");
}

async fn ids(world: &World, merchant: &MerchantId) -> Vec<String> {
    let keys = world.services.administration.rsa_keys(merchant, Mode::Test).await.unwrap();
    keys.iter().map(|key| key.id.as_str().to_owned()).collect()
}

#[tokio::test]
pub(in crate::panel) async fn signing_is_switched_on_by_one_right_signature_and_off_again() {
    let world = world().await;
    let mut browser = signed_in(&world).await;
    browser.get("/panel/signing/on").await.expect_page(409, "A public key comes first");
    let signer = signer(&world);
    add(&mut browser, &signer.public_key().to_spki_pem()).await.expect_redirect("/panel/signing");
    browser.get("/panel/signing").await.expect_page(200, &signer.public_key().fingerprint());
    assert_eq!(unsigned(&world).await, 200);
    switch_on(&world, &mut browser, &signer).await;
    assert_eq!(unsigned(&world).await, 401, "it counts at the next call");
    browser.get("/panel/signing").await.expect_page(200, "every CardPlusPay request must be signed");
    browser.submit("/panel/signing/off", &[]).await.expect_redirect("/panel/signing");
    assert_eq!(unsigned(&world).await, 200);
    let told: Vec<_> = world.services.mailer.kept().iter().map(|mail| mail.text.to_string()).collect();
    assert_eq!(told.len(), 3, "key, on, off");
    assert!(told[2].contains("need not be signed any more") && told[2].contains("127.0.0.1"), "{told:?}");
}

#[tokio::test]
async fn a_wrong_signature_leaves_signing_off_and_says_what_is_wrong() {
    let world = world().await;
    let mut browser = signed_in(&world).await;
    let signer = signer(&world);
    add(&mut browser, &signer.public_key().to_spki_pem()).await.expect_redirect("/panel/signing");
    let (other, _) = generate_pkcs8_pem(2048, |bytes| world.services.rng.fill(bytes)).unwrap();
    let other = Signer::from_pkcs8_pem(&other).unwrap();
    let shown = browser.get("/panel/signing/on").await;
    let (challenge, good) = (challenge(&shown), token(&shown.text()).unwrap());
    let right = sign(&world, &signer, &challenge);
    for (label, signature, fault) in [
        ("of another key", sign(&world, &other, &challenge), "None of your keys fits"),
        ("empty", String::new(), "not as long as any"),
        ("too short", right[..340].to_owned(), "not as long as any"),
        ("URL-safe", right.replace(['+', '/'], "-"), "not standard base64"),
        ("no padding", right.trim_end_matches('=').to_owned(), "not standard base64"),
    ] {
        let fields = [("challenge", challenge.as_str()), ("signature", signature.as_str())];
        let answer = browser.post("/panel/signing/on", &good, &fields).await;
        answer.expect_page(422, fault);
        answer.expect_page(422, &format!("name=\"challenge\" value=\"{challenge}\""));
        assert_eq!(unsigned(&world).await, 200, "{label}");
    }
    // A wrong signature does not use the challenge up, a right one does; line ends of a terminal do no harm.
    let wrapped = format!("{}\r\n{}\n", &right[..64], &right[64..]);
    let fields = [("challenge", challenge.as_str()), ("signature", wrapped.as_str())];
    browser.post("/panel/signing/on", &good, &fields).await.expect_redirect("/panel/signing");
    browser.submit("/panel/signing/off", &[]).await.expect_redirect("/panel/signing");
    browser.post("/panel/signing/on", &good, &fields).await.expect_page(422, "too old or used before");
    assert_eq!(unsigned(&world).await, 200);
}

#[tokio::test]
async fn the_panel_takes_no_challenge_of_an_api_key_nor_the_other_way_round() {
    let world = world().await;
    let mut browser = signed_in(&world).await;
    let signer = signer(&world);
    add(&mut browser, &signer.public_key().to_spki_pem()).await.expect_redirect("/panel/signing");
    let shown = browser.get("/panel/signing/on").await;
    let (mine, good) = (challenge(&shown), token(&shown.text()).unwrap());
    let key = world.text("/cardpluspay/api_key");
    let theirs = world.send(Call::post("/v1/auth/challenge").header("x-api-key", &key)).await;
    let theirs = theirs.json()["data"]["challenge"].as_str().unwrap().to_owned();
    let signature = sign(&world, &signer, &theirs);
    let fields = [("challenge", theirs.as_str()), ("signature", signature.as_str())];
    browser.post("/panel/signing/on", &good, &fields).await.expect_page(422, "too old or used before");
    let call = Call::get("/v1/balance").header("x-api-key", &key).header("x-api-challenge", &mine);
    let answer = world.send(call.header("x-api-signature", sign(&world, &signer, &mine))).await;
    assert_eq!(answer.status, 401);
    // A challenge of live mode does not switch test mode.
    let pem = signer.public_key().to_spki_pem();
    let administration = &world.services.administration;
    let operator = tollgate::administration::Actor::operator();
    administration.register_rsa_key(&operator, &world.merchant_id(), Mode::Live, &pem).await.unwrap();
    browser.submit_from("/panel", "/panel/mode", &[("mode", "live")]).await;
    let live = challenge(&browser.get("/panel/signing/on").await);
    browser.submit_from("/panel", "/panel/mode", &[("mode", "test")]).await;
    let signature = sign(&world, &signer, &live);
    let fields = [("challenge", live.as_str()), ("signature", signature.as_str())];
    browser.post("/panel/signing/on", &good, &fields).await.expect_page(422, "too old or used before");
    assert_eq!(unsigned(&world).await, 200);
}

#[tokio::test]
async fn a_challenge_dies_after_five_minutes() {
    let world = world().await;
    let mut browser = signed_in(&world).await;
    let signer = signer(&world);
    add(&mut browser, &signer.public_key().to_spki_pem()).await.expect_redirect("/panel/signing");
    world.advance(60);
    let shown = browser.get("/panel/signing/on").await;
    let (old, good) = (challenge(&shown), token(&shown.text()).unwrap());
    world.advance(300);
    let signature = sign(&world, &signer, &old);
    let fields = [("challenge", old.as_str()), ("signature", signature.as_str())];
    browser.post("/panel/signing/on", &good, &fields).await.expect_redirect("/panel/confirm?next=/panel/signing/on");
    let password = world.text("/panel/password");
    browser.post("/panel/confirm", &good, &[("password", &password)]).await.expect_redirect("/panel/signing/on");
    let answer = browser.post("/panel/signing/on", &good, &fields).await;
    answer.expect_page(422, "Here is a new one");
    assert_ne!(challenge(&answer), old);
    assert_eq!(unsigned(&world).await, 200);
}

#[tokio::test]
async fn the_last_key_of_an_account_that_must_sign_stays() {
    let world = world().await;
    let mut browser = signed_in(&world).await;
    let signer = signer(&world);
    add(&mut browser, &signer.public_key().to_spki_pem()).await.expect_redirect("/panel/signing");
    switch_on(&world, &mut browser, &signer).await;
    let first = ids(&world, &world.merchant_id()).await.remove(0);
    let good = token(&browser.get("/panel").await.text()).unwrap();
    for step in ["retire", "revoke"] {
        let path = format!("/panel/signing/keys/{first}/{step}");
        browser.get(&path).await.expect_page(409, "This key is needed");
        browser.post(&path, &good, &[("overlap", "3600")]).await.expect_page(409, "This key is needed");
    }
    let (second, _) = generate_pkcs8_pem(2048, |bytes| world.services.rng.fill(bytes)).unwrap();
    let second = Signer::from_pkcs8_pem(&second).unwrap();
    add(&mut browser, &second.public_key().to_spki_pem()).await.expect_redirect("/panel/signing");
    let retire = format!("/panel/signing/keys/{first}/retire");
    browser.submit(&retire, &[("overlap", "3600")]).await.expect_redirect("/panel/signing");
    browser.get("/panel/signing").await.expect_page(200, "Retiring");
    let revoke = format!("/panel/signing/keys/{first}/revoke");
    browser.submit(&revoke, &[]).await.expect_redirect("/panel/signing");
    browser.get("/panel/signing").await.expect_page(200, "Revoked");
}

#[tokio::test]
async fn what_is_no_public_key_is_refused_and_a_private_key_is_never_shown_again() {
    let world = world().await;
    let mut browser = signed_in(&world).await;
    let private = world.text("/cardpluspay/private_key_pem");
    let answer = add(&mut browser, &private).await;
    answer.expect_page(422, "This is a private key.");
    let line = private.lines().nth(1).unwrap();
    assert!(!answer.text().contains(line));
    for (pem, fault) in [("", "no PEM text"), ("nonsense", "no PEM text")] {
        add(&mut browser, pem).await.expect_page(422, fault);
    }
    // Not even while it waits for the password.
    let good = token(&browser.get("/panel").await.text()).unwrap();
    world.advance(300);
    let path = "/panel/signing/keys/new";
    browser
        .post(path, &good, &[("encoded_key", &private)])
        .await
        .expect_redirect(&format!("/panel/confirm?next={path}"));
    let database = std::fs::read(world.data().join("tollgate.db")).unwrap();
    let journal = std::fs::read(world.data().join("tollgate.db-wal")).unwrap_or_default();
    for file in [database, journal] {
        assert!(!file.windows(line.len()).any(|part| part == line.as_bytes()), "a private key was written to disk");
    }
    assert_eq!(ids(&world, &world.merchant_id()).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_key_is_registered_once_and_four_at_most() {
    let world = world().await;
    let mut browser = signed_in(&world).await;
    let pem = signer(&world).public_key().to_spki_pem();
    add(&mut browser, &pem).await.expect_redirect("/panel/signing");
    add(&mut browser, &pem).await.expect_page(422, "is or was registered already");
    let administration = &world.services.administration;
    let operator = tollgate::administration::Actor::operator();
    loop {
        let (pem, _) = generate_pkcs8_pem(2048, |bytes| world.services.rng.fill(bytes)).unwrap();
        let pem = Signer::from_pkcs8_pem(&pem).unwrap().public_key().to_spki_pem();
        match administration.register_rsa_key(&operator, &world.merchant_id(), Mode::Test, &pem).await {
            Ok(_) => {}
            Err(Error::TooMany) => {
                add(&mut browser, &pem).await.expect_page(422, "4 keys in force");
                break;
            }
            Err(error) => panic!("{error}"),
        }
    }
    let entries = administration.audit(Some(&world.merchant_id()), Page::first(1)).await.unwrap();
    assert_eq!(entries[0].action, "rsa_key.registered");
}
