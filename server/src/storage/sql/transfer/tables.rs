//! The tables, in an order in which each comes behind those that it refers to.

/// A table, as its rows are exported and imported.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Its rows are written in this order, texts by their bytes.
    pub(super) order: &'static [&'static str],
    /// PostgreSQL gives its rows their numbers, in the column `id`.
    pub(super) numbered: bool,
    pub(super) columns: &'static [Column],
}

/// A column.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// What a column holds, if not `NULL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bytes,
    Integer,
    Text,
}

impl Table {
    /// The statement that reads every row; `collation` stands behind each text that decides the order.
    pub(super) fn select(&self, collation: &str) -> String {
        let order: Vec<_> = self
            .order
            .iter()
            .map(|name| match self.columns.iter().find(|column| column.name == *name) {
                Some(Column { kind: Kind::Text, .. }) => format!("{name}{collation}"),
                _ => (*name).to_owned(),
            })
            .collect();
        format!("SELECT {} FROM {} ORDER BY {}", self.names(), self.name, order.join(", "))
    }

    /// The beginning of the statement that adds rows; `overriding` stands before their values.
    pub(super) fn insert(&self, overriding: &str) -> String {
        let overriding = if self.numbered { overriding } else { "" };
        format!("INSERT INTO {} ({}){overriding}", self.name, self.names())
    }

    fn names(&self) -> String {
        self.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }
}

const fn bytes(name: &'static str) -> Column {
    Column { name, kind: Kind::Bytes }
}

