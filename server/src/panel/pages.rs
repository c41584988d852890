//! The routes of the panel, with their names for whoever wants to try them all.

use axum::Router;
use axum::handler::Handler;
use axum::routing::get;
use http::Method;

use super::answer::see_other;
use crate::app::App;

/// Pages and what is sent from them.
#[derive(Default)]
pub struct Pages {
    router: Router<App>,
    names: Vec<(Method, &'static str)>,
}

impl Pages {
    /// A page.
    pub(super) fn page<H, T>(mut self, path: &'static str, show: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.names.push((Method::GET, path));
        Self { router: self.router.route(path, get(show)), names: self.names }
    }

    /// A page with a form that is sent to the page's own path.
    pub(super) fn form<H, T, G, U>(mut self, path: &'static str, show: H, submit: G) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
        G: Handler<U, App>,
        U: 'static,
    {
        self.names.extend([(Method::GET, path), (Method::POST, path)]);
        Self { router: self.router.route(path, get(show).post(submit)), names: self.names }
    }

    /// A button: what is sent there is done; who comes there otherwise is led `back`.
    pub(super) fn act<H, T>(mut self, path: &'static str, submit: H, back: &'static str) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.names.push((Method::POST, path));
        let lead = get(async move || see_other(back)).post(submit);
        Self { router: self.router.route(path, lead), names: self.names }
    }

    /// These and those.
    #[must_use]
    pub(super) fn merge(mut self, others: Self) -> Self {
        self.names.extend(others.names);
        Self { router: self.router.merge(others.router), names: self.names }
    }

    /// Method and path template of each; GET of a button is not among them.
    pub fn names(&self) -> impl Iterator<Item = (&Method, &'static str)> {
        self.names.iter().map(|(method, path)| (method, *path))
    }

    pub(super) fn into_router(self) -> Router<App> {
        self.router
    }
}
