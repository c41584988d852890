//! Every kind of every error is reached, and says what it should.

mod configuration;
mod deliveries;
mod eighty_eight_pay;
mod headers;
mod pledg_back;
mod pledg_transfer;
mod secrets;
mod static_bearer;

use tollgate_webhook_hmac::{VerifyError, VerifyErrorKind};

#[track_caller]
pub(crate) fn refused<T>(verdict: Result<T, VerifyError>, kind: VerifyErrorKind) {
    let error = verdict.err().expect("a refusal");
    assert_eq!(error.kind(), kind);
    assert_eq!(error.to_string(), "the delivery was not accepted");
}
