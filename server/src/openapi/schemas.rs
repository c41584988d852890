//! Schemas of wire types, as the types derive them.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

/// Makes the schema of a type: `SchemaGenerator::subschema_for::<T>`.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schemas of one document. What is received and what is sent differ in which members must be there.
pub(super) struct Schemas {
    received: SchemaGenerator,
    sent: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self {
            sent: settings.clone().for_serialize().into_generator(),
            received: settings.for_deserialize().into_generator(),
        }
    }

    pub(super) fn received(&mut self, schema: SchemaOf) -> Value {
        without_null(schema(&mut self.received).to_value())
    }

    pub(super) fn sent(&mut self, schema: SchemaOf) -> Value {
        without_null(schema(&mut self.sent).to_value())
    }

    /// The named schemas, for `components`.
    pub(super) fn named(mut self) -> Map<String, Value> {
        let mut named = self.received.take_definitions(false);
        named.extend(self.sent.take_definitions(false));
        named.into_iter().map(|(name, schema)| (name, without_null(schema))).collect()
    }
}

/// No member on this wire is `null`: what is absent is left out.
fn without_null(schema: Value) -> Value {
    match schema {
        Value::Array(items) => Value::Array(items.into_iter().map(without_null).collect()),
        Value::Object(mut members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    members.remove("anyOf");
                    members.extend(only);
                }
            }
            Value::Object(members.into_iter().map(|(name, schema)| (name, without_null(schema))).collect())
        }
        other => other,
    }
}
