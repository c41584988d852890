//! The outermost layer: it names the request, refuses it where HTTPS is required, bounds it in time, renders refusals,
//! writes the log line and counts.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use tollgate_checkout_scope::RawPath;
use tollgate_client_address::ClientAddress;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::{App, Listener};
use crate::auth::{Arrival, Reason, Refusal};
use crate::dialects::{self, Dialect};
use crate::telemetry::Seen;

/// The longest a request may take, body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What the edge knows: the listener, and whose shape a refusal takes.
#[derive(Clone)]
struct Edge {
    app: App,
    dialects: Arc<[&'static dyn Dialect]>,
}

/// Every route of these dialects behind the edge; those of other dialects are not there.
pub fn router(app: &App, dialects: &[&'static dyn Dialect]) -> Router {
    let routes = dialects::routes(dialects, &app.listener.base_url)
        .into_router()
        .merge(dialects::pages(dialects))
        .fallback(|| async { Refusal::new(Reason::NotFound) })
        .layer(from_fn(note_route))
        .with_state(app.clone());
    // The edge stands before the routing, not inside each route: it sees the raw path first and the answer last.
    Router::new()
        .fallback_service(routes)
        .layer(CatchPanicLayer::custom(|_| Refusal::new(Reason::Internal).into_response()))
        .layer(from_fn_with_state(Edge { app: app.clone(), dialects: dialects.into() }, edge))
}

/// Hands the matched template to the edge, for the log.
async fn note_route(route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

async fn edge(State(Edge { app, dialects }): State<Edge>, mut request: Request, next: Next) -> Response {
    let stopwatch = app.services.clock.stopwatch();
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let caller_id = caller_request_id(&request).unwrap_or_default();

    let id = request_id(&app);
    let inner = async {
        let id = id.as_ref().map_err(Clone::clone)?;
        require_https(&app, &request)?;
        RawPath::check(&path).map_err(|_| Refusal::new(Reason::AmbiguousPath))?;
        let arrival = arrival(&app, &request);
        request.extensions_mut().insert(arrival);
        tokio::time::timeout(REQUEST_TIMEOUT, next.run(request))
            .await
            .map(|response| (response, id.clone()))
            .map_err(|_| Refusal::new(Reason::Unavailable(1)))
    };
    let (response, id) = match inner.await {
        Ok((response, id)) => (response, Some(id)),
        Err(refusal) => (refusal.into_response(), id.ok()),
    };

    let route = response.extensions().get::<MatchedPath>().cloned();
    let (mut response, reason) = render(&dialects, response, &path);
    if let Some(value) = id.as_deref().and_then(|id| HeaderValue::from_str(id).ok()) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    let seen = Seen {
        dialect: dialects.iter().find(|dialect| dialect.owns(&path)).map_or("-", |dialect| dialect.name()),
        method: method_word(&method),
        route: route.as_ref().map_or("-", MatchedPath::as_str),
        status: response.status().as_u16(),
        reason,
        elapsed: stopwatch.elapsed(),
    };
    if let Some(meter) = &app.listener.meter {
        meter.request(seen);
    }
    tracing::info!(
        target: "tollgate::access",
        request_id = id.as_deref().unwrap_or_default(),
        caller_request_id = caller_id,
        listener = app.listener.mode.as_str(),
        method = seen.method,
        route = seen.route,
        status = seen.status,
        reason,
        micros = u64::try_from(seen.elapsed.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    response
}

/// Replaces a placeholder by the dialect's rendering; answers the reason for the log.
fn render(dialects: &[&'static dyn Dialect], mut response: Response, path: &str) -> (Response, &'static str) {
    let refusal = match response.extensions_mut().remove::<Refusal>() {
        Some(refusal) => refusal,
        // The router's own answer to a known path with another method.
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
            let allow = response.headers().get(ALLOW).and_then(|v| v.to_str().ok()).unwrap_or_default();
            Refusal::new(Reason::MethodNotAllowed(allow.to_owned()))
        }
        // A page that says itself why it refuses leaves the reason for the log.
        None => {
            let label = response.extensions().get::<Reason>().map_or("-", Reason::label);
            return (response, label);
        }
    };
    let label = refusal.reason().label();
    (dialects::render(dialects, &refusal, path), label)
}

/// Rule T1, before anything of the request is looked at.
fn require_https(app: &App, request: &Request) -> Result<(), Refusal> {
    let Listener { channel, trusted_proxies, .. } = &*app.listener;
    if channel.is_secure(peer(request), trusted_proxies, request.headers()) {
        Ok(())
    } else {
        Err(Refusal::new(Reason::HttpsRequired))
    }
}

fn arrival(app: &App, request: &Request) -> Arrival {
    let forwarded = request.headers().get_all(X_FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
    // A router that is driven without a socket has no peer: its caller is on no list.
    let client =
        peer(request).map_or(ClientAddress::Unknown, |peer| app.listener.trusted_proxies.resolve(peer, forwarded));
    Arrival { now: app.services.clock.now(), client, mode: app.listener.mode }
}

fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}

/// The method in the log: a caller's invention is not repeated.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::DELETE => "DELETE",
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::POST => "POST",
        Method::PUT => "PUT",
        _ => "other",
    }
}

/// 32 hex digits, ours.
fn request_id(app: &App) -> Result<String, Refusal> {
    let mut bytes = [0_u8; 16];
    app.services.rng.fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// The caller's own id, for the log only and only if it is short and plain.
fn caller_request_id(request: &Request) -> Option<String> {
    let text = request.headers().get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    ((1..=64).contains(&text.len()) && plain).then(|| text.to_owned())
}
