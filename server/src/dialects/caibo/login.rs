//! `POST /auth/login`: e-mail and password buy a panel token for half an hour.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::description;
use crate::account::{EmailAddress, Passwords};
use crate::app::App;
use crate::auth::{FieldFault, PanelClaims, Reason, Refusal};
use crate::dialects::json::Json;
use crate::dialects::{arrival, wire};
use crate::openapi::{Operation, Route};
use crate::transport::json_body;

/// Who logs in.
#[derive(JsonSchema)]
#[schemars(rename = "CaiboLoginRequest")]
#[expect(dead_code, reason = "the schema of the members that are read one by one")]
struct Input {
    /// At most 254 bytes; letters count alike in both cases.
    #[schemars(length(min = 1, max = EmailAddress::MAX_LEN), regex(pattern = wire::PRINTABLE))]
    email: String,
    /// 1 to 1024 bytes.
    #[schemars(length(min = 1, max = Passwords::MAX_LEN))]
    password: String,
    /// The code of a second factor, for users who have one: 6 digits, or a recovery code.
    #[schemars(length(max = MAX_OTP))]
    otp: Option<String>,
}

/// The longest code, in bytes.
const MAX_OTP: usize = 32;

/// A login.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CaiboLogin")]
struct View<'a> {
    #[schemars(regex(pattern = wire::JWT))]
    access_token: &'a str,
    #[schemars(with = "wire::Timestamp")]
    expire_date: String,
}

pub(super) fn route() -> Route {
    let operation = Operation::new("caiboLogIn", "Log in to the panel", &description::LOGIN_CALL)
        .json::<Input>(json!({ "email": "ana@shop.example", "password": "an invented password" }))
        .refuses([Reason::InvalidRequest(vec![("email".into(), FieldFault::Required)])])
        .answers::<View<'_>>(
            StatusCode::OK,
            "A token for half an hour.",
            json!({ "accessToken": "header.payload.signature", "expireDate": "2026-01-01T00:30:00Z" }),
        );
    Route::post("/auth/login", log_in, operation)
}

async fn log_in(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let arrival = arrival(&parts)?;
    let (members, _) = json_body(&parts.headers, body).await?;
    let email = members.required_string("email", EmailAddress::MAX_LEN)?;
    let email = EmailAddress::new(&email).ok_or_else(|| Refusal::field("email", FieldFault::Invalid))?;
    // The password is any text, control characters included: it is read without the checks of other members.
    let raw = members.required_raw("password")?;
    let password: Zeroizing<String> =
        Zeroizing::new(serde_json::from_str(raw).map_err(|_| Refusal::field("password", FieldFault::Invalid))?);
    if !(1..=Passwords::MAX_LEN).contains(&password.len()) {
        return Err(Refusal::field("password", FieldFault::Invalid));
    }

    let otp = members.string("otp", MAX_OTP)?.map(Zeroizing::new);

    let password = Zeroizing::new(password.as_bytes().to_vec());
    let otp = otp.as_ref().map(|otp| otp.as_str());
    let user = app.services.gate.log_in(&email, password, otp, &arrival, &app.services.mailer).await?;

    let claims = PanelClaims { sub: user.id.to_string(), r#gen: user.generation };
    let rng = &app.services.rng;
    let issued = app
        .listener
        .rings(arrival.now)
        .panel
        .keys()
        .issue(&claims, arrival.now, |bytes| rng.fill_public(bytes))
        .map_err(|_| Refusal::new(Reason::Internal))?;
    let expires = issued.expires_at().format(&Rfc3339).map_err(|_| Refusal::new(Reason::Internal))?;
    let view = View { access_token: issued.expose_secret(), expire_date: expires };
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}
