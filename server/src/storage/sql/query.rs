//! One statement with its values, for either engine.

use std::borrow::Cow;
use std::future::Future;
use std::marker::PhantomData;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::column::{Column, Row};
use crate::storage::StorageError;

/// A statement and the values bound to `$1`, `$2`, …
pub(super) struct Query<'q> {
    pub(super) text: SqlStr,
    pub(super) values: Vec<Value<'q>>,
}

/// A [`Query`] whose rows are read by their first column.
pub(super) struct ScalarQuery<'q, T> {
    query: Query<'q>,
    column: PhantomData<fn() -> T>,
}

/// A bound value; an absent one still has a type, as PostgreSQL demands.
pub(super) enum Value<'q> {
    Bytes(Option<Cow<'q, [u8]>>),
    Integer(Option<i64>),
    Text(Option<Cow<'q, str>>),
}

/// What can be bound.
pub(super) trait Bind<'q> {
    /// `NULL` of this type.
    const NULL: Value<'q>;

    /// The value.
    fn value(self) -> Value<'q>;
}

/// How much of the result is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fetch {
    All,
    First,
    Nothing,
}

/// What a statement came to.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) rows: Vec<Row>,
    /// Rows changed; counted only when no row was wanted.
    pub(super) changed: u64,
}

/// Where a statement runs: `&Reader`, `&Writer` or `&mut Transaction`.
pub(super) trait Executor: Send {
    /// Runs it.
    fn run(self, query: Query<'_>, fetch: Fetch) -> impl Future<Output = Result<Fetched, StorageError>> + Send;
}

impl Fetched {
    pub(super) fn of(rows: impl IntoIterator<Item = Row>) -> Self {
        Self { rows: rows.into_iter().collect(), changed: 0 }
    }
}

/// A statement.
pub(super) fn query<'q>(text: &'static str) -> Query<'q> {
    Query { text: SqlStr::from_static(text), values: Vec::new() }
}

/// A statement with `rows` of so many values: `INSERT …`, `VALUES ($1, $2), ($3, $4), …`, and what follows.
pub(super) fn query_rows<'q>(insert: &'static str, columns: usize, rows: usize, rest: &'static str) -> Query<'q> {
    let row = |row: usize| {
        let places: Vec<_> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    let text = format!("{insert} VALUES {} {rest}", rows.join(", "));
    // Two constants and numbers: no value is in the text.
    Query { text: AssertSqlSafe(text).into_sql_str(), values: Vec::new() }
}

/// A statement that is put together of names that stand in this program, and numbers: no value may be in the text.
pub(super) fn query_built<'q>(text: String) -> Query<'q> {
    Query { text: AssertSqlSafe(text).into_sql_str(), values: Vec::new() }
}

/// A [`query_built`] whose first column is wanted.
pub(super) fn query_scalar_built<'q, T>(text: String) -> ScalarQuery<'q, T> {
    ScalarQuery { query: query_built(text), column: PhantomData }
}

/// A statement whose first column is wanted.
pub(super) fn query_scalar<'q, T>(text: &'static str) -> ScalarQuery<'q, T> {
    ScalarQuery { query: query(text), column: PhantomData }
}

impl<'q> Query<'q> {
    /// Binds the next value.
    pub(super) fn bind(mut self, value: impl Bind<'q>) -> Self {
        self.values.push(value.value());
        self
    }

    /// Runs it and counts the rows it changed.
    pub(super) async fn execute(self, on: impl Executor) -> Result<u64, StorageError> {
        Ok(on.run(self, Fetch::Nothing).await?.changed)
    }

    /// The first row; a damaged record when there is none.
    pub(super) async fn fetch_one(self, on: impl Executor) -> Result<Row, StorageError> {
        self.fetch_optional(on).await?.ok_or_else(StorageError::corrupt)
    }

    /// The first row, if there is one.
    pub(super) async fn fetch_optional(self, on: impl Executor) -> Result<Option<Row>, StorageError> {
        Ok(on.run(self, Fetch::First).await?.rows.pop())
    }

    /// Every row.
    pub(super) async fn fetch_all(self, on: impl Executor) -> Result<Vec<Row>, StorageError> {
        Ok(on.run(self, Fetch::All).await?.rows)
    }
}

impl<'q, T: for<'r> Column<'r>> ScalarQuery<'q, T> {
    /// Binds the next value.
    pub(super) fn bind(self, value: impl Bind<'q>) -> Self {
        Self { query: self.query.bind(value), ..self }
    }

    /// The first column of the first row; a damaged record when there is none.
    pub(super) async fn fetch_one(self, on: impl Executor) -> Result<T, StorageError> {
        self.query.fetch_one(on).await?.try_get(0)
    }

    /// The first column of the first row, if there is one.
    pub(super) async fn fetch_optional(self, on: impl Executor) -> Result<Option<T>, StorageError> {
        self.query.fetch_optional(on).await?.as_ref().map(|row| row.try_get(0)).transpose()
    }

    /// The first column of every row.
    pub(super) async fn fetch_all(self, on: impl Executor) -> Result<Vec<T>, StorageError> {
        self.query.fetch_all(on).await?.iter().map(|row| row.try_get(0)).collect()
    }
}

impl<'q, T: Bind<'q>> Bind<'q> for Option<T> {
    const NULL: Value<'q> = T::NULL;

    fn value(self) -> Value<'q> {
        self.map_or(Self::NULL, T::value)
    }
}

impl<'q, T> Bind<'q> for &'q Option<T>
where
    &'q T: Bind<'q>,
{
    const NULL: Value<'q> = <&T>::NULL;

    fn value(self) -> Value<'q> {
        self.as_ref().value()
    }
}

macro_rules! bind {
    ($variant:ident: $($type:ty => $value:expr),* $(,)?) => {$(
        impl<'q> Bind<'q> for $type {
            const NULL: Value<'q> = Value::$variant(None);

            fn value(self) -> Value<'q> {
                let convert: fn($type) -> _ = $value;
                Value::$variant(Some(convert(self)))
            }
        }
    )*};
}

bind!(Bytes: &'q [u8] => Cow::Borrowed, &'q Vec<u8> => |bytes| Cow::Borrowed(&**bytes));
bind!(Integer: i64 => |n| n, &'q i64 => |n| *n, u8 => i64::from, u16 => i64::from, u32 => i64::from);
bind!(Text: &'q str => Cow::Borrowed, &'q String => |text| Cow::Borrowed(&**text), String => Cow::Owned);
