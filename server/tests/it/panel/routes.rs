//! Every route of the panel, tried in every way that must not work.

use std::collections::BTreeSet;

use axum::http::Method;
use tollgate::account::Role;
use tollgate::panel;

use super::browser::{Browser, PASSWORD, colleague, form, stranger, token};
use super::credentials;
use crate::world::{Call, World, world};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Who is not signed in.
    Strangers,
    /// Whoever is.
    All,
    /// Owners and developers.
    Developers,
    Owners,
    Administrators,
}

/// Every route: adding one without a line here fails. `{id}` is a user, `{merchant}` a merchant, `{session}` a session.
const ROUTES: &[(&str, &str, For)] = &[
    ("GET", "/panel", For::All),
    ("GET", "/panel/account", For::All),
    ("GET", "/panel/account/password", For::All),
    ("POST", "/panel/account/password", For::All),
    ("GET", "/panel/account/two-step", For::All),
    ("POST", "/panel/account/two-step", For::All),
    ("GET", "/panel/account/two-step/picture.svg", For::All),
    ("GET", "/panel/account/two-step/off", For::All),
    ("POST", "/panel/account/two-step/off", For::All),
    ("GET", "/panel/admin", For::Administrators),
    ("GET", "/panel/admin/{merchant}", For::Administrators),
    ("GET", "/panel/admin/{merchant}/activate", For::Administrators),
    ("POST", "/panel/admin/{merchant}/activate", For::Administrators),
    ("GET", "/panel/admin/{merchant}/suspend", For::Administrators),
    ("POST", "/panel/admin/{merchant}/suspend", For::Administrators),
    ("GET", "/panel/admin/{merchant}/end-sessions", For::Administrators),
    ("POST", "/panel/admin/{merchant}/end-sessions", For::Administrators),
    ("GET", "/panel/audit", For::All),
    ("GET", "/panel/audit.jsonl", For::All),
    ("GET", "/panel/confirm", For::All),
    ("POST", "/panel/confirm", For::All),
    ("GET", "/panel/forgotten", For::Strangers),
    ("POST", "/panel/forgotten", For::Strangers),
    ("GET", "/panel/login", For::Strangers),
    ("POST", "/panel/login", For::Strangers),
    ("POST", "/panel/logout", For::All),
    ("POST", "/panel/mode", For::All),
    ("GET", "/panel/reset/{token}", For::Strangers),
    ("POST", "/panel/reset/{token}", For::Strangers),
    ("GET", "/panel/sessions", For::All),
    ("POST", "/panel/sessions/others/end", For::All),
    ("POST", "/panel/sessions/{id}/end", For::All),
    ("GET", "/panel/users", For::All),
    ("GET", "/panel/users/new", For::All),
    ("POST", "/panel/users/new", For::Owners),
    ("GET", "/panel/users/{id}", For::All),
    ("POST", "/panel/users/{id}", For::Owners),
    ("GET", "/panel/users/{id}/disable", For::All),
    ("POST", "/panel/users/{id}/disable", For::Owners),
    ("GET", "/panel/users/{id}/enable", For::All),
    ("POST", "/panel/users/{id}/enable", For::Owners),
    ("GET", "/panel/users/{id}/link", For::All),
    ("POST", "/panel/users/{id}/link", For::Owners),
    ("GET", "/panel/users/{id}/two-step-off", For::All),
    ("POST", "/panel/users/{id}/two-step-off", For::Owners),
];

/// A path of a template with these ids in it.
fn path(template: &str, user: &str, merchant: &str) -> String {
    template.replace("{id}", user).replace("{merchant}", merchant).replace("{token}", &"A".repeat(43))
}

fn own(world: &World, template: &str) -> String {
    path(template, &world.text("/panel/user_id"), &world.text("/merchant_id_live"))
}

fn for_the_signed_in() -> impl Iterator<Item = &'static (&'static str, &'static str, For)> {
    ROUTES.iter().filter(|(.., who)| *who != For::Strangers)
}

#[test]
fn every_route_is_in_the_table() {
    let served = panel::routes();
    let served: BTreeSet<_> = served.names().map(|(method, path)| (method.to_string(), path.to_owned())).collect();
    let listed: BTreeSet<_> = ROUTES
        .iter()
        .chain(credentials::ROUTES)
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(served, listed);
}

