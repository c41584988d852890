//! `POST /auth/login`: e-mail and password buy a panel token for half an hour.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::account::{EmailAddress, Passwords};
use crate::app::App;
use crate::auth::{FieldFault, PanelClaims, Reason, Refusal};
use crate::dialects::arrival;
use crate::transport::json_body;

pub(super) async fn log_in(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
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

    let password = Zeroizing::new(password.as_bytes().to_vec());
    let user = app.services.gate.log_in(&email, password, &arrival).await?;

    let claims = PanelClaims { sub: user.id.to_string(), r#gen: user.generation };
    let rng = &app.services.rng;
    let issued = app
        .listener
        .rings(arrival.now)
        .panel
        .issue(&claims, arrival.now, |bytes| rng.fill(bytes))
        .map_err(|_| Refusal::new(Reason::Internal))?;
    let expires = issued.expires_at().format(&Rfc3339).map_err(|_| Refusal::new(Reason::Internal))?;
    let body = Json(json!({ "accessToken": issued.expose_secret(), "expireDate": expires }));
    Ok(([(CACHE_CONTROL, "no-store")], body).into_response())
}
