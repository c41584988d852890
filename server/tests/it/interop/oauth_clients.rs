//! OAuth client libraries at both token endpoints: buy, use, introspect, revoke.

use std::process::Command;

use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{
    AccessToken, ClientId, ClientSecret, HttpRequest, HttpResponse, IntrospectionUrl, RequestTokenError, RevocationUrl,
    Scope, StandardRevocableToken, TokenIntrospectionResponse, TokenResponse, TokenUrl,
};
use serde_json::{Value, json};

use super::{node_has, node_modules, python, python_has, run, script};
use crate::binary::Dev;

#[test]
fn authlib_lives_the_life_of_a_token() {
    if !python_has("authlib, requests") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(&dir.path().join("data"));
    let seen = run(Command::new(python()).arg(script("authlib_client.py")), &dev.printed().to_string()).unwrap();
    for (dialect, id, lifetime, scope) in [
        ("alternative", "/alternative/client_id", 3600, json!("checkout:init")),
        ("pledg", "/pledg/key", 600, Value::Null),
    ] {
        let seen = &seen[dialect];
        assert_eq!(seen["token"], json!({ "token_type": "Bearer", "expires_in": lifetime, "scope": scope }));
        assert_eq!(seen["used"][0], 200, "{seen}");
        expect_active(&dev, dialect, &seen["before"], &dev.text(id));
        assert_eq!(seen["revoked"], json!([200, ""]), "{dialect}");
        assert_eq!(seen["after"], json!({ "active": false }), "{dialect}");
        assert_eq!(seen["used_after"], 401, "{dialect}");
        assert_eq!(seen["refused"], json!(["invalid_client", "Client authentication failed."]), "{dialect}");
    }
}

#[test]
fn openid_client_discovers_us_and_lives_the_life_of_a_token() {
    if !node_has("openid-client") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(&dir.path().join("data"));
    let mut node = Command::new("node");
    let seen = run(node.arg(script("openid_client.mjs")).arg(node_modules()), &dev.printed().to_string()).unwrap();
    assert_eq!(seen["metadata"]["token_endpoint"], format!("{}/oauth/token", dev.text("/sandbox")));
    for (dialect, id, lifetime) in [("alternative", "/alternative/client_id", 3600), ("pledg", "/pledg/key", 600)] {
        let seen = &seen[dialect];
        assert_eq!(seen["token"]["token_type"], "bearer", "{dialect}: the library writes it so");
        assert_eq!(seen["token"]["expires_in"], lifetime, "{dialect}");
        assert_eq!((&seen["used"], &seen["again"]), (&json!(200), &json!(401)), "{dialect}: used, revoked");
        expect_active(&dev, dialect, &seen["before"], &dev.text(id));
        assert_eq!(seen["after"], json!({ "active": false }), "{dialect}");
    }
    for refused in seen["refused"].as_array().unwrap() {
        assert_eq!(refused, &json!({ "code": "OAUTH_WWW_AUTHENTICATE_CHALLENGE", "scheme": "basic" }));
    }
}

#[test]
fn the_oauth2_crate_lives_the_life_of_a_token() {
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(&dir.path().join("data"));
    let base = dev.text("/sandbox");
    // The library revokes under https only; the transport below is ours and goes to the same address in the clear.
    let secure = base.replace("http://", "https://");
    let send = |request: HttpRequest| exchange(&dev, &request);
    for (dialect, id, secret, endpoint, lifetime) in [
        ("alternative", "/alternative/client_id", "/alternative/client_secret", "/oauth/token", 3600),
        ("pledg", "/pledg/key", "/pledg/secret", "/api/token", 600),
    ] {
        let client = |secret: String| {
            BasicClient::new(ClientId::new(dev.text(id)))
                .set_client_secret(ClientSecret::new(secret))
                .set_token_uri(TokenUrl::new(format!("{base}{endpoint}")).unwrap())
                .set_introspection_url(IntrospectionUrl::new(format!("{base}/oauth/introspect")).unwrap())
                .set_revocation_url(RevocationUrl::new(format!("{secure}/oauth/revoke")).unwrap())
        };
        let library = client(dev.text(secret));
        let mut ask = library.exchange_client_credentials();
        if dialect == "alternative" {
            ask = ask.add_scope(Scope::new("checkout:init".to_owned()));
        }
        let token = ask.request(&send).unwrap();
        assert_eq!(token.expires_in().unwrap().as_secs(), lifetime, "{dialect}");
        let text: &AccessToken = token.access_token();
        let before = library.introspect(text).request(&send).unwrap();
        assert!(before.active(), "{dialect}");
        assert_eq!(before.client_id().unwrap().as_str(), dev.text(id), "{dialect}");
        library.revoke_token(StandardRevocableToken::AccessToken(text.clone())).unwrap().request(&send).unwrap();
        assert!(!library.introspect(text).request(&send).unwrap().active(), "{dialect}");

        let refused = client("wrong".to_owned()).exchange_client_credentials().request(&send).unwrap_err();
        let RequestTokenError::ServerResponse(answer) = refused else { panic!("{dialect}: {refused}") };
        assert_eq!(answer.error(), &BasicErrorResponseType::InvalidClient, "{dialect}");
    }
}

#[track_caller]
fn expect_active(dev: &Dev, dialect: &str, seen: &Value, client: &str) {
    assert_eq!(seen["active"], true, "{dialect}: {seen}");
    assert_eq!((&seen["client_id"], &seen["aud"]), (&json!(client), &json!(dialect)), "{dialect}");
    assert_eq!(seen["iss"], dev.text("/sandbox"), "{dialect}");
}

/// One request over a connection of its own.
fn exchange(dev: &Dev, request: &HttpRequest) -> Result<HttpResponse, std::io::Error> {
    use std::fmt::Write as _;

    let body = String::from_utf8(request.body().clone()).map_err(std::io::Error::other)?;
    let mut text =
        format!("{} {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", request.method(), request.uri().path());
    for (name, value) in request.headers() {
        let value = value.to_str().map_err(std::io::Error::other)?;
        write!(text, "{name}: {value}\r\n").map_err(std::io::Error::other)?;
    }
    write!(text, "content-length: {}\r\n\r\n{body}", body.len()).map_err(std::io::Error::other)?;
    let answer = dev.raw(text.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| std::io::Error::other("no head"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    let mut response =
        axum::http::Response::builder().status(status.ok_or_else(|| std::io::Error::other("no status"))?);
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").ok_or_else(|| std::io::Error::other("no header"))?;
        response = response.header(name, value);
    }
    response.body(body.as_bytes().to_vec()).map_err(std::io::Error::other)
}