const fn integer(name: &'static str) -> Column {
    Column { name, kind: Kind::Integer }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

/// `name by order: column kind, …`, with `numbered` before it where that is so.
macro_rules! table {
    (numbered $name:ident by $($order:ident),+: $($column:ident $kind:ident),+) => {
        Table { numbered: true, ..table! { $name by $($order),+: $($column $kind),+ } }
    };
    ($name:ident by $($order:ident),+: $($column:ident $kind:ident),+) => {
        Table {
            name: stringify!($name),
            order: &[$(stringify!($order)),+],
            numbered: false,
            columns: &[$($kind(stringify!($column))),+],
        }
    };
}

/// Every one but those that `NOT_MOVED` has a reason for.
pub(super) const TABLES: &[Table] = &[
    table! { merchants by id:
        id text, name text, status text, ip_list text, domains text, methods text, currency text, created_at integer
    },
    table! { balances by merchant_id, mode:
        merchant_id text, mode text, available text
    },
    table! { numbered users by id:
        id integer, merchant_id text, email text, password_hash text, generation integer, disabled integer,
        api_basic integer, created_at integer, role text, administrator integer, totp_key_version integer,
        totp_sealed bytes
    },
    table! { oauth_clients by id:
        id text, dialect text, merchant_id text, mode text, scopes text, created_at integer, name text,
        foreign_id text, foreign_secret_id text
    },
    table! { credentials by id:
        id text, kind text, merchant_id text, user_id integer, client_id text, mode text, pepper_version integer,
        digest bytes, scopes text, ip_list text, last_four text, created_at integer, expires_at integer,
        retiring_until integer, revoked_at integer, name text, audit_seq integer
    },
    table! { sealed_secrets by id:
        id text, purpose text, merchant_id text, mode text, key_version integer, sealed bytes, created_at integer,
        expires_at integer, retiring_until integer, revoked_at integer
    },
    table! { rsa_keys by id:
        id text, merchant_id text, mode text, spki bytes, fingerprint text, created_at integer, expires_at integer,
        retiring_until integer, revoked_at integer
    },
    table! { settings by merchant_id, mode, name:
        merchant_id text, mode text, name text, value text
    },
    table! { aliases by merchant_id, mode, name:
        merchant_id text, mode text, name text, value text
    },
    table! { numbered payment_requests by id:
        id integer, merchant_id text, mode text, amount text, unit text, status text, reference_id text,
        notify_url text, success_url text, failure_url text, origin_domain text, client text, created_at integer
    },
    table! { numbered transactions by id:
        id integer, payment_request_id integer, method text, status text, created_at integer
    },
    table! { numbered charges by id:
        id integer, merchant_id text, mode text, method_code text, amount text, currency text, country text,
        customer_id text, description text, checkout text, created_at integer
    },
    table! { invoices by id:
        id text, merchant_id text, mode text, customer_id text, invoice_number text, status text, currency text,
        sub_total text, total text, due_date text, created_at integer
    },
    table! { payment_methods by rowid:
        id text, merchant_id text, mode text, customer_id text, type text, brand text, last4 text,
        exp_month integer, exp_year integer
    },
    table! { invoice_payments by id:
        id text, invoice_id text, payment_method_id text, amount text, currency text, payment_date text,
        status text, created_at integer
    },
    table! { purchases by uid:
        uid text, merchant_id text, mode text, reference text, amount_cents integer, credited_cents integer,
        currency text, status text, payload_digest bytes, payload text, link text, created_at integer
    },
    table! { numbered items by id:
        id integer, merchant_id text, mode text, code text, price text, stock integer
    },
    table! { numbered orders by id:
        id integer, merchant_id text, mode text, status text, item_id integer, quantity integer, email text,
        codes_context text, codes_key_version integer, codes_sealed bytes, created_at integer
    },
    table! { checkout_grants by digest:
        digest bytes, payment_request_id integer, merchant_id text, mode text, credential_id text,
        expires_at integer, revoked_at integer, pepper_version integer
    },
    table! { used_once by namespace, key:
        namespace text, key bytes, expires_at integer
    },
    table! { revoked_tokens by id:
        id text, expires_at integer
    },
    table! { idempotency by merchant_id, mode, route, key:
        merchant_id text, mode text, route text, key text, body_digest bytes, status integer, body text,
        created_at integer
    },
    table! { audit by seq:
        seq integer, at integer, actor text, address text, merchant_id text, action text, subject text, detail text,
        previous bytes, hash bytes
    },
    table! { audit_head by id:
        id integer, seq integer, hash bytes
    },
    table! { webhook_endpoints by id:
        id text, merchant_id text, mode text, dialect text, url text, registered integer,
        bearer_key_version integer, bearer_sealed bytes, created_at integer, disabled_at integer, lease text,
        due_at integer
    },
    table! { webhook_deliveries by message_id, endpoint_id:
        message_id text, endpoint_id text, merchant_id text, mode text, format text, body text, state text,
        attempts integer, due_at integer, created_at integer
    },
    table! { webhook_attempts by message_id, endpoint_id, number:
        message_id text, endpoint_id text, number integer, made_at integer, duration_ms integer, status integer,
        error text
    },
    table! { panel_sessions by digest:
        digest bytes, id text, user_id integer, generation integer, mode text, created_at integer, seen_at integer,
        proven_at integer, address text, agent text, flash text, draft text
    },
    table! { totp_enrolments by user_id:
        user_id integer, key_version integer, sealed bytes, expires_at integer
    },
    table! { recovery_codes by user_id, digest:
        user_id integer, digest bytes
    },
    table! { password_links by digest:
        digest bytes, user_id integer, generation integer, purpose text, expires_at integer
    },
    table! { sent_forms by digest:
        digest bytes, place text, expires_at integer
    },
    table! { mails by id:
        id text, notice text, key_version integer, sealed bytes, attempts integer, due_at integer, expires_at integer
    },
    table! { usage_hours by merchant_id, mode, hour:
        merchant_id text, mode text, hour integer, requests integer, refusals integer
    },
    table! { credential_uses by credential_id:
        credential_id text, at integer, address text
    },
    table! { secret_key_checks by kind, version:
        kind text, version integer, value bytes, first_at integer
    },
];

/// Tables of SQLite that stay where they are, each with the reason; `serve::moving` has those of PostgreSQL.
#[cfg(test)]
const NOT_MOVED: &[(&str, &str)] = &[
    ("_sqlx_migrations", "tells of this database's own schema"),
    ("sqlite_sequence", "SQLite counts on from the highest number it is given"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::storage::sql::{Database, query};

    #[tokio::test]
    async fn every_table_and_column_is_moved_or_has_a_reason_not_to_be() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&dir.path().join("tollgate.db")).await.unwrap();
        let found = query(
            "SELECT t.name AS in_table, c.name AS in_column, c.type AS kind FROM sqlite_schema t \
             JOIN pragma_table_info(t.name) c WHERE t.type = 'table'",
        )
        .fetch_all(&database.read)
        .await
        .unwrap();
        let mut columns = BTreeSet::new();
        for row in &found {
            let [table, column, kind] =
                ["in_table", "in_column", "kind"].map(|name| row.try_get::<String, _>(name).unwrap());
            if !NOT_MOVED.iter().any(|(name, _)| *name == table) {
                let kind = match kind.as_str() {
                    "BIGINT" | "INTEGER" => Kind::Integer,
                    "BLOB" => Kind::Bytes,
                    "TEXT" => Kind::Text,
                    other => panic!("{table}.{column}: {other}"),
                };
                columns.insert((table, column, format!("{kind:?}")));
            }
        }
        let listed: BTreeSet<_> = TABLES
            .iter()
            .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
            .map(|(table, column)| (table.name.to_owned(), column.name.to_owned(), format!("{:?}", column.kind)))
            .collect();
        assert_eq!(columns.difference(&listed).collect::<Vec<_>>(), Vec::<&_>::new(), "not on the list");
        assert_eq!(listed.difference(&columns).collect::<Vec<_>>(), Vec::<&_>::new(), "not in the schema");
    }

    #[tokio::test]
    async fn a_table_comes_behind_those_that_it_refers_to() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&dir.path().join("tollgate.db")).await.unwrap();
        let references = query(
            "SELECT t.name AS in_table, f.\"table\" AS referred FROM sqlite_schema t \
             JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
        );
        let references = references.fetch_all(&database.read).await.unwrap();
        assert!(references.len() > 30);
        let place = |name: String| TABLES.iter().position(|table| table.name == name).unwrap();
        for row in &references {
            let [table, referred] = ["in_table", "referred"].map(|name| row.try_get::<String, _>(name).unwrap());
            assert!(place(referred.clone()) < place(table.clone()), "{table} refers to {referred}");
        }
    }
}
