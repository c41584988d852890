//! Each dialect from the first call to the last in curl and openssl, as a merchant's engineer would type it.

use std::process::Command;

use serde_json::Value;

use super::{script, shell_tools};
use crate::binary::Dev;

/// Runs a script with values of what `dev` printed in its environment, and answers its labelled lines.
#[track_caller]
fn run(name: &str, variables: &[(&str, &str)]) -> Option<Vec<String>> {
    if !shell_tools() {
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(&dir.path().join("data"));
    let mut command = Command::new("bash");
    command.arg(script(name)).env("SANDBOX", dev.text("/sandbox"));
    for (variable, pointer) in variables {
        let value = match dev.printed().pointer(pointer) {
            Some(Value::Number(number)) => number.to_string(),
            _ => dev.text(pointer),
        };
        command.env(variable, value);
    }
    let output = command.output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{error}");
    Some(out.lines().map(str::to_owned).collect())
}

const PERSON: [(&str, &str); 3] =
    [("EMAIL", "/panel/email"), ("PASSWORD", "/panel/password"), ("USER_ID", "/panel/user_id")];

#[test]
fn caibo_from_login_to_payment() {
    let values = [("OLD_KEY", "/caibo/api_key_test"), ("ORIGIN", "/caibo/origin")];
    let Some(lines) = run("caibo.sh", &[&PERSON[..], &values].concat()) else { return };
    assert_eq!((lines.len(), lines.last().unwrap().as_str()), (15, "a paid request gets no page: 409"));
}

#[test]
fn eighty_eight_pay_from_key_to_the_end_of_the_budget() {
    let values = [("API_KEY", "/88pay/api_key_test"), ("MERCHANT_ID", "/merchant_id_test")];
    let Some(lines) = run("eighty_eight_pay.sh", &values) else { return };
    assert_eq!((lines.len(), lines.last().unwrap().as_str()), (17, "the pair still works: 200"));
}

#[test]
fn pledg_by_token_by_person_and_by_signature() {
    let values = [
        ("CLIENT", "/pledg/key"),
        ("SECRET", "/pledg/secret"),
        ("MERCHANT_UID", "/pledg/merchant_uid"),
        ("PURCHASE", "/pledg/purchase_uid"),
        ("SIGNING_SECRET", "/pledg/signing_secret"),
    ];
    let Some(lines) = run("pledg.sh", &[&PERSON[..], &values].concat()) else { return };
    assert_eq!((lines.len(), lines.last().unwrap().as_str()), (11, "another secret: 401"));
}

#[test]
fn alternative_in_three_hops_to_one_payment() {
    let values = [
        ("CLIENT", "/alternative/client_id"),
        ("SECRET", "/alternative/client_secret"),
        ("CUSTOMER", "/alternative/customer_id"),
        ("INVOICE", "/alternative/invoice_id"),
        ("ORIGIN", "/caibo/origin"),
    ];
    let Some(lines) = run("alternative.sh", &values) else { return };
    assert_eq!((lines.len(), lines.last().unwrap().as_str()), (11, "a second payment: 409"));
}

#[test]
fn cardpluspay_with_a_key_and_with_signed_challenges() {
    let values = [
        ("API_KEY", "/cardpluspay/api_key"),
        ("ITEM", "/cardpluspay/item_id"),
        ("SIGNED_API_KEY", "/cardpluspay/signed_api_key"),
        ("PRIVATE_KEY_PEM", "/cardpluspay/private_key_pem"),
    ];
    let Some(lines) = run("cardpluspay.sh", &values) else { return };
    assert_eq!((lines.len(), lines.last().unwrap().as_str()), (12, "a signature of something else: 401"));
}
