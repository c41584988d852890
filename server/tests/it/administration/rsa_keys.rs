//! RSA public keys for request signing.

use tollgate::account::{MerchantId, Switch};
use tollgate::administration::{Error, Setting};
use tollgate_apikey::Mode;
use tollgate_challenge_signature::merchant::{Signer, generate_pkcs8_pem};

use super::{actions, administration, operator, overlap};
use crate::world::{Call, World, world};

/// The demo's second merchant, whose requests must be signed.
async fn signing(world: &World) -> MerchantId {
    let all = administration(world).merchants(tollgate::administration::Page::first(10)).await.unwrap();
    all.into_iter().map(|merchant| merchant.id).find(|id| *id != world.merchant_id()).unwrap()
}

fn signer(world: &World) -> Signer {
    Signer::from_pkcs8_pem(&world.text("/cardpluspay/private_key_pem")).unwrap()
}

/// The status of a call that is signed with this key.
async fn signed(world: &World, signer: &Signer) -> u16 {
    let key = world.text("/cardpluspay/signed_api_key");
    let challenge = world.send(Call::post("/v1/auth/challenge").header("x-api-key", &key)).await;
    let challenge = challenge.json()["data"]["challenge"].as_str().unwrap().to_owned();
    let signature = signer.sign(&challenge, &*world.services.rng.source()).unwrap();
    let call = Call::get("/v1/balance").header("x-api-key", &key);
    world.send(call.header("x-api-challenge", challenge).header("x-api-signature", signature)).await.status.as_u16()
}

async fn unsigned(world: &World) -> u16 {
    let key = world.text("/cardpluspay/signed_api_key");
    world.send(Call::get("/v1/balance").header("x-api-key", &key)).await.status.as_u16()
}

fn another(world: &World) -> Signer {
    let (pem, _) = generate_pkcs8_pem(2048, |bytes| world.services.rng.fill(bytes)).unwrap();
    Signer::from_pkcs8_pem(&pem).unwrap()
}

#[tokio::test]
async fn a_retired_key_signs_until_the_last_second_of_its_overlap() {
    let world = world().await;
    let merchant = signing(&world).await;
    let (old, new) = (signer(&world), another(&world));
    assert_eq!(signed(&world, &old).await, 200, "the cache is warm");
    assert_eq!(signed(&world, &new).await, 401);
    let pem = new.public_key().to_spki_pem();
    let registered = administration(&world).register_rsa_key(&operator(), &merchant, Mode::Test, &pem).await.unwrap();
    assert_eq!(signed(&world, &new).await, 200, "it counts at the next call");
    let keys = administration(&world).rsa_keys(&merchant, Mode::Test).await.unwrap();
    let first = keys.iter().find(|key| key.id != registered.id).unwrap().id;
    administration(&world).retire_rsa_key(&operator(), first, overlap(60)).await.unwrap();
    for (after, expected) in [(0, 200), (59, 200), (1, 401)] {
        world.advance(after);
        assert_eq!(signed(&world, &old).await, expected, "{after} s later");
        assert_eq!(signed(&world, &new).await, 200, "{after} s later");
    }
    let refused = administration(&world).retire_rsa_key(&operator(), first, overlap(60)).await;
    assert!(matches!(refused, Err(Error::NotUsable)));
    assert!(administration(&world).revoke_rsa_key(&operator(), registered.id).await.unwrap());
    assert_eq!(signed(&world, &new).await, 401, "dead at once (L3)");
    let back = administration(&world).register_rsa_key(&operator(), &merchant, Mode::Test, &pem).await;
    assert!(matches!(back, Err(Error::Taken)), "a key that was given up does not come back");
}

#[tokio::test]
async fn what_is_no_acceptable_key_is_refused_and_leaves_no_entry() {
    let world = world().await;
    let merchant = signing(&world).await;
    let before = actions(&world).await;
    let private = world.text("/cardpluspay/private_key_pem");
    let register =
        async |pem: &str| administration(&world).register_rsa_key(&operator(), &merchant, Mode::Test, pem).await;
    for pem in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", &private] {
        assert!(matches!(register(pem).await, Err(Error::RsaKey(_))), "{pem:?}");
    }
    let known = signer(&world).public_key().to_spki_pem();
    assert!(matches!(register(&known).await, Err(Error::Taken)));
    assert_eq!(actions(&world).await, before);
    administration(&world).register_rsa_key(&operator(), &merchant, Mode::Live, &known).await.unwrap();
}

#[tokio::test]
async fn a_fifth_live_key_is_refused() {
    let world = world().await;
    let merchant = signing(&world).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let pem = another(&world).public_key().to_spki_pem();
        ids.push(administration(&world).register_rsa_key(&operator(), &merchant, Mode::Test, &pem).await.unwrap().id);
    }
    let pem = another(&world).public_key().to_spki_pem();
    let fifth = administration(&world).register_rsa_key(&operator(), &merchant, Mode::Test, &pem).await;
    assert!(matches!(fifth, Err(Error::TooMany)));
    administration(&world).revoke_rsa_key(&operator(), ids[0]).await.unwrap();
    administration(&world).register_rsa_key(&operator(), &merchant, Mode::Test, &pem).await.unwrap();
}

#[tokio::test]
async fn signing_is_required_only_where_a_live_key_is_registered() {
    let world = world().await;
    let merchant = signing(&world).await;
    assert_eq!(unsigned(&world).await, 401, "the cache is warm");
    administration(&world).set_request_signing(&operator(), &merchant, Mode::Test, Switch::Off).await.unwrap();
    assert_eq!(unsigned(&world).await, 200);
    for key in administration(&world).rsa_keys(&merchant, Mode::Test).await.unwrap() {
        administration(&world).revoke_rsa_key(&operator(), key.id).await.unwrap();
    }
    let setting = Setting::RequestSigningRequired(Switch::On);
    for mode in [Mode::Test, Mode::Live] {
        let by_name = administration(&world).set_setting(&operator(), &merchant, mode, setting).await;
        assert!(matches!(by_name, Err(Error::NoLiveKey)), "{mode:?}");
    }
    assert_eq!(unsigned(&world).await, 200);
    let known = administration(&world).settings(&merchant, Mode::Test).await.unwrap();
    assert_eq!(known, [Setting::RequestSigningRequired(Switch::Off)]);
}
