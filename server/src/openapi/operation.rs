//! What one route does, for whoever calls it.

use http::StatusCode;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::{Access, SchemaOf};
use crate::auth::{FieldFault, Reason};

/// The description of one route.
#[derive(Debug, Clone)]
pub struct Operation {
    pub(super) id: String,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) access: &'static Access,
    pub(super) scope: Option<&'static str>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) refusals: Vec<Reason>,
    pub(super) repeatable: bool,
    /// Whether other methods of its path are 405.
    pub(super) knows_methods: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) place: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) schema: Value,
    pub(super) example: Value,
}

#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) media: &'static str,
    pub(super) schema: SchemaOf,
    pub(super) required: bool,
    pub(super) example: Value,
}

#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) description: &'static str,
    pub(super) content: Option<Content>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
}

#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) media: &'static str,
    pub(super) schema: SchemaOf,
    pub(super) example: Value,
}

impl Operation {
    /// An operation of this id, which no other one has.
    pub fn new(id: impl Into<String>, summary: &'static str, access: &'static Access) -> Self {
        Self {
            id: id.into(),
            summary,
            description: "",
            access,
            scope: None,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            refusals: Vec::new(),
            repeatable: false,
            knows_methods: true,
        }
    }

    /// Says more than the summary.
    #[must_use]
    pub fn described(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    /// The scope that the credential must have.
    #[must_use]
    pub fn needs(self, scope: &'static str) -> Self {
        Self { scope: Some(scope), ..self }.refuses([Reason::ScopeDenied])
    }

    /// A part of the path, text of this pattern.
    #[must_use]
    pub fn path(self, name: &'static str, description: &'static str, pattern: &str, example: &str) -> Self {
        let schema = json!({ "type": "string", "pattern": pattern });
        self.parameter("path", name, description, schema, example.into()).refuses([Reason::AmbiguousPath])
    }

    /// A parameter of the query, which may be absent.
    #[must_use]
    pub fn query(self, name: &'static str, description: &'static str, schema: Value, example: Value) -> Self {
        self.parameter("query", name, description, schema, example)
            .refuses([Reason::InvalidRequest(vec![(name.into(), FieldFault::Invalid)])])
    }

    /// A header, which may be absent.
    #[must_use]
    pub fn header(self, name: &'static str, description: &'static str, schema: Value, example: Value) -> Self {
        self.parameter("header", name, description, schema, example)
    }

    /// A JSON object as body.
    #[must_use]
    pub fn json<T: JsonSchema>(self, example: Value) -> Self {
        let body = Body { media: JSON, schema: SchemaGenerator::subschema_for::<T>, required: true, example };
        Self { body: Some(body), ..self }.refuses([
            Reason::InvalidRequest(Vec::new()),
            Reason::PayloadTooLarge,
            Reason::UnsupportedMediaType,
        ])
    }

    /// A JSON object as body, which may be absent.
    #[must_use]
    pub fn optional_json<T: JsonSchema>(self, example: Value) -> Self {
        let mut described = self.json::<T>(example);
        if let Some(body) = &mut described.body {
            body.required = false;
        }
        described
    }

    /// A form as body.
    #[must_use]
    pub fn form<T: JsonSchema>(self, example: Value) -> Self {
        let schema = SchemaGenerator::subschema_for::<T>;
        let body = Body { media: "application/x-www-form-urlencoded", schema, required: true, example };
        Self { body: Some(body), ..self }.refuses([Reason::InvalidRequest(Vec::new()), Reason::PayloadTooLarge])
    }

    /// Takes `Idempotency-Key`.
    #[must_use]
    pub fn repeatable(self) -> Self {
        Self { repeatable: true, ..self }.refuses([
            Reason::InvalidRequest(Vec::new()),
            Reason::IdempotencyInProgress,
            Reason::IdempotencyMismatch,
        ])
    }

    /// Answers JSON that no cache may keep.
    #[must_use]
    pub fn answers<T: JsonSchema>(self, status: StatusCode, description: &'static str, example: Value) -> Self {
        self.answers_as::<T>(status, JSON, description, example).with_header("cache-control", "no-store")
    }

    /// Answers a body of this media type.
    #[must_use]
    pub fn answers_as<T: JsonSchema>(
        mut self,
        status: StatusCode,
        media: &'static str,
        description: &'static str,
        example: Value,
    ) -> Self {
        let content = Content { media, schema: SchemaGenerator::subschema_for::<T>, example };
        self.answers.push(Answer { status, description, content: Some(content), headers: Vec::new() });
        self
    }

    /// Answers without a body.
    #[must_use]
    pub fn answers_nothing(mut self, status: StatusCode, description: &'static str) -> Self {
        self.answers.push(Answer { status, description, content: None, headers: Vec::new() });
        self
    }

    /// A header of the answer that was described last; an empty value stands for any.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, value));
        }
        self
    }

    /// What else it can be refused for.
    #[must_use]
    pub fn refuses(mut self, reasons: impl IntoIterator<Item = Reason>) -> Self {
        self.refusals.extend(reasons);
        self
    }

    fn parameter(
        mut self,
        place: &'static str,
        name: &'static str,
        description: &'static str,
        schema: Value,
        example: Value,
    ) -> Self {
        self.parameters.push(Parameter { place, name, description, schema, example });
        self
    }
}

const JSON: &str = "application/json";
