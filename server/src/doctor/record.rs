//! What the record of a credential says about its use; the caller reads the record.

use time::OffsetDateTime;
use tollgate_apikey::{LifecycleErrorKind, Mode};

use super::report::Report;
use super::{Fault, Place};
use crate::account::{Credential, Merchant, MerchantStatus};

/// Adds to the report what the records of a credential that was seen at `place` have against it.
///
/// `merchant` is the owner's record.
pub fn judge(
    report: &mut Report,
    place: Place,
    credential: Option<&Credential>,
    merchant: Option<&Merchant>,
    now: OffsetDateTime,
) {
    let Some(credential) = credential else {
        return report.add(Fault::UnknownId, place);
    };
    let life = &credential.lifecycle;
    let ago = |then: Option<OffsetDateTime>| {
        then.map_or_else(String::new, |then| format!("That was {} s ago.", (now - then).whole_seconds()))
    };
    match life.check(now).map_err(|error| error.kind()) {
        Ok(_) => {}
        Err(LifecycleErrorKind::Revoked) => report.add_with(Fault::Revoked, place, ago(life.revoked_at())),
        Err(_) if life.retiring_until().is_some_and(|end| end <= now) => {
            report.add_with(Fault::Retired, place, ago(life.retiring_until()));
        }
        Err(_) => report.add_with(Fault::Expired, place, ago(life.expires_at())),
    }
    match merchant.map(|merchant| merchant.status) {
        Some(MerchantStatus::Suspended) => report.add(Fault::MerchantSuspended, place),
        Some(MerchantStatus::PendingKyc) if credential.mode == Mode::Live => report.add(Fault::MerchantPending, place),
        _ => {}
    }
}
