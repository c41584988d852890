//! What is said on the line: changes, told by triggers of the database, and what nodes say to each other.

use std::fmt;

use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode};

use crate::account::{MerchantId, UserId};
use crate::clock::from_epoch_ms;
use crate::rng::{Rng, RngError};

/// A process, under a name that it draws at its start and nobody had before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(Box<str>);

/// A record that changed, or a set of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Client(KeyId),
    Credential(KeyId),
    Grant([u8; 32]),
    Merchant(MerchantId),
    Signing(MerchantId, Mode),
    /// A token id that was revoked, and how long it matters.
    Token(String, OffsetDateTime),
    User(UserId),
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// The node has applied all that was said before this barrier of another.
    Ack { node: NodeId, origin: NodeId, number: u64 },
    /// Who hears this says so, after all that was said before.
    Barrier { origin: NodeId, number: u64 },
    /// A record changed.
    Changed(Told),
    /// Anything may have changed: whole tables, or what this release cannot read.
    Everything,
    /// The node keeps nothing any more.
    Gone(NodeId),
    /// The node waits for its own words.
    Ping { node: NodeId, number: u64 },
}

impl NodeId {
    /// Characters of the name.
    const LEN: usize = 16;

    pub(super) fn draw(rng: &Rng) -> Result<Self, RngError> {
        Ok(Self(rng.base62(Self::LEN)?.as_str().into()))
    }

    pub(crate) fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Message {
    /// Reads a message. What does not read may be of any record, so it counts as a change of everything.
    pub(crate) fn read(text: &str) -> Self {
        Self::parse(text).unwrap_or(Self::Everything)
    }

    fn parse(text: &str) -> Option<Self> {
        let (noun, rest) = text.split_once(' ')?;
        let key_id = || KeyId::parse(rest).ok();
        Some(match noun {
            "client" => Self::Changed(Told::Client(key_id()?)),
            "credential" => Self::Changed(Told::Credential(key_id()?)),
            "grant" => Self::Changed(Told::Grant(digest(rest)?)),
            "merchant" => Self::Changed(Told::Merchant(merchant_id(rest)?)),
            "signing" => {
                let (merchant, mode) = rest.rsplit_once(' ')?;
                Self::Changed(Told::Signing(merchant_id(merchant)?, mode.parse().ok()?))
            }
            "token" => {
                let (id, until) = rest.rsplit_once(' ')?;
                Self::Changed(Told::Token(id.to_owned(), from_epoch_ms(until.parse().ok()?)))
            }
            "user" => Self::Changed(Told::User(UserId::parse(rest)?)),
            "ack" => {
                let [node, origin, number] = words(rest)?;
                Self::Ack { node: node_id(node), origin: node_id(origin), number: number.parse().ok()? }
            }
            "barrier" => {
                let [origin, number] = words(rest)?;
                Self::Barrier { origin: node_id(origin), number: number.parse().ok()? }
            }
            "gone" => Self::Gone(node_id(rest)),
            "ping" => {
                let [node, number] = words(rest)?;
                Self::Ping { node: node_id(node), number: number.parse().ok()? }
            }
            _ => return None,
        })
    }
}

/// What nodes say; changes are told by the database itself.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ack { node, origin, number } => write!(f, "ack {} {} {number}", node.0, origin.0),
            Self::Barrier { origin, number } => write!(f, "barrier {} {number}", origin.0),
            Self::Changed(_) | Self::Everything => f.write_str("all"),
            Self::Gone(node) => write!(f, "gone {}", node.0),
            Self::Ping { node, number } => write!(f, "ping {} {number}", node.0),
        }
    }
}

fn node_id(text: &str) -> NodeId {
    NodeId::from_stored(text)
}

fn merchant_id(text: &str) -> Option<MerchantId> {
    MerchantId::parse(text).ok().map(|(id, _)| id)
}

fn words<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split(' ').collect::<Vec<_>>().try_into().ok()
}

/// 32 bytes as PostgreSQL prints them: `\x` and 64 digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("\\x")?;
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nodes_say_reads_back() {
        let [node, origin] = ["n1", "n2"].map(NodeId::from_stored);
        for message in [
            Message::Ack { node: node.clone(), origin: origin.clone(), number: 7 },
            Message::Barrier { origin, number: u64::MAX },
            Message::Everything,
            Message::Gone(node.clone()),
            Message::Ping { node, number: 0 },
        ] {
            assert_eq!(Message::read(&message.to_string()), message);
        }
    }

    #[test]
    fn changes_read_as_the_database_tells_them() {
        let key = KeyId::parse("Kfht44XZGEXO").unwrap();
        let merchant = MerchantId::new("COL", "UBOMFJ").unwrap();
        let digest = format!("grant \\x{}", "0f".repeat(32));
        for (text, told) in [
            ("client Kfht44XZGEXO", Told::Client(key)),
            ("credential Kfht44XZGEXO", Told::Credential(key)),
            (&*digest, Told::Grant([15; 32])),
            ("merchant MCH-COL-UBOMFJ", Told::Merchant(merchant.clone())),
            ("signing MCH-COL-UBOMFJ test", Told::Signing(merchant, Mode::Test)),
            ("token any id 5000", Told::Token("any id".into(), from_epoch_ms(5_000))),
            ("user 12", Told::User(UserId::from_stored(12))),
        ] {
            assert_eq!(Message::read(text), Message::Changed(told), "{text}");
        }
    }

    #[test]
    fn what_does_not_read_changes_everything() {
        let short = format!("grant \\x{}", "0f".repeat(31));
        for text in
            ["", "all", "alias 1", "credential", "credential ", "credential short", "user x", "token id", &short]
        {
            assert_eq!(Message::read(text), Message::Everything, "{text:?}");
        }
    }
}
