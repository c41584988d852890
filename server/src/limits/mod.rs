//! Rate limits: exact sliding windows.

mod bucket;
mod quotas;
mod windows;

pub use bucket::{Bucket, CLOCK_STEP_MS, Figures, Quota, Window};
pub use quotas::{QuotaKey, Quotas, QuotasUnavailable};
pub use windows::QuotaWindows;
