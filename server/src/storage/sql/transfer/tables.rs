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

/// Every one but those that `NOT_MOVED` has a reason for.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "merchants",
        order: &["id"],
        numbered: false,
        columns: &[
            text("id"),
            text("name"),
            text("status"),
            text("ip_list"),
            text("domains"),
            text("methods"),
            text("currency"),
            integer("created_at"),
        ],
    },
    Table {
        name: "balances",
        order: &["merchant_id", "mode"],
        numbered: false,
        columns: &[text("merchant_id"), text("mode"), text("available")],
    },
    Table {
        name: "users",
        order: &["id"],
        numbered: true,
        columns: &[
            integer("id"),
            text("merchant_id"),
            text("email"),
            text("password_hash"),
            integer("generation"),
            integer("disabled"),
            integer("api_basic"),
            integer("created_at"),
            text("role"),
            integer("administrator"),
            integer("totp_key_version"),
            bytes("totp_sealed"),
        ],
    },
    Table {
        name: "oauth_clients",
        order: &["id"],
        numbered: false,
        columns: &[
            text("id"),
            text("dialect"),
            text("merchant_id"),
            text("mode"),
            text("scopes"),
            integer("created_at"),
            text("name"),
            text("foreign_id"),
            text("foreign_secret_id"),
        ],
    },
    Table {
        name: "credentials",
        order: &["id"],
        numbered: false,
        columns: &[
            text("id"),
            text("kind"),
            text("merchant_id"),
            integer("user_id"),
            text("client_id"),
            text("mode"),
            integer("pepper_version"),
            bytes("digest"),
            text("scopes"),
            text("ip_list"),
            text("last_four"),
            integer("created_at"),
            integer("expires_at"),
            integer("retiring_until"),
            integer("revoked_at"),
            text("name"),
            integer("audit_seq"),
        ],
    },
    Table {
        name: "sealed_secrets",
        order: &["id"],
        numbered: false,
        columns: &[
            text("id"),
            text("purpose"),
            text("merchant_id"),
            text("mode"),
            integer("key_version"),
            bytes("sealed"),
            integer("created_at"),
            integer("expires_at"),
            integer("retiring_until"),
            integer("revoked_at"),
        ],
    },
    Table {
        name: "rsa_keys",
        order: &["id"],
        numbered: false,
        columns: &[
            text("id"),
            text("merchant_id"),
            text("mode"),
            bytes("spki"),
            text("fingerprint"),
            integer("created_at"),
            integer("expires_at"),
            integer("retiring_until"),
            integer("revoked_at"),
        ],
    },
    Table {
        name: "settings",
        order: &["merchant_id", "mode", "name"],
        numbered: false,
        columns: &[text("merchant_id"), text("mode"), text("name"), text("value")],
    },
    Table {
        name: "aliases",
        order: &["merchant_id", "mode", "name"],
        numbered: false,
        columns: &[text("merchant_id"), text("mode"), text("name"), text("value")],
    },
    Table {
        name: "payment_requests",
        order: &["id"],
        numbered: true,
        columns: &[
            integer("id"),
            text("merchant_id"),
            text("mode"),
            text("amount"),
            text("unit"),
            text("status"),
            text("reference_id"),
            text("notify_url"),
            text("success_url"),
            text("failure_url"),
            text("origin_domain"),
            text("client"),
            integer("created_at"),
        ],
    },
    Table {
        name: "transactions",
        order: &["id"],
        numbered: true,
        columns: &[integer("id"), integer("payment_request_id"), text("method"), text("status"), integer("created_at")],
    },
    Table {
        name: "charges",
        order: &["id"],
        numbered: true,
        columns: &[
            integer("id"),
            text("merchant_id"),
            text("mode"),
            text("method_code"),
            text("amount"),
            text("currency"),
            text("country"),
            text("customer_id"),
            text("description"),
            text("checkout"),
            integer("created_at"),
        ],
    },
    Table {
        name: "invoices",
        order: &["id"],
        numbered: false,
        columns: &[
            text("id"),
            text("merchant_id"),
            text("mode"),
            text("customer_id"),
            text("invoice_number"),
            text("status"),
            text("currency"),
            text("sub_total"),
            text("total"),
            text("due_date"),
            integer("created_at"),
        ],
    },
    Table {
        name: "payment_methods",
        order: &["rowid"],
        numbered: false,
        columns: &[
            text("id"),
            text("merchant_id"),
            text("mode"),
            text("customer_id"),
            text("type"),
            text("brand"),
            text("last4"),
            integer("exp_month"),
            integer("exp_year"),
        ],
    },
    Table {
        name: "invoice_payments",
        order: &["id"],
        numbered: false,
        columns: &[
            text("id"),
            text("invoice_id"),
            text("payment_method_id"),
            text("amount"),
            text("currency"),
            text("payment_date"),
            text("status"),
            integer("created_at"),
        ],
    },
    Table {
        name: "purchases",
        order: &["uid"],
        numbered: false,
        columns: &[
            text("uid"),
            text("merchant_id"),
            text("mode"),
            text("reference"),
            integer("amount_cents"),
            integer("credited_cents"),
            text("currency"),
            text("status"),
            bytes("payload_digest"),
            text("payload"),
            text("link"),
            integer("created_at"),
        ],
    },
    Table {
        name: "items",
        order: &["id"],
        numbered: true,
        columns: &[integer("id"), text("merchant_id"), text("mode"), text("code"), text("price"), integer("stock")],
    },
    Table {
        name: "orders",
        order: &["id"],
        numbered: true,
        columns: &[
            integer("id"),
            text("merchant_id"),
            text("mode"),
            text("status"),
            integer("item_id"),
            integer("quantity"),
            text("email"),
            text("codes_context"),
            integer("codes_key_version"),
            bytes("codes_sealed"),
            integer("created_at"),
        ],
    },
    Table {
        name: "checkout_grants",
        order: &["digest"],
        numbered: false,
        columns: &[
            bytes("digest"),
            integer("payment_request_id"),
            text("merchant_id"),
            text("mode"),
            text("credential_id"),
            integer("expires_at"),
            integer("revoked_at"),
            integer("pepper_version"),
        ],
    },
    Table {
        name: "used_once",
        order: &["namespace", "key"],
        numbered: false,
        columns: &[text("namespace"), bytes("key"), integer("expires_at")],
    },
    Table { name: "revoked_tokens", order: &["id"], numbered: false, columns: &[text("id"), integer("expires_at")] },
    Table {
        name: "idempotency",
        order: &["merchant_id", "mode", "route", "key"],
        numbered: false,
        columns: &[
            text("merchant_id"),
            text("mode"),
            text("route"),
            text("key"),
            bytes("body_digest"),
            integer("status"),
            text("body"),
            integer("created_at"),
        ],
    },
    Table {
        name: "audit",
        order: &["seq"],
        numbered: false,
        columns: &[
            integer("seq"),
            integer("at"),
            text("actor"),
            text("address"),
            text("merchant_id"),
            text("action"),
            text("subject"),
            text("detail"),
            bytes("previous"),
            bytes("hash"),
        ],
    },
    Table {
        name: "audit_head",
        order: &["id"],
        numbered: false,
        columns: &[integer("id"), integer("seq"), bytes("hash")],
    },
    Table {
        name: "webhook_endpoints",
        order: &["id"],
        numbered: false,
        columns: &[
            text("id"),
            text("merchant_id"),
            text("mode"),
            text("dialect"),
            text("url"),
            integer("registered"),
            integer("bearer_key_version"),
            bytes("bearer_sealed"),
            integer("created_at"),
            integer("disabled_at"),
            text("lease"),
            integer("due_at"),
        ],
    },
    Table {
        name: "webhook_deliveries",
        order: &["message_id", "endpoint_id"],
        numbered: false,
        columns: &[
            text("message_id"),
            text("endpoint_id"),
            text("merchant_id"),
            text("mode"),
            text("format"),
            text("body"),
            text("state"),
            integer("attempts"),
            integer("due_at"),
            integer("created_at"),
        ],
    },
    Table {
        name: "webhook_attempts",
        order: &["message_id", "endpoint_id", "number"],
        numbered: false,
        columns: &[
            text("message_id"),
            text("endpoint_id"),
            integer("number"),
            integer("made_at"),
            integer("duration_ms"),
            integer("status"),
            text("error"),
        ],
    },
    Table {
        name: "panel_sessions",
        order: &["digest"],
        numbered: false,
        columns: &[
            bytes("digest"),
            text("id"),
            integer("user_id"),
            integer("generation"),
            text("mode"),
            integer("created_at"),
            integer("seen_at"),
            integer("proven_at"),
            text("address"),
            text("agent"),
            text("flash"),
            text("draft"),
        ],
    },
    Table {
        name: "totp_enrolments",
        order: &["user_id"],
        numbered: false,
        columns: &[integer("user_id"), integer("key_version"), bytes("sealed"), integer("expires_at")],
    },
    Table {
        name: "recovery_codes",
        order: &["user_id", "digest"],
        numbered: false,
        columns: &[integer("user_id"), bytes("digest")],
    },
    Table {
        name: "password_links",
        order: &["digest"],
        numbered: false,
        columns: &[bytes("digest"), integer("user_id"), integer("generation"), text("purpose"), integer("expires_at")],
    },
    Table {
        name: "usage_hours",
        order: &["merchant_id", "mode", "hour"],
        numbered: false,
        columns: &[text("merchant_id"), text("mode"), integer("hour"), integer("requests"), integer("refusals")],
    },
    Table {
        name: "credential_uses",
        order: &["credential_id"],
        numbered: false,
        columns: &[text("credential_id"), integer("at"), text("address")],
    },
    Table {
        name: "secret_key_checks",
        order: &["kind", "version"],
        numbered: false,
        columns: &[text("kind"), integer("version"), bytes("value"), integer("first_at")],
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
