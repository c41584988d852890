//! The document: operations under their paths, and what they share.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use http::Method;
use serde_json::{Map, Value, json};

use super::headers::{self, Headers, QUOTA};
use super::operation::{Answer, Body, Operation, Parameter};
use super::refusals::Refusals;
use super::route::Listed;
use super::schemas::Schemas;
use super::{Access, SchemaOf, Scheme, SchemeKind};
use crate::auth::{Reason, Refusal};

/// A description of the API; made once, when a listener starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Document(Value);

/// How refusals look.
#[derive(Clone, Copy)]
pub struct Renderer<'r> {
    /// Renders the refusal of a call to a path.
    pub refusal: &'r dyn Fn(&Refusal, &str) -> Response,
    /// The schema of a refusal that belongs to no dialect, `application/problem+json`.
    pub unowned: SchemaOf,
}

impl Document {
    pub(super) fn new(routes: &[Listed], base_url: &str, renderer: Renderer<'_>) -> Self {
        let mut draft =
            Draft { schemas: Schemas::new(), refusals: Refusals::new(renderer), schemes: Map::new(), tags: Map::new() };
        let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for route in routes {
            let others = routes.iter().filter(|other| other.path == route.path);
            let allow = allow(&others.map(|other| &other.method).collect::<Vec<_>>());
            let operation = draft.operation(&route.operation, &route.path, allow);
            let method = route.method.as_str().to_ascii_lowercase();
            paths.entry(&route.path).or_default().insert(method, operation);
        }
        let responses = draft.refusals.describe(&mut draft.schemas);
        let mut document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Tollgate",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "Payment-API authentication in several vendors' dialects. A route for GET serves HEAD, \
                                too. Path, method, and the form of the credential are judged before anything else.",
                "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
            },
            "servers": [{ "url": base_url, "description": "This listener." }],
            "tags": draft.tags.values().collect::<Vec<_>>(),
            "paths": paths,
            "components": {
                "responses": responses,
                "schemas": draft.schemas.named(),
                "securitySchemes": draft.schemes,
            },
        });
        document["components"]["headers"] = headers::components(&document.to_string()).into();
        Self(document)
    }

    /// The document as a tree.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// The document as text for people, with a line end.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{:#}\n", self.0)
    }
}

struct Draft<'r> {
    schemas: Schemas,
    refusals: Refusals<'r>,
    schemes: Map<String, Value>,
    tags: Map<String, Value>,
}

impl Draft<'_> {
    fn operation(&mut self, operation: &Operation, path: &str, allow: String) -> Value {
        let Operation { id, summary, access, .. } = operation;
        let tag = access.tag;
        self.tags.entry(tag.name).or_insert_with(|| json!({ "name": tag.name, "description": tag.description }));
        let mut described = json!({
            "operationId": id,
            "summary": summary,
            "tags": [tag.name],
            "security": self.security(access, operation.scope),
            "responses": self.responses(operation, path, allow),
        });
        if !operation.description.is_empty() {
            described["description"] = operation.description.into();
        }
        let mut parameters: Vec<Value> = operation.parameters.iter().map(parameter).collect();
        if operation.repeatable {
            parameters.push(idempotency_key());
        }
        if !parameters.is_empty() {
            described["parameters"] = parameters.into();
        }
        if let Some(Body { media, schema, required, example }) = &operation.body {
            let content = json!({ *media: { "schema": self.schemas.received(*schema), "example": example } });
            described["requestBody"] = json!({ "required": required, "content": content });
        }
        described
    }

    fn security(&mut self, access: &Access, scope: Option<&str>) -> Vec<Value> {
        let mut ways = Vec::new();
        for way in access.ways {
            let mut needed = Map::new();
            for (place, scheme) in way.iter().enumerate() {
                self.schemes.entry(scheme.name).or_insert_with(|| security_scheme(scheme));
                // The scope is one of the credential that comes first; what comes with it has none.
                let scopes: Vec<&str> = scope.filter(|_| place == 0).into_iter().collect();
                needed.insert(scheme.name.to_owned(), scopes.into());
            }
            ways.push(needed.into());
        }
        ways
    }

    fn responses(&mut self, operation: &Operation, path: &str, allow: String) -> Map<String, Value> {
        let access = operation.access;
        let everywhere = [Reason::HttpsRequired, Reason::Internal, Reason::Unavailable(1)];
        let method = operation.knows_methods.then_some(Reason::MethodNotAllowed(allow));
        let mut responses = Map::new();
        for reason in everywhere.iter().chain(&method).chain(access.refusals).chain(&operation.refusals) {
            let (status, name) = self.refusals.enter(access, path, reason);
            let reference = format!("#/components/responses/{name}");
            responses.insert(status.as_str().to_owned(), json!({ "$ref": reference }));
        }
        for answer in &operation.answers {
            responses.insert(answer.status.as_str().to_owned(), self.answer(answer, operation));
        }
        responses
    }

    fn answer(&mut self, answer: &Answer, operation: &Operation) -> Value {
        let access = operation.access;
        let mut headers = Headers::default();
        headers.insert("x-request-id", "", true);
        for (name, value) in access.headers.iter().chain(&answer.headers) {
            headers.insert(name, value, true);
        }
        if access.quota {
            for name in QUOTA {
                headers.insert(name, "", true);
            }
        }
        if operation.repeatable {
            headers.insert("idempotency-replayed", "", false);
        }
        let mut described = json!({ "description": answer.description, "headers": headers.describe() });
        if let Some(content) = &answer.content {
            let body = json!({ "schema": self.schemas.sent(content.schema), "example": content.example });
            described["content"] = json!({ content.media: body });
        }
        described
    }
}

fn parameter(parameter: &Parameter) -> Value {
    let Parameter { place, name, description, schema, example } = parameter;
    json!({
        "in": place,
        "name": name,
        "description": description,
        "required": *place == "path",
        "schema": schema,
        "example": example,
    })
}

fn idempotency_key() -> Value {
    json!({
        "in": "header",
        "name": "Idempotency-Key",
        "description": "Makes the call repeatable: for a day the same key and body get the first answer again.",
        "required": false,
        "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
        "example": "order-4711",
    })
}

fn security_scheme(scheme: &Scheme) -> Value {
    let description = scheme.description;
    match scheme.kind {
        SchemeKind::Basic => json!({ "type": "http", "scheme": "basic", "description": description }),
        SchemeKind::Bearer(format) => {
            json!({ "type": "http", "scheme": "bearer", "bearerFormat": format, "description": description })
        }
        SchemeKind::Header(name) => {
            json!({ "type": "apiKey", "in": "header", "name": name, "description": description })
        }
        SchemeKind::Query(name) => json!({ "type": "apiKey", "in": "query", "name": name, "description": description }),
    }
}

/// The value of `Allow`: a path that knows GET knows HEAD.
fn allow(methods: &[&Method]) -> String {
    let words = methods.iter().flat_map(|method| match **method {
        Method::GET => vec!["GET", "HEAD"],
        _ => vec![method.as_str()],
    });
    words.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(",")
}
