//! One value of a row, as it crosses the file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::tables::{Column, Kind};
use crate::storage::StorageError;
use crate::storage::sql::Row;
use crate::storage::sql::query::Value;

/// A value; `None` is `NULL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Bytes(Option<Vec<u8>>),
    Integer(Option<i64>),
    Text(Option<String>),
}

impl Cell {
    /// Reads the column at this place.
    pub(super) fn read(row: &Row, place: usize, column: &Column) -> Result<Self, StorageError> {
        Ok(match column.kind {
            Kind::Bytes => Self::Bytes(row.try_get(place)?),
            Kind::Integer => Self::Integer(row.try_get(place)?),
            Kind::Text => Self::Text(row.try_get(place)?),
        })
    }

    /// The value in JSON: a number, a text, or the padded base64 of bytes.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Bytes(Some(bytes)) => Json::String(STANDARD.encode(bytes)),
            Self::Integer(Some(number)) => Json::from(*number),
            Self::Text(Some(text)) => Json::String(text.clone()),
            Self::Bytes(None) | Self::Integer(None) | Self::Text(None) => Json::Null,
        }
    }

    /// Reads what [`to_json`](Self::to_json) wrote, and nothing else.
    pub(super) fn from_json(json: Json, kind: Kind) -> Option<Self> {
        Some(match (kind, json) {
            (Kind::Bytes, Json::Null) => Self::Bytes(None),
            (Kind::Bytes, Json::String(text)) => Self::Bytes(Some(STANDARD.decode(text).ok()?)),
            (Kind::Integer, Json::Null) => Self::Integer(None),
            (Kind::Integer, Json::Number(number)) => Self::Integer(Some(number.as_i64()?)),
            (Kind::Text, Json::Null) => Self::Text(None),
            (Kind::Text, Json::String(text)) => Self::Text(Some(text)),
            _ => return None,
        })
    }

    /// To be bound.
    pub(super) fn into_value(self) -> Value<'static> {
        match self {
            Self::Bytes(bytes) => Value::Bytes(bytes.map(Into::into)),
            Self::Integer(number) => Value::Integer(number),
            Self::Text(text) => Value::Text(text.map(Into::into)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_reads_back(
            bytes in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..80)),
            number in proptest::option::of(any::<i64>()),
            text in proptest::option::of(any::<String>()),
        ) {
            let cells =
                [(Kind::Bytes, Cell::Bytes(bytes)), (Kind::Integer, Cell::Integer(number)), (Kind::Text, Cell::Text(text))];
            for (kind, cell) in cells {
                let line = serde_json::to_string(&cell.to_json()).unwrap();
                prop_assert!(!line.contains('\n'));
                prop_assert_eq!(Cell::from_json(serde_json::from_str(&line).unwrap(), kind), Some(cell));
            }
        }
    }

    #[test]
    fn another_form_of_a_value_is_none() {
        for (kind, json) in [
            (Kind::Bytes, "7"),
            (Kind::Bytes, "\"AA\""),
            (Kind::Bytes, "\"AB==\""),
            (Kind::Bytes, "\"_w==\""),
            (Kind::Integer, "1.0"),
            (Kind::Integer, "9223372036854775808"),
            (Kind::Integer, "\"1\""),
            (Kind::Integer, "true"),
            (Kind::Text, "1"),
            (Kind::Text, "[]"),
            (Kind::Text, "{}"),
        ] {
            assert_eq!(Cell::from_json(serde_json::from_str(json).unwrap(), kind), None, "{kind:?} {json}");
        }
    }
}
