//! `GET /`: the shop's page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use super::Till;
use crate::assets::{SDK, SHOP_SCRIPT, SHOP_STYLE};

#[derive(Template)]
#[template(path = "shop/index.html")]
struct Index<'a> {
    style: &'static str,
    script: &'static str,
    api: &'a str,
    sdk: &'static str,
    integrity: &'static str,
}

pub(super) async fn show(State(till): State<Arc<Till>>) -> Response {
    let api = till.api();
    let index = Index {
        style: SHOP_STYLE.path(),
        script: SHOP_SCRIPT.path(),
        api,
        sdk: SDK.path(),
        integrity: SDK.integrity(),
    };
    let Ok(html) = index.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let policy = format!(
        "default-src 'none'; script-src 'self' {api}; style-src 'self'; connect-src 'self' {api}; frame-src {api}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, &policy),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, html).into_response()
}
