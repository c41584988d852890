//! The bodies of the fuzz targets: one module per crate, one function per parser, and the laws that hold for all.

pub mod apikey;
pub mod challenge_signature;
pub mod checkout_scope;
pub mod client_address;
pub mod http_credentials;
pub mod jwt_session;
pub mod webhook_hmac;

type Body = fn(&[u8]);

/// A parsed value prints back to the same bytes; the first byte chooses the crate.
pub fn law_prints_back(data: &[u8]) {
    const BODIES: &[Body] = &[
        apikey::prints_back,
        challenge_signature::prints_back,
        checkout_scope::prints_back,
        client_address::prints_back,
        http_credentials::prints_back,
        jwt_session::prints_back,
        webhook_hmac::prints_back,
    ];
    dispatch(BODIES, data);
}

/// What verifies does not verify with one byte changed; the first byte chooses the crate.
pub fn law_one_byte_changed(data: &[u8]) {
    const BODIES: &[Body] = &[
        apikey::one_byte_changed,
        challenge_signature::one_byte_changed,
        checkout_scope::one_byte_changed,
        client_address::one_byte_changed,
        http_credentials::one_byte_changed,
        jwt_session::one_byte_changed,
        webhook_hmac::one_byte_changed,
    ];
    dispatch(BODIES, data);
}

fn dispatch(bodies: &[Body], data: &[u8]) {
    if let Some((choice, rest)) = data.split_first() {
        bodies[usize::from(*choice) % bodies.len()](rest);
    }
}
