//! The first use of something that may be used once.

use super::query::{Query, query};
use crate::hex::hex;

/// A first use that somebody asks for.
#[derive(Debug)]
pub(super) struct FirstUse {
    pub(super) namespace: &'static str,
    pub(super) key: Vec<u8>,
    /// Milliseconds since 1970.
    pub(super) expires_at: i64,
}

impl FirstUse {
    /// Takes it: one row changes, or none if it was taken before.
    pub(super) fn take(&self) -> Query<'_> {
        query(
            "INSERT INTO used_once (namespace, key, expires_at) VALUES ($1, $2, $3) \
             ON CONFLICT (namespace, key) DO NOTHING",
        )
        .bind(self.namespace)
        .bind(&self.key)
        .bind(self.expires_at)
    }

    /// Takes all of these in one statement of SQLite, which fails as a whole when one was taken before or is here twice.
    ///
    /// The values are one JSON text, so that it is the same statement for any number of them.
    pub(super) fn take_all(uses: &[&Self]) -> Query<'static> {
        let row = |wanted: &&Self| serde_json::json!([wanted.namespace, hex(&wanted.key), wanted.expires_at]);
        let rows = uses.iter().map(row).collect();
        query(
            "INSERT INTO used_once (namespace, key, expires_at) \
             SELECT value ->> 0, unhex(value ->> 1), value ->> 2 FROM json_each($1)",
        )
        .bind(serde_json::Value::Array(rows).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::sql::Database;

    #[tokio::test]
    async fn several_are_taken_in_one_statement_or_none_is() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&directory.path().join("tollgate.db")).await.unwrap();
        let wanted = |namespace, key: &[u8]| FirstUse { namespace, key: key.to_vec(), expires_at: 1_767_225_600_000 };
        let (one, other, same) = (wanted("a", &[0, 0xff, b'"']), wanted("a", &[]), wanted("b", &[0, 0xff, b'"']));
        let all = [&one, &other, &same];
        assert_eq!(FirstUse::take_all(&all).execute(&database.write).await.unwrap(), 3);
        let new = wanted("a", &[7]);
        for taken in [[&new, &one], [&new, &new]] {
            FirstUse::take_all(&taken).execute(&database.write).await.unwrap_err();
        }
        // Each as the single statement sees it.
        for (first_use, changed) in [(&one, 0), (&other, 0), (&same, 0), (&new, 1)] {
            assert_eq!(first_use.take().execute(&database.write).await.unwrap(), changed, "{first_use:?}");
        }
    }
}
