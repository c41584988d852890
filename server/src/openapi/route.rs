//! A route and its description, which come together or not at all.

use axum::Router;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;

use super::table::{Answer, Served, Table};
use super::{Document, Operation, Renderer};
use crate::app::App;

/// One method on one path: what serves it and what it does.
pub struct Route {
    method: Method,
    path: String,
    handler: MethodRouter<App>,
    served: Served,
    operation: Operation,
}

impl Route {
    /// A route for GET, and with it for HEAD.
    pub fn get<H, T>(path: impl Into<String>, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, App, Future = Answer>,
        T: 'static,
    {
        Self::new(Method::GET, MethodFilter::GET, path, handler, operation)
    }

    /// A route for OPTIONS.
    pub fn options<H, T>(path: impl Into<String>, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, App, Future = Answer>,
        T: 'static,
    {
        Self::new(Method::OPTIONS, MethodFilter::OPTIONS, path, handler, operation)
    }

    /// A route for POST.
    pub fn post<H, T>(path: impl Into<String>, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, App, Future = Answer>,
        T: 'static,
    {
        Self::new(Method::POST, MethodFilter::POST, path, handler, operation)
    }

    /// A route for PUT.
    pub fn put<H, T>(path: impl Into<String>, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, App, Future = Answer>,
        T: 'static,
    {
        Self::new(Method::PUT, MethodFilter::PUT, path, handler, operation)
    }

    /// Gives every other method of the path this handler, in place of a 405. It must refuse.
    #[must_use]
    pub fn otherwise<H, T>(self, handler: H) -> Self
    where
        H: Handler<T, App, Future = Answer>,
        T: 'static,
    {
        let operation = Operation { knows_methods: false, ..self.operation };
        Self { handler: self.handler.fallback(handler), operation, ..self }
    }

    fn new<H, T>(
        method: Method,
        filter: MethodFilter,
        path: impl Into<String>,
        handler: H,
        operation: Operation,
    ) -> Self
    where
        H: Handler<T, App, Future = Answer>,
        T: 'static,
    {
        let path = path.into();
        let served = Served::new(method.clone(), &path, handler.clone());
        Self { method, path, handler: on(filter, handler), served, operation }
    }
}

/// Routes with their descriptions.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    served: Vec<Served>,
    pub(super) listed: Vec<Listed>,
}

/// The description of a route, without what serves it.
pub(super) struct Listed {
    pub(super) method: Method,
    /// As OpenAPI writes it: a parameter that takes the rest of the path has no mark.
    pub(super) path: String,
    pub(super) operation: Operation,
}

impl Routes {
    /// These routes.
    pub fn new(routes: impl IntoIterator<Item = Route>) -> Self {
        routes.into_iter().fold(Self::default(), |mut all, route| {
            let path = route.path.replace("{*", "{");
            all.listed.push(Listed { method: route.method, path, operation: route.operation });
            all.served.push(route.served);
            Self { router: all.router.route(&route.path, route.handler), ..all }
        })
    }

    /// These and those.
    #[must_use]
    pub fn merge(mut self, others: Self) -> Self {
        self.listed.extend(others.listed);
        self.served.extend(others.served);
        Self { router: self.router.merge(others.router), ..self }
    }

    /// Changes every answer of these routes, for instance by a header.
    #[must_use]
    pub fn map_response(self, change: fn(Response) -> Response) -> Self {
        let changed = axum::middleware::map_response(move |response| async move { change(response) });
        let served = self.served.into_iter().map(|served| served.map_response(change)).collect();
        Self { router: self.router.layer(changed), served, ..self }
    }

    /// Method and path of each route.
    pub fn names(&self) -> impl Iterator<Item = (&Method, &str)> {
        self.listed.iter().map(|listed| (&listed.method, listed.path.as_str()))
    }

    /// The description of all these routes, under this base URL.
    #[must_use]
    pub fn document(&self, base_url: &str, render: Renderer<'_>) -> Document {
        Document::new(&self.listed, base_url, render)
    }

    /// What serves them: the table for requests that name method and path of one, and the router for all others.
    pub fn into_parts(self) -> (Table, Router<App>) {
        (Table::new(self.served), self.router)
    }
}
