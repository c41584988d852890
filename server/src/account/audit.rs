//! The audit log: who changed what, each entry chained to the one before.

use std::fmt;
use std::net::IpAddr;

use ring::digest::{Context, SHA256};
use time::OffsetDateTime;
use tollgate_apikey::KeyId;

use super::{MerchantId, UserId};
use crate::clock::{epoch_ms, from_epoch_ms};
use crate::hex::hex;

/// Who makes a change, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub kind: ActorKind,
    /// The address the change was asked for from, where there is one.
    pub address: Option<IpAddr>,
}

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorKind {
    /// A credential, acting for itself.
    Client(KeyId),
    /// Whoever runs the command line on the server.
    Operator,
    /// The server itself.
    System,
    /// A panel user.
    User(UserId),
}

/// What is to be written about a change, in the transaction that makes it.
#[derive(Debug, Clone)]
pub struct NewAuditEntry {
    /// Who made it.
    pub actor: Actor,
    /// When.
    pub at: OffsetDateTime,
    /// The merchant it concerns.
    pub merchant: Option<MerchantId>,
    /// A dotted word of lower-case letters and `_`, such as `key.rotated`.
    pub action: &'static str,
    /// The id of what was changed.
    pub subject: String,
    /// More about it; holds no secret.
    pub detail: serde_json::Map<String, serde_json::Value>,
}

/// One line of the log, every field as it is stored: the hash is over these bytes and never over a re-print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place, counted from 1.
    pub seq: i64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who: `operator`, `system`, `user:<id>` or `client:<id>`.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// The merchant it concerns, in the plain form.
    pub merchant: Option<String>,
    /// What was done.
    pub action: String,
    /// The id of what was changed.
    pub subject: String,
    /// More about it: one JSON object.
    pub detail: String,
    /// The hash of the entry before; zeros before the first.
    pub previous: [u8; 32],
    /// The hash of this entry.
    pub hash: [u8; 32],
}

/// The newest entry: what an operator notes elsewhere, to see later that nothing before it was cut off or rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditHead {
    /// Its place; 0 when there is none.
    pub seq: i64,
    /// Its hash; zeros when there is none.
    pub hash: [u8; 32],
}

impl Actor {
    /// Whoever runs the command line on the server.
    #[must_use]
    pub fn operator() -> Self {
        Self { kind: ActorKind::Operator, address: None }
    }

    /// The server itself.
    #[must_use]
    pub fn system() -> Self {
        Self { kind: ActorKind::System, address: None }
    }

    /// A panel user.
    #[must_use]
    pub fn user(id: UserId, address: Option<IpAddr>) -> Self {
        Self { kind: ActorKind::User(id), address }
    }
}

impl fmt::Display for ActorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
            Self::User(id) => write!(f, "user:{id}"),
        }
    }
}

impl NewAuditEntry {
    /// The entry that follows `head`.
    #[must_use]
    pub fn follow(&self, head: &AuditHead) -> AuditEntry {
        let mut entry = AuditEntry {
            seq: head.seq.saturating_add(1),
            at_ms: epoch_ms(self.at),
            actor: self.actor.kind.to_string(),
            address: self.actor.address.map(|address| address.to_string()),
            merchant: self.merchant.as_ref().map(|merchant| merchant.as_str().to_owned()),
            action: self.action.to_owned(),
            subject: self.subject.clone(),
            detail: serde_json::Value::Object(self.detail.clone()).to_string(),
            previous: head.hash,
            hash: [0; 32],
        };
        entry.hash = entry.digest();
        entry
    }
}

impl AuditEntry {
    /// When it was written.
    #[must_use]
    pub fn at(&self) -> OffsetDateTime {
        from_epoch_ms(self.at_ms)
    }

    /// What [`hash`](Self::hash) must be: SHA-256 over every other field.
    ///
    /// Every field goes in after its length, and every optional one after a byte that says whether it is there, so no
    /// two entries have one encoding. `docs/administration.md` has it byte by byte.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut encoder = Encoder(Context::new(&SHA256));
        encoder.text(DOMAIN);
        encoder.number(self.seq);
        encoder.number(self.at_ms);
        encoder.text(&self.actor);
        encoder.optional(self.address.as_deref());
        encoder.optional(self.merchant.as_deref());
        encoder.text(&self.action);
        encoder.text(&self.subject);
        encoder.text(&self.detail);
        encoder.bytes(&self.previous);
        encoder.finish()
    }

    /// One JSON object without a line break: every field as it is stored, hashes in hex. `detail` stays a text, because
    /// the hash is over these bytes of it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { seq, at_ms, actor, address, merchant, action, subject, detail, previous, hash } = self;
        let line = serde_json::json!({
            "seq": seq, "at_ms": at_ms, "actor": actor, "address": address, "merchant": merchant, "action": action,
            "subject": subject, "detail": detail, "previous": hex(previous), "hash": hex(hash),
        });
        line.to_string()
    }

    /// This entry as the head of the chain.
    #[must_use]
    pub fn as_head(&self) -> AuditHead {
        AuditHead { seq: self.seq, hash: self.hash }
    }
}

impl AuditHead {
    /// The head of a log without entries.
    pub const EMPTY: Self = Self { seq: 0, hash: [0; 32] };

    /// The hash in 64 lower-case hex digits.
    #[must_use]
    pub fn hash_hex(&self) -> String {
        hex(&self.hash)
    }
}

/// Writes fields so that they cannot be read in another way.
struct Encoder(Context);

impl Encoder {
    fn number(&mut self, number: i64) {
        self.0.update(&number.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        // A length beyond 2^64 does not exist.
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.update(&len.to_be_bytes());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            None => self.0.update(&[0]),
            Some(text) => {
                self.0.update(&[1]);
                self.text(text);
            }
        }
    }

    fn finish(self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

/// Parts these hashes from every other use of SHA-256.
const DOMAIN: &str = "tollgate audit entry 1";

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> AuditEntry {
        let mut previous = [0; 32];
        (0..).zip(&mut previous).for_each(|(n, byte)| *byte = n);
        AuditEntry {
            seq: 2,
            at_ms: 1_767_225_600_123,
            actor: "user:7".to_owned(),
            address: Some("203.0.113.7".to_owned()),
            merchant: None,
            action: "key.rotated".to_owned(),
            subject: "A00000000001".to_owned(),
            detail: r#"{"overlap_s":60}"#.to_owned(),
            previous,
            hash: [0; 32],
        }
    }

    #[test]
    fn the_hash_is_over_the_documented_bytes() {
        // Computed from the table in docs/administration.md by another program.
        assert_eq!(hex(&entry().digest()), "1ce2aa83b12a00efc970655581e34facb06f7dec994d20b1c736cc53a545c139");
    }

    #[test]
    fn no_two_entries_have_one_encoding() {
        let moved = AuditEntry { action: "key.rotate".to_owned(), subject: "dA00000000001".to_owned(), ..entry() };
        let absent = AuditEntry { address: None, merchant: Some("203.0.113.7".to_owned()), ..entry() };
        let empty = AuditEntry { merchant: Some(String::new()), ..entry() };
        for (label, other) in [("a letter moved", moved), ("another field", absent), ("empty, not absent", empty)] {
            assert_ne!(other.digest(), entry().digest(), "{label}");
        }
    }
}
