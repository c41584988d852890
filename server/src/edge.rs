//! The outermost layer: it names the request, refuses it where HTTPS is required, bounds it in time, renders refusals,
//! writes the log line and counts.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, STRICT_TRANSPORT_SECURITY};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use tollgate_checkout_scope::RawPath;
use tollgate_client_address::ClientAddress;
use tower::{Layer, Service, ServiceExt};

use crate::app::{App, Listener};
use crate::auth::{Arrival, Reason, Refusal};
use crate::dialects::{self, Dialect};
use crate::openapi::{Served, Table};
use crate::panel;
use crate::request_id::RequestId;
use crate::rng::RngError;
use crate::telemetry::Seen;
use crate::transport::{Front, Patience};

/// The longest a request may take, body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a browser that saw a page comes with HTTPS only (RFC 6797 §6.1). Other names of the host's domain are not ours.
const ONE_YEAR_HTTPS: &str = "max-age=31536000";
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Every route of some dialects behind the edge: what one listener serves.
///
/// It stands before the routing, not inside each route: it sees the raw path first and the answer last.
#[derive(Clone)]
pub struct Edge {
    app: App,
    parts: Arc<Parts>,
}

/// What the edge knows: whose shape a refusal takes, and what answers.
struct Parts {
    dialects: Box<[&'static dyn Dialect]>,
    table: Table,
    /// For what is not in the table.
    router: Router,
}

impl Edge {
    /// Every route of these dialects behind the edge; those of other dialects are not there.
    #[must_use]
    pub fn new(app: &App, dialects: &[&'static dyn Dialect]) -> Self {
        let (table, router) = dialects::routes(dialects, &app.listener.base_url).into_parts();
        let router = router
            .merge(dialects::pages(dialects))
            .merge(if app.listener.panel.is_on() { panel::router(app) } else { Router::new() })
            .fallback(|| async { Refusal::new(Reason::NotFound) })
            .layer(NoteRoute)
            .with_state(app.clone());
        Self { app: app.clone(), parts: Arc::new(Parts { dialects: dialects.into(), table, router }) }
    }

    /// The same as a router, for callers without a socket.
    pub fn into_router(self) -> Router {
        Router::new().fallback_service(self)
    }
}

/// Every route of these dialects behind the edge, for callers without a socket.
pub fn router(app: &App, dialects: &[&'static dyn Dialect]) -> Router {
    Edge::new(app, dialects).into_router()
}

impl Front for Edge {
    fn of_connection(&self) -> Self {
        Self { app: self.app.apart(), parts: self.parts.clone() }
    }

    async fn answer(&self, peer: SocketAddr, patience: &Patience, request: Request) -> Response {
        answer(self, Some(peer.ip()), patience, request).await
    }
}

/// For callers without a socket: the peer, if there is one, is a [`ConnectInfo`] of the request.
impl Service<Request> for Edge {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let edge = self.clone();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
        Box::pin(async move { Ok(answer(&edge, peer, &Patience::Alone, request).await) })
    }
}

/// An answer to come.
type Answer<E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

/// Hands the matched template to the edge, for the log.
#[derive(Debug, Clone, Copy)]
struct NoteRoute;

/// A route that notes its template.
#[derive(Debug, Clone)]
struct Noted<S>(S);

impl<S> Layer<S> for NoteRoute {
    type Service = Noted<S>;

    fn layer(&self, route: S) -> Noted<S> {
        Noted(route)
    }
}

impl<S> Service<Request> for Noted<S>
where
    S: Service<Request, Response = Response, Future: Send + 'static>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let template = request.extensions_mut().remove::<MatchedPath>();
        let answer = self.0.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if let Some(template) = template {
                response.extensions_mut().insert(template);
            }
            Ok(response)
        })
    }
}

