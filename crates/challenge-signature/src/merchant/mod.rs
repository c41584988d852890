//! The merchant's side: a key pair that signs challenges and nothing else.

mod error;
mod generate;
mod signer;

pub use error::{GenerateError, GenerateErrorKind, SignError, SignErrorKind};
pub use generate::generate_pkcs8_pem;
pub use signer::{MAX_PKCS8_PEM_LEN, Signer};
