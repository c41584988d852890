//! What lies between the wire and the dialects: listeners, bounded bodies, repeated calls.

mod address_places;
mod body;
mod bounds;
mod channel;
mod connection;
mod form;
mod front;
mod members;
mod noted_timer;
mod patience;
mod placeholder;
mod retry;
mod serve;
mod tls;
mod unread;

pub use body::{MAX_BODY, json_body, read_body};
pub use bounds::Bounds;
pub use channel::Channel;
pub use form::Form;
pub use front::Front;
pub use members::Members;
pub use patience::Patience;
pub use retry::{IdempotentCall, idempotent_call};
pub use serve::{Bound, ServeError, Wire, bind};
pub use tls::{TlsError, TlsIdentity};
