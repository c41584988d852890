//! The shared vectors: `vectors/basic.json`.

use serde_json::Value;
use tollgate_http_credentials::{BasicCredentials, ShapeError, ShapeErrorKind};

use crate::{client, user, value_of};

const BASIC: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/basic.json"));

#[test]
fn reads_every_row_of_the_basic_table_as_stated() {
    let file: Value = serde_json::from_str(BASIC).expect("JSON");
    let vector = &file["vectors"][0];
    assert_eq!(vector["name"], "basic/decode-table");
    let rows = vector["inputs"]["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 24);
    for row in rows {
        let header = row["header"].as_str().expect("header");
        let value = value_of(header.as_bytes());
        check(header, "oauth", client(&value), &row["oauth"]);
        check(header, "dashboard", user(&value), &row["dashboard"]);
    }
}

#[track_caller]
fn check(header: &str, reading: &str, got: Result<BasicCredentials, Option<ShapeError>>, expected: &Value) {
    let got = match got {
        Ok(pair) => serde_json::json!([pair.user_id(), pair.expose_password()]),
        Err(Some(error)) if error.kind() == ShapeErrorKind::Malformed => "refuse".into(),
        Err(other) => format!("{other:?}").into(),
    };
    assert_eq!(got, *expected, "{header} as {reading}");
}
