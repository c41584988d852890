//! Rate limits: exact sliding windows.

mod bucket;
mod windows;

pub use bucket::{Bucket, Quota, Window};
pub use windows::QuotaWindows;
