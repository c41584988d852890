//! Refusals as they are rendered, gathered into the responses that routes of one kind share.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};

use super::headers::{Headers, QUOTA};
use super::schemas::Schemas;
use super::{Access, Renderer, SchemaOf};
use crate::auth::{Reason, Refusal};

/// The shared responses of a document, by name.
pub(super) struct Refusals<'r> {
    renderer: Renderer<'r>,
    shared: BTreeMap<String, Shared>,
}

/// The refusals of one status, of all routes of one kind.
struct Shared {
    status: StatusCode,
    headers: Headers,
    /// The names that every rendering so far had.
    in_all: Option<BTreeSet<String>>,
    contents: BTreeMap<String, (SchemaOf, Map<String, Value>)>,
}

impl<'r> Refusals<'r> {
    pub(super) fn new(renderer: Renderer<'r>) -> Self {
        Self { renderer, shared: BTreeMap::new() }
    }

    /// Renders a refusal of a call to `path`; answers its status and the name of the shared response.
    pub(super) fn enter(&mut self, access: &Access, path: &str, reason: &Reason) -> (StatusCode, String) {
        let response = (self.renderer.refusal)(&Refusal::new(reason.clone()), path);
        let status = response.status();
        let reason_phrase = status.canonical_reason().unwrap_or("Other");
        let words: String = reason_phrase.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("{}{words}", access.name);
        let shared = self.shared.entry(name.clone()).or_insert_with(|| Shared {
            status,
            headers: Headers::default(),
            in_all: None,
            contents: BTreeMap::new(),
        });
        shared.enter_headers(&response);
        if access.quota && !matches!(reason, Reason::Unauthenticated(_)) {
            for name in QUOTA {
                shared.headers.insert(name, "", false);
            }
        }
        let essence = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = essence.split(';').next().unwrap_or_default().trim().to_owned();
        let schema = if essence == PROBLEM { self.renderer.unowned } else { access.error };
        let body = body(response);
        let (_, examples) = shared.contents.entry(essence).or_insert_with(|| (schema, Map::new()));
        if !examples.values().any(|known| known["value"] == body) {
            examples.insert(example_name(reason, examples), json!({ "value": body }));
        }
        (status, name)
    }

    /// The response objects, for `components`.
    pub(super) fn describe(mut self, schemas: &mut Schemas) -> Map<String, Value> {
        for shared in self.shared.values_mut() {
            shared.headers.only_sometimes_unless(&shared.in_all.take().unwrap_or_default());
        }
        let described = self.shared.into_iter().map(|(name, shared)| {
            let contents = shared.contents.into_iter().map(|(media, (schema, examples))| {
                (media, json!({ "schema": schemas.sent(schema), "examples": examples }))
            });
            let response = json!({
                "description": shared.status.canonical_reason().unwrap_or_default(),
                "headers": shared.headers.describe(),
                "content": contents.collect::<Map<_, _>>(),
            });
            (name, response)
        });
        described.collect()
    }
}

impl Shared {
    fn enter_headers(&mut self, response: &Response) {
        let mut names = BTreeSet::from(["x-request-id".to_owned()]);
        self.headers.insert("x-request-id", "", true);
        for (name, value) in response.headers() {
            if *name != CONTENT_TYPE && *name != CONTENT_LENGTH {
                self.headers.insert(name.as_str(), value.to_str().unwrap_or_default(), true);
                names.insert(name.as_str().to_owned());
            }
        }
        self.in_all = Some(match self.in_all.take() {
            Some(before) => before.intersection(&names).cloned().collect(),
            None => names,
        });
    }
}

const PROBLEM: &str = "application/problem+json";

/// The word of the log, made unique where one reason has several bodies.
fn example_name(reason: &Reason, taken: &Map<String, Value>) -> String {
    let word = match reason {
        Reason::InvalidRequest(fields) if !fields.is_empty() => "invalid_member",
        Reason::Unauthenticated(_) => "unauthenticated",
        other => other.label(),
    };
    let numbered = (2..).map(|n| format!("{word}_{n}"));
    let mut names = std::iter::once(word.to_owned()).chain(numbered);
    names.find(|name| !taken.contains_key(name)).unwrap_or_default()
}

/// A rendered body is in memory and can be read at once: JSON, or text.
fn body(response: Response) -> Value {
    let mut collecting = pin!(response.into_body().collect());
    let bytes = match collecting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(collected)) => collected.to_bytes(),
        _ => return Value::Null,
    };
    serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into())
}
