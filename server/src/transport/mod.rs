//! What lies between the wire and the dialects: listeners, bounded bodies, repeated calls.

mod body;
mod form;
mod members;
mod placeholder;
mod retry;
mod serve;

pub use body::{MAX_BODY, json_body, read_body};
pub use form::Form;
pub use members::Members;
pub use retry::{IdempotentCall, idempotent_call};
pub use serve::{Bound, ServeError, bind};
