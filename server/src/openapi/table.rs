//! The quick way to a handler: by method and path alone.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use http::Method;

use crate::app::App;

/// The handlers of the described routes.
///
/// A router makes each request pass boxed services, type maps and copies of itself. A request that names method and path of
/// a route needs none of it, and that is nearly every request. What is not found here, such as HEAD, another method, a
/// page or an unknown path, is the router's, which has the same routes.
pub struct Table(matchit::Router<Vec<Served>>);

/// The handler of one method on one path.
#[derive(Clone)]
pub struct Served {
    method: Method,
    template: Arc<str>,
    handler: Arc<dyn Fn(Request, App) -> Answer + Send + Sync>,
}

/// An answer to come.
pub(super) type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

impl Table {
    /// The table of these handlers.
    pub(super) fn new(served: Vec<Served>) -> Self {
        let mut paths: BTreeMap<Arc<str>, Vec<Served>> = BTreeMap::new();
        for served in served {
            paths.entry(served.template.clone()).or_default().push(served);
        }
        let mut table = matchit::Router::new();
        for (template, served) in paths {
            // What does not go in is left to the router.
            let _ = table.insert(&*template, served);
        }
        Self(table)
    }

    /// Who serves this method on this raw path.
    #[must_use]
    pub fn find(&self, method: &Method, path: &str) -> Option<&Served> {
        self.0.at(path).ok()?.value.iter().find(|served| served.method == *method)
    }
}

impl Served {
    pub(super) fn new<H, T>(method: Method, template: &str, handler: H) -> Self
    where
        H: Handler<T, App, Future = Answer>,
        T: 'static,
    {
        let handler = move |request, app| handler.clone().call(request, app);
        Self { method, template: template.into(), handler: Arc::new(handler) }
    }

    /// The same with every answer changed.
    pub(super) fn map_response(self, change: fn(Response) -> Response) -> Self {
        let handler = self.handler;
        let changed = move |request, app| -> Answer {
            let answer = handler(request, app);
            Box::pin(async move { change(answer.await) })
        };
        Self { handler: Arc::new(changed), ..self }
    }

    /// The template of its path.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The answer to a request.
    #[must_use]
    pub fn answer(&self, request: Request, app: App) -> Answer {
        (self.handler)(request, app)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(routes: &[(Method, &str)]) -> Table {
        Table::new(routes.iter().map(|(method, path)| Served::new(method.clone(), path, async || "")).collect())
    }

    #[test]
    fn finds_method_and_path_together_and_the_fixed_path_first() {
        let table = table(&[
            (Method::GET, "/things/{id}"),
            (Method::POST, "/things/{id}"),
            (Method::GET, "/things/new"),
            (Method::OPTIONS, "/open/{*rest}"),
        ]);
        let cases = [
            (Method::GET, "/things/7", Some("/things/{id}")),
            (Method::POST, "/things/7", Some("/things/{id}")),
            (Method::GET, "/things/new", Some("/things/new")),
            (Method::OPTIONS, "/open/a/b", Some("/open/{*rest}")),
            (Method::HEAD, "/things/7", None),
            (Method::POST, "/things/new", None),
            (Method::GET, "/things/7/", None),
            (Method::GET, "/things/", None),
            (Method::GET, "/THINGS/7", None),
        ];
        for (method, path, template) in cases {
            assert_eq!(table.find(&method, path).map(Served::template), template, "{method} {path}");
        }
    }
}
