//! Headers of answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Headers whose values differ from answer to answer: name on the wire, name in the document, meaning, schema.
fn variable() -> [(&'static str, &'static str, &'static str, Value); 8] {
    let count = |minimum: u32| json!({ "type": "integer", "minimum": minimum });
    [
        ("allow", "Allow", "The methods of the path.", json!({ "type": "string", "pattern": "^[A-Z]+(,[A-Z]+)*$" })),
        ("etag", "ETag", "Names this content.", json!({ "type": "string", "pattern": "^\"[0-9a-f]{32}\"$" })),
        (
            "idempotency-replayed",
            "Idempotency-Replayed",
            "There when this is the answer of an earlier call with the same key.",
            json!({ "type": "string", "const": "true" }),
        ),
        ("retry-after", "Retry-After", "Seconds to wait.", count(1)),
        ("x-ratelimit-limit", "X-RateLimit-Limit", "Calls in the tightest window.", count(0)),
        ("x-ratelimit-remaining", "X-RateLimit-Remaining", "Calls left in it.", count(0)),
        ("x-ratelimit-reset", "X-RateLimit-Reset", "When its oldest call leaves it, in Unix seconds.", count(0)),
        (
            "x-request-id",
            "X-Request-Id",
            "Names the request.",
            json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" }),
        ),
    ]
}

/// What each header says of how the quota stands.
pub(super) const QUOTA: [&str; 3] = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];

/// The headers of a response: their values, and whether each is always there.
#[derive(Debug, Default)]
pub(super) struct Headers(BTreeMap<String, (BTreeSet<String>, bool)>);

impl Headers {
    /// Enters a header; an empty value stands for any.
    pub(super) fn insert(&mut self, name: &str, value: &str, always: bool) {
        let entry = self.0.entry(name.to_owned()).or_insert_with(|| (BTreeSet::new(), always));
        entry.0.insert(value.to_owned());
        entry.1 &= always;
    }

    /// Whatever is not among these names is not always there.
    pub(super) fn only_sometimes_unless(&mut self, names: &BTreeSet<String>) {
        for (name, (_, always)) in &mut self.0 {
            *always &= names.contains(name);
        }
    }

    /// The header objects of a response.
    pub(super) fn describe(&self) -> Map<String, Value> {
        let variable = variable();
        self.0
            .iter()
            .map(|(name, (values, always))| match variable.iter().find(|known| known.0 == name) {
                Some((_, shown, ..)) => {
                    ((*shown).to_owned(), json!({ "$ref": format!("#/components/headers/{}", key(shown, *always)) }))
                }
                None => (title(name), json!({ "required": always, "schema": { "type": "string", "enum": values } })),
            })
            .collect()
    }
}

/// The header objects that responses share; those that `text` does not refer to are left out.
pub(super) fn components(text: &str) -> Map<String, Value> {
    let mut all = Map::new();
    for (_, shown, description, schema) in variable() {
        for always in [true, false] {
            let key = key(shown, always);
            if text.contains(&format!("\"#/components/headers/{key}\"")) {
                all.insert(key, json!({ "description": description, "required": always, "schema": schema }));
            }
        }
    }
    all
}

fn key(shown: &str, always: bool) -> String {
    if always { shown.to_owned() } else { format!("Optional-{shown}") }
}

/// `www-authenticate` as `Www-Authenticate`.
fn title(name: &str) -> String {
    let word = |word: &str| word.get(..1).unwrap_or_default().to_ascii_uppercase() + word.get(1..).unwrap_or_default();
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}
