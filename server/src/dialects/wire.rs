//! Schemas of values that several dialects have on the wire.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::payments::{Currency, is_country};
use crate::transport::Form;

/// An object id in a path: one decimal spelling, 1 to 2^53 − 1.
pub(super) const ID: &str = "^[1-9][0-9]{0,15}$";
/// Text without control characters, but for tab and line ends.
pub(super) const TEXT: &str = "^[^\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F]*$";
/// ASCII without blanks.
pub(super) const PRINTABLE: &str = "^[!-~]+$";
/// A decimal as text.
pub(super) const DECIMAL: &str = "^[0-9]+(\\.[0-9]+)?$";
/// A merchant id in either spelling.
pub(super) const MERCHANT_ID: &str = "^MCH-[A-Z]{3}(-TEST)?-[A-Z0-9]{5,6}$";
/// An absolute https URL without user information.
pub(super) const HTTPS_URL: &str = "^https://[A-Za-z0-9.-]+\
    (:(0*[0-9]{1,4}|0*[1-5][0-9]{4}|0*6[0-4][0-9]{3}|0*65[0-4][0-9]{2}|0*655[0-2][0-9]|0*6553[0-5]))?\
    ([/?#][A-Za-z0-9._~:/?#\\[\\]@!$&'()*+,;=%-]*)?$";
/// The target of webhooks, by name: https on one of two ports of a public host. Names that only a local network knows are
/// refused all the same.
pub(super) const WEBHOOK_URL: &str = "^https://([A-Za-z0-9-]+\\.)+[A-Za-z][A-Za-z0-9-]*(:(443|8443))?\
    ([/?][A-Za-z0-9._~:/?\\[\\]@!$&'()*+,;=%-]*)?$";
/// Three base64url parts.
pub(super) const JWT: &str = "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$";

/// An amount as a JSON number, above zero, with at most the decimals of its currency and no exponent.
pub(super) struct AmountNumber;

/// An ISO 4217 code.
pub(super) struct CurrencyCode;

/// An ISO 3166-1 alpha-3 code.
pub(super) struct CountryCode;

/// A moment, RFC 3339 in UTC.
pub(super) struct Timestamp;

impl JsonSchema for AmountNumber {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Above zero, without an exponent, with at most as many decimals as the currency has.",
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 9_999_999_999_999_u64,
        })
    }
}

impl JsonSchema for CurrencyCode {
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let codes: Vec<_> = codes().filter(|code| Currency::parse(code).is_some()).collect();
        json_schema!({ "description": "ISO 4217.", "type": "string", "enum": codes })
    }
}

impl JsonSchema for CountryCode {
    fn schema_name() -> Cow<'static, str> {
        "Country".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let codes: Vec<_> = codes().filter(|code| is_country(code)).collect();
        json_schema!({ "description": "ISO 3166-1 alpha-3.", "type": "string", "enum": codes })
    }
}

impl JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// What forms have alike: further parameters have no effect, each comes at most once, and the client is not in them
/// (RFC 6749 §2.3, §3.2). A parameter without a value counts as absent.
pub(super) fn each_once(schema: &mut Schema) {
    schema.insert("additionalProperties".to_owned(), json!({ "type": "string" }));
    schema.insert("maxProperties".to_owned(), json!(Form::MAX_PARAMETERS));
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for name in ["client_id", "client_secret"] {
            let absent = "Stands in `Authorization`; here it may come without a value only.";
            properties.insert(name.to_owned(), json!({ "description": absent, "type": "string", "maxLength": 0 }));
        }
    }
}

/// Every text of three capital letters.
fn codes() -> impl Iterator<Item = String> {
    let letters = || 'A'..='Z';
    letters().flat_map(move |a| letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c]))))
}
