//! A browser: one cookie, forms with the token of the page they are on.

use axum::http::StatusCode;
use tollgate::account::{EmailAddress, MerchantId, MerchantStatus, Role, SecretText, Switch, User};
use tollgate::administration::{Actor, NewMerchant, NewUser, Page};
use tollgate::payments::{Currency, Money};

use crate::world::{Answer, Call, World};

pub(crate) const COOKIE: &str = "__Host-tollgate_panel";
pub(crate) const PASSWORD: &str = "an invented pass phrase";

pub(crate) struct Browser<'a> {
    pub(crate) world: &'a World,
    pub(crate) cookie: Option<String>,
    peer: [u8; 4],
}

impl<'a> Browser<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self { world, cookie: None, peer: [127, 0, 0, 1] }
    }

    /// Comes from this address.
    pub(crate) fn from(self, peer: [u8; 4]) -> Self {
        Self { peer, ..self }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let call = Call::get(path).header("sec-fetch-site", "same-origin");
        self.send(call).await
    }

    /// Opens the page, then sends its form with these fields.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.submit_from(path, path, fields).await
    }

    /// Opens one page and sends a form of it elsewhere.
    pub(crate) async fn submit_from(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        let token = token(&shown.text()).unwrap_or_else(|| panic!("{page} has no form: {}", shown.text()));
        self.post(path, &token, fields).await
    }

    pub(crate) async fn post(&mut self, path: &str, token: &str, fields: &[(&str, &str)]) -> Answer {
        let call = form(path, token, fields).header("sec-fetch-site", "same-origin");
        self.send(call).await
    }

    pub(crate) async fn send(&mut self, mut call: Call) -> Answer {
        if let Some(cookie) = &self.cookie {
            call = call.header("cookie", format!("{COOKIE}={cookie}"));
        }
        let answer = self.world.send(call.from(self.peer)).await;
        if let Some(set) = answer.header("set-cookie") {
            let value = set.strip_prefix(COOKIE).and_then(|rest| rest.strip_prefix('=')).unwrap();
            let (value, attributes) = value.split_once(';').unwrap();
            assert!(attributes.starts_with(" Path=/; Secure; HttpOnly; SameSite=Lax"), "{set}");
            self.cookie = (!value.is_empty()).then(|| value.to_owned());
        }
        answer
    }

    pub(crate) async fn log_in(&mut self, email: &str, password: &str) -> Answer {
        self.submit("/panel/login", &[("email", email), ("password", password)]).await
    }

    /// Logs in and insists that it works.
    pub(crate) async fn signed_in(world: &'a World, email: &str, password: &str) -> Self {
        let mut browser = Self::new(world);
        browser.log_in(email, password).await.expect_redirect("/panel");
        browser
    }

    /// The demo owner.
    pub(crate) async fn owner(world: &'a World) -> Self {
        Self::signed_in(world, &world.text("/panel/email"), &world.text("/panel/password")).await
    }

    /// The demo administrator.
    pub(crate) async fn administrator(world: &'a World) -> Self {
        Self::signed_in(world, &world.text("/panel/admin_email"), &world.text("/panel/admin_password")).await
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect_redirect(&self, location: &str) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text());
        assert_eq!(self.header("location"), Some(location));
    }

    #[track_caller]
    pub(crate) fn expect_page(&self, status: u16, holds: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(self.text().contains(holds), "{holds:?} is not in {}", self.text());
    }
}

/// A POST of a form, with nothing else.
pub(crate) fn form(path: &str, token: &str, fields: &[(&str, &str)]) -> Call {
    let pairs = [("form_token", token)].into_iter().chain(fields.iter().copied());
    let body: Vec<String> = pairs.map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    Call::post(path).header("content-type", "application/x-www-form-urlencoded").body(body.join("&"))
}

/// The token of the forms on a page.
pub(crate) fn token(html: &str) -> Option<String> {
    let (_, rest) = html.split_once("name=\"form_token\" value=\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

pub(crate) fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The newest entry of the audit log: action, actor, address, subject, detail.
pub(super) async fn newest_entry(world: &World) -> [String; 5] {
    let entries = world.services.administration.audit(None, Page::first(1)).await.unwrap();
    let [entry] = &entries[..] else { panic!("no entry") };
    let address = entry.address.clone().unwrap_or_default();
    [entry.action.clone(), entry.actor.clone(), address, entry.subject.clone(), entry.detail.clone()]
}

/// A user of the demo merchant with this role.
pub(crate) async fn colleague(world: &World, email: &str, role: Role) -> User {
    make_user(world, &world.merchant_id(), email, role).await
}

pub(crate) async fn make_user(world: &World, merchant: &MerchantId, email: &str, role: Role) -> User {
    let new = NewUser {
        merchant: merchant.clone(),
        email: EmailAddress::new(email).unwrap(),
        password: SecretText::new(PASSWORD.to_owned()),
        role,
        api_basic: Switch::Off,
    };
    world.services.administration.create_user(&Actor::operator(), new).await.unwrap()
}

/// Another merchant with an owner.
pub(crate) async fn stranger(world: &World) -> User {
    let new = NewMerchant {
        country: "PER".to_owned(),
        name: "Another Shop".to_owned(),
        currency: Currency::parse("EUR").unwrap(),
        balance: Money::parse("0.00").unwrap(),
        status: MerchantStatus::PendingKyc,
        domains: Vec::new(),
        methods: Vec::new(),
    };
    let merchant = world.services.administration.create_merchant(&Actor::operator(), new).await.unwrap();
    make_user(world, &merchant.id, "owner@another.example", Role::Owner).await
}
