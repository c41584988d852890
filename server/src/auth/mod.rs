//! The decision: a presented credential becomes a [`Principal`], then policy lets it pass or refuses.
//!
//! The order of checks is written here once; the dialects say what a route accepts and how a refusal looks.

mod arrival;
mod authorize;
mod client;
mod dashboard;
mod gate;
mod login;
mod one_time_code;
mod page;
mod panel_sessions;
mod principal;
mod refusal;
mod signature;
mod signed_request;
mod throttle;
mod trial_signature;

pub use arrival::{Arrival, ListenerMode};
pub use authorize::{Authorized, BrowserRule, OriginRule, Payer, Policy, QuotaSubject, ScopeRule, ServerCall};
pub use client::{AlternativeClaims, CheckoutJwtClaims, PledgClaims, TokenClaims};
pub use dashboard::VerifiedHeaders;
pub use gate::{Gate, GateParts, PanelClaims, SessionClaims};
pub use page::Visit;
pub use panel_sessions::{FormId, Found, NewSession, OnceFor, PanelSessions, SessionToken, ShownForm, Turn};
pub use principal::{AccessToken, CheckoutJwt, PanelUser, Principal, Via};
pub use refusal::{Fault, FieldFault, Reason, Refusal};
pub use signature::SignatureRule;
pub use throttle::Send;
pub use trial_signature::TrialFault;