async fn answer(edge: &Edge, peer: Option<IpAddr>, patience: &Patience, request: Request) -> Response {
    let Edge { app, parts } = edge;
    let Parts { dialects, table, .. } = &**parts;
    let stopwatch = app.services.clock.stopwatch();
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let caller_id = caller_request_id(&request).unwrap_or_default();

    let id = RequestId::next(&app.services.rng);
    let (response, served) = match admit(app, peer, &path, &request, &id) {
        Ok(arrival) => {
            let served = table.find(&method, &path);
            (handle(edge, served, request, arrival, patience).await, served)
        }
        Err(refusal) => (refusal.into_response(), None),
    };

    let dialect = dialects.iter().find(|dialect| dialect.owns(&path)).map_or("-", |dialect| dialect.name());
    let matched = response.extensions().get::<MatchedPath>().cloned();
    let (mut response, reason) = render(app, dialects, response, &path);
    // A browser counts it only where it came over HTTPS, and not on a refusal because it did not.
    let is_encrypted = app.listener.base_url.starts_with("https://") && reason != Reason::HttpsRequired.label();
    if is_encrypted && (app.listener.panel.is_on() && panel::owns(&path) || is_html(&response)) {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONE_YEAR_HTTPS));
    }
    if let Some(value) = id.ok().and_then(RequestId::to_header) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    let seen = Seen {
        dialect,
        method: method_word(&method),
        route: matched.as_ref().map(MatchedPath::as_str).or(served.map(Served::template)).unwrap_or("-"),
        status: response.status().as_u16(),
        reason,
        elapsed: stopwatch.elapsed(),
    };
    if let Some(meter) = &app.listener.meter {
        meter.request(seen);
    }
    tracing::info!(
        target: "tollgate::access",
        request_id = id.as_ref().map_or("", RequestId::as_str),
        caller_request_id = caller_id,
        listener = app.listener.mode.as_str(),
        method = seen.method,
        route = seen.route,
        status = seen.status,
        reason,
        micros = u64::try_from(seen.elapsed.as_micros()).unwrap_or(u64::MAX),
        // As a text: a literal at the end would be formatted.
        message = "request",
    );
    response
}

/// What is checked before anything else of a request is looked at.
fn admit(
    app: &App,
    peer: Option<IpAddr>,
    path: &str,
    request: &Request,
    id: &Result<RequestId, RngError>,
) -> Result<Arrival, Refusal> {
    if let Err(error) = id {
        return Err((*error).into());
    }
    require_https(app, peer, request)?;
    RawPath::check(path).map_err(|_| Refusal::new(Reason::AmbiguousPath))?;
    Ok(arrival(app, peer, request))
}

/// The handler's answer, within its time; a panic of it becomes a refusal.
async fn handle(
    Edge { app, parts }: &Edge,
    served: Option<&Served>,
    mut request: Request,
    arrival: Arrival,
    patience: &Patience,
) -> Response {
    request.extensions_mut().insert(arrival);
    let mut answer = if let Some(served) = served {
        served.answer(request, app.clone())
    } else {
        let routed = parts.router.clone().oneshot(request);
        Box::pin(async move { routed.await.into_response() })
    };
    let mut guarded = poll_fn(move |context| {
        catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Refusal::new(Reason::Internal).into_response()))
    });
    // Most handlers never wait, and need no timer.
    match poll_fn(|context| Poll::Ready(Pin::new(&mut guarded).poll(context))).await {
        Poll::Ready(response) => response,
        Poll::Pending => tokio::select! {
            biased;
            response = guarded => response,
            () = patience.end(REQUEST_TIMEOUT) => Refusal::new(Reason::Unavailable(1)).into_response(),
        },
    }
}

fn is_html(response: &Response) -> bool {
    let content = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content.is_some_and(|content| content.starts_with("text/html"))
}

/// Replaces a placeholder by the dialect's rendering; answers the reason for the log.
fn render(
    app: &App,
    dialects: &[&'static dyn Dialect],
    mut response: Response,
    path: &str,
) -> (Response, &'static str) {
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
    if app.listener.panel.is_on() && panel::owns(path) {
        let mut page = panel::render(&refusal);
        dialects::add_common_headers(page.headers_mut(), refusal.reason());
        return (page, label);
    }
    (dialects::render(dialects, &refusal, path), label)
}

/// Rule T1, before anything of the request is looked at.
fn require_https(app: &App, peer: Option<IpAddr>, request: &Request) -> Result<(), Refusal> {
    let Listener { channel, trusted_proxies, .. } = &*app.listener;
    if channel.is_secure(peer, trusted_proxies, request.headers()) {
        Ok(())
    } else {
        Err(Refusal::new(Reason::HttpsRequired))
    }
}

fn arrival(app: &App, peer: Option<IpAddr>, request: &Request) -> Arrival {
    let forwarded = request.headers().get_all(X_FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
    // A router that is driven without a socket has no peer: its caller is on no list.
    let client = peer.map_or(ClientAddress::Unknown, |peer| app.listener.trusted_proxies.resolve(peer, forwarded));
    Arrival { now: app.services.clock.now(), client, mode: app.listener.mode }
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

/// The caller's own id, for the log only and only if it is short and plain.
fn caller_request_id(request: &Request) -> Option<String> {
    let text = request.headers().get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    ((1..=64).contains(&text.len()) && plain).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_hides_no_page() {
        let (table, _) = dialects::routes(dialects::ALL, "http://sandbox.test").into_parts();
        let pages = ["/main", "/panel", "/panel/log-in", "/sdk/v1/manifest.json", "/assets/checkout.css"];
        for page in pages {
            for method in [Method::GET, Method::POST] {
                assert!(table.find(&method, page).is_none(), "{method} {page}");
            }
        }
        assert!(table.find(&Method::GET, "/auth/whoami").is_some());
    }
}
