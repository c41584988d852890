//! Known answers from `vectors/`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tollgate_checkout_scope::{
    AllowList, CheckoutClaims, CheckoutToken, DeniedKind, MintAuthority, TOKEN_LENGTH, TokenPepper, Ttl, mint,
};

use crate::support::{T0, VerifiedApiKey, at};

const CAIBO: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/caibo.json"));
const ALTERNATIVE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/alternative.json"));

#[test]
fn mints_and_digests_the_caibo_checkout_token() {
    let vector = vector(CAIBO, "caibo/checkout-token");
    let random = unhex(text(&vector["inputs"]["random_hex"]));
    let expected = &vector["expected"];
    assert_eq!(text(&vector["inputs"]["digest_label"]), "caibo.checkout.v1:");
    let pepper = TokenPepper::new(1, "caibo.checkout.v1:", &unhex(text(&vector["inputs"]["pepper_v1_hex"]))).unwrap();

    let proof = VerifiedApiKey;
    let authority = MintAuthority::for_server_credential(&proof);
    let fill = |bytes: &mut [u8]| {
        bytes.copy_from_slice(&random);
        Ok::<(), ()>(())
    };
    let (token, grant) = mint(&authority, 73_114_u64, Ttl::FIFTEEN_MINUTES, at(T0), fill).unwrap();

    assert_eq!(token.expose_secret(), text(&expected["token"]));
    assert_eq!(TOKEN_LENGTH, usize::try_from(expected["length"].as_u64().unwrap()).unwrap());
    assert_eq!(token.digest(&pepper).as_bytes().as_slice(), unhex(text(&expected["stored_digest_hex"])));
    assert_eq!(token.digest(&pepper).pepper_version(), 1);
    assert_eq!(grant.expires_at(), at(T0 + 900));

    let presented = CheckoutToken::parse(text(&expected["token"])).unwrap();
    assert_eq!(presented.digest(&pepper), token.digest(&pepper));
}

#[test]
fn permits_with_the_claims_of_the_alternative_checkout_token_until_its_exp() {
    let vector = vector(ALTERNATIVE, "alternative/checkout-token");
    let payload = text(&vector["inputs"]["token"]).split('.').nth(1).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap();
    let claims: CheckoutClaims = serde_json::from_slice(&payload).unwrap();
    assert_eq!(claims.partner_id(), "MCH-USA-TEST-4KD9P");
    assert_eq!(claims.client_id(), "client_test_Uv2Wx4Yz6Ab83ujbGm");
    assert_eq!(claims.customer_id(), "cus_8f2b");
    assert_eq!(claims.invoice_id(), "inv_51c0");

    let expires_at = at(vector["expected"]["expires_at"].as_i64().unwrap());
    let grant = claims.grant(expires_at);
    let list = AllowList::compile(&[("GET", "/checkout/invoice"), ("GET", "/checkout/v1/invoice")]).unwrap();
    let mut cases = 0;
    for case in vector["expected"]["cases"].as_array().unwrap() {
        let answer = list.permit(&grant, "GET", "/checkout/v1/invoice", at(case["now"].as_i64().unwrap()));
        if text(&case["verdict"]) == "accept" {
            let permit = answer.unwrap();
            assert_eq!(permit.object().invoice_id(), "inv_51c0");
            assert_eq!(permit.object().customer_id(), "cus_8f2b");
            assert_eq!(permit.object().partner_id(), "MCH-USA-TEST-4KD9P");
            assert_eq!(permit.expires_at(), expires_at);
        } else {
            assert_eq!(answer.unwrap_err().kind(), DeniedKind::Expired);
        }
        cases += 1;
    }
    assert_eq!(cases, 2);
}

#[track_caller]
fn vector(file: &str, name: &str) -> Value {
    let file: Value = serde_json::from_str(file).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    vectors.iter().find(|vector| vector["name"] == name).unwrap().clone()
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[track_caller]
fn unhex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2) && hex.is_ascii());
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}
