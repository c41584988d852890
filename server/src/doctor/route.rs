//! Which path takes which credential: the tables of `docs/http-api.md` §2, for judging without a router.

use super::SeenKind;

/// One method and path.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Upper case.
    pub method: &'static str,
    /// Segments; `{id}` stands for any.
    pub template: &'static str,
    /// The credential it reads.
    pub takes: Takes,
}

/// What a route reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// `Authorization: Bearer`, an Alternative access token.
    AlternativeAccess,
    /// `X-Checkout-Token`, or without it `X-API-Key` of Caibo.
    Caibo,
    /// `Authorization: Bearer`, an Alternative checkout token.
    Checkout,
    /// `Authorization: Basic` of an OAuth client.
    Client,
    /// `X-API-Key` of CardPlusPay.
    CardPlusPayKey,
    /// `X-API-Key` of CardPlusPay, with challenge and signature where signing is required.
    CardPlusPaySigned,
    /// `x-api-key` of 88Pay and `x-merchant-id`.
    EightyEightPayKey,
    /// `Authorization: Bearer` and `x-session-id` of 88Pay.
    EightyEightPaySession,
    /// Nothing.
    Nothing,
    /// `Authorization: Bearer`, a Caibo login token.
    PanelLogin,
    /// `Authorization: Basic` of a panel user.
    Person,
    /// `Authorization: Bearer`, a Pledg access token.
    PledgAccess,
    /// The query member `signature`.
    PledgRequest,
}

impl Route {
    /// Whether a path has this route's form.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        let mut template = self.template.split('/');
        let mut path = path.split('/');
        loop {
            match (template.next(), path.next()) {
                (None, None) => return true,
                (Some(t), Some(p)) if t == p || (t == "{id}" && !p.is_empty()) => {}
                _ => return false,
            }
        }
    }

    /// Whether the body is a form.
    pub(super) fn reads_a_form(&self) -> bool {
        self.takes == Takes::Client
    }
}

impl Takes {
    /// The header with the credential, as it is written.
    pub(super) fn header(self) -> Option<&'static str> {
        match self {
            Self::Caibo | Self::CardPlusPayKey | Self::CardPlusPaySigned => Some("X-API-Key"),
            Self::EightyEightPayKey => Some("x-api-key"),
            Self::Nothing | Self::PledgRequest => None,
            _ => Some("Authorization"),
        }
    }

    /// The headers that it reads, each of which may come once.
    pub(super) fn headers(self) -> &'static [&'static str] {
        match self {
            Self::Caibo => &["X-Checkout-Token", "X-API-Key"],
            Self::CardPlusPayKey => &["X-API-Key"],
            Self::CardPlusPaySigned => &["X-API-Key", "X-API-Challenge", "X-API-Signature"],
            Self::EightyEightPayKey => &["x-api-key", "x-merchant-id"],
            Self::EightyEightPaySession => &["Authorization", "x-session-id"],
            Self::Nothing | Self::PledgRequest => &[],
            _ => &["Authorization"],
        }
    }

    /// What a key must be to be known here.
    pub(super) fn key(self) -> Option<SeenKind> {
        match self {
            Self::Caibo => Some(SeenKind::CaiboKey),
            Self::CardPlusPayKey | Self::CardPlusPaySigned => Some(SeenKind::CardPlusPayKey),
            Self::EightyEightPayKey => Some(SeenKind::EightyEightPayKey),
            _ => None,
        }
    }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    route("POST", "/auth/login", Takes::Nothing),
    route("PUT", "/users/{id}/apikey", Takes::PanelLogin),
    route("GET", "/auth/whoami", Takes::Caibo),
    route("POST", "/payment-requests", Takes::Caibo),
    route("GET", "/payment-requests/{id}", Takes::Caibo),
    route("GET", "/payment-requests/{id}/status", Takes::Caibo),
    route("POST", "/payment-requests/{id}/payments", Takes::Caibo),
    route("POST", "/payment-requests/{id}/checkout-session", Takes::Caibo),
    route("POST", "/api/auth/token", Takes::EightyEightPayKey),
    route("POST", "/api/transactions/charges", Takes::EightyEightPaySession),
    route("GET", "/api/balance", Takes::EightyEightPaySession),
    route("POST", "/api/token", Takes::Client),
    route("GET", "/api/a_secured_endpoint", Takes::PledgAccess),
    route("POST", "/api/purchases/{id}/release", Takes::Person),
    route("POST", "/api/purchases/{id}/credit_by_transfer", Takes::Person),
    route("POST", "/api/purchase_link", Takes::PledgRequest),
    route("POST", "/api/purchase_link/", Takes::PledgRequest),
    route("POST", "/oauth/token", Takes::Client),
    route("POST", "/oauth/introspect", Takes::Client),
    route("POST", "/oauth/revoke", Takes::Client),
    route("POST", "/v1/checkout-auth/init", Takes::AlternativeAccess),
    route("POST", "/checkout-auth/init", Takes::AlternativeAccess),
    route("GET", "/checkout/v1/invoice", Takes::Checkout),
    route("GET", "/checkout/v1/invoice/pdf-link", Takes::Checkout),
    route("GET", "/checkout/v1/payment-methods", Takes::Checkout),
    route("POST", "/checkout/v1/payments", Takes::Checkout),
    route("GET", "/checkout/invoice", Takes::Checkout),
    route("GET", "/checkout/invoice/pdf-link", Takes::Checkout),
    route("GET", "/checkout/payment-methods", Takes::Checkout),
    route("POST", "/checkout/payments", Takes::Checkout),
    route("POST", "/v1/auth/challenge", Takes::CardPlusPayKey),
    route("GET", "/v1/balance", Takes::CardPlusPaySigned),
    route("GET", "/v1/orders", Takes::CardPlusPaySigned),
    route("POST", "/v1/orders", Takes::CardPlusPaySigned),
    route("GET", "/.well-known/jwks.json", Takes::Nothing),
    route("GET", "/.well-known/oauth-authorization-server", Takes::Nothing),
];

const fn route(method: &'static str, template: &'static str, takes: Takes) -> Route {
    Route { method, template, takes }
}