#[tokio::test]
async fn without_a_session_every_route_leads_to_the_log_in() {
    let world = world().await;
    for (method, template, _) in for_the_signed_in() {
        let path = own(&world, template);
        for cookie in [None, Some("A".repeat(43))] {
            let mut browser = Browser::new(&world);
            browser.cookie.clone_from(&cookie);
            let answer = match *method {
                "GET" => browser.get(&path).await,
                _ if cookie.is_none() => browser.post(&path, "", &[]).await,
                // A browser that was given its cookie by the log-in page.
                _ => browser.submit_from("/panel/login", &path, &[]).await,
            };
            assert_eq!(answer.status, 303, "{method} {path}: {}", answer.text());
            let location = answer.header("location").unwrap();
            assert!(location.starts_with("/panel/login"), "{method} {path}: {location}");
            assert!(answer.body.is_empty(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_form_needs_its_token_and_its_origin() {
    let world = world().await;
    let mut browser = Browser::administrator(&world).await;
    let good = token(&browser.get("/panel").await.text()).unwrap();
    for (method, template, _) in ROUTES {
        if *method != "POST" {
            continue;
        }
        let path = own(&world, template);
        let forged = [
            form(&path, "", &[]).header("sec-fetch-site", "same-origin"),
            form(&path, &"A".repeat(43), &[]).header("sec-fetch-site", "same-origin"),
            form(&path, &good, &[]).header("sec-fetch-site", "cross-site"),
        ];
        for call in forged {
            browser.send(call).await.expect_page(403, "This form is out of date");
        }
    }
    assert_eq!(browser.get("/panel").await.status, 200, "nothing of it was done");
}

#[tokio::test]
pub(super) async fn a_role_sees_every_page_and_does_what_it_may() {
    let world = world().await;
    colleague(&world, "reader@shop.example", Role::ReadOnly).await;
    colleague(&world, "dev@shop.example", Role::Developer).await;
    for email in ["reader@shop.example", "dev@shop.example"] {
        let mut browser = Browser::signed_in(&world, email, PASSWORD).await;
        let good = token(&browser.get("/panel").await.text()).unwrap();
        for (method, template, who) in for_the_signed_in() {
            let path = own(&world, template);
            match (*method, who) {
                ("GET", For::Administrators) => browser.get(&path).await.expect_page(404, "Not found"),
                ("GET", _) => {
                    let status = browser.get(&path).await.status.as_u16();
                    // The picture is of a secret that waits; the page before it has made one.
                    assert_eq!(status, 200, "{email}: {path}");
                }
                (_, For::Owners | For::Administrators) => {
                    let answer = browser.post(&path, &good, &[]).await;
                    answer.expect_page(403, "Your role does not allow this");
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
pub(super) async fn what_belongs_to_another_merchant_is_not_there() {
    let world = world().await;
    let foreign = stranger(&world).await;
    let mut browser = Browser::owner(&world).await;
    let good = token(&browser.get("/panel").await.text()).unwrap();
    let absent = browser.get("/panel/users/999999").await;
    for (method, template, who) in for_the_signed_in() {
        if !template.contains("{id}") || *who == For::Administrators {
            continue;
        }
        for id in [foreign.id.to_string(), "999999".to_owned(), "0".to_owned(), "x".to_owned(), "01".to_owned()] {
            let path = path(template, &id, "");
            let answer = match *method {
                "GET" => browser.get(&path).await,
                _ => browser.post(&path, &good, &[("role", "owner")]).await,
            };
            assert_eq!(answer.comparable(), absent.comparable(), "{method} {path}");
        }
    }
    let kept = world.services.administration.user(foreign.id).await.unwrap().unwrap();
    assert!(!kept.disabled && kept.generation == foreign.generation && kept.role == foreign.role);
}

#[tokio::test]
async fn every_answer_is_kept_from_caches_frames_and_scripts() {
    let world = world().await;
    let mut browser = Browser::administrator(&world).await;
    let mut paths: Vec<String> =
        ROUTES.iter().filter(|(method, ..)| *method == "GET").map(|(_, template, _)| own(&world, template)).collect();
    paths.extend(["/panel/no/such/page".to_owned(), "/panel/".to_owned(), "/panel//".to_owned()]);
    for path in paths {
        let answer = browser.get(&path).await;
        let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{path} has no policy"));
        assert_eq!(
            policy,
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'"
        );
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        let html = answer.text();
        for inline in [" style=", "<style", "javascript:", " onclick=", " onload="] {
            assert!(!html.contains(inline), "{path} has {inline}");
        }
        assert!(!html.contains("<script>"), "{path}");
    }
}

#[tokio::test]
async fn other_methods_and_the_panel_of_a_listener_without_one_are_refused() {
    let world = world().await;
    let answer = world.send(Call::method("DELETE", "/panel/users/1")).await;
    answer.expect_page(405, "This is not possible here");
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
    assert!(world.send(Call::method(Method::HEAD.as_str(), "/panel/login")).await.body.is_empty());

    let listener = world.listener(tollgate::transport::Channel::Loopback);
    let router = world.router(listener, tollgate::dialects::ALL);
    let answer = World::send_to(&router, Call::get("/panel/login")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (404, Some("application/problem+json")));
}
