//! No secret of the control panel is where it does not belong: not in logs, metrics, the audit log, addresses, other
//! answers, nor in plain in any file.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tollgate::account::TotpStep;

use super::Log;
use crate::panel::browser::{Browser, escape, token};
use crate::panel::credentials::shown;
use crate::panel::second_factor::secret as totp_secret;
use crate::world::{Answer, Call, World, world};

const NEW_PASSWORD: &str = "a quite new pass phrase";
const WRONG_PASSWORD: &str = "a wrong pass phrase 4711";
const FOREIGN_SECRET: &str = "made-elsewhere-0123456789abcdef-XYZ";
const NOT_A_KEY: &str =
    "-----BEGIN PRIVATE KEY-----\r\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASC\r\n-----END PRIVATE KEY-----\r\n";

/// A browser whose every answer is kept, with what must not be anywhere.
struct Watched<'w> {
    browser: Browser<'w>,
    answers: Vec<(String, Answer)>,
    /// What it is, the text, and the answers that may hold it: those that were given out for it.
    secrets: Vec<(&'static str, String)>,
    given: Vec<usize>,
}

impl<'w> Watched<'w> {
    fn new(world: &'w World) -> Self {
        let secrets = [("the wrong password", WRONG_PASSWORD), ("the new password", NEW_PASSWORD)];
        let secrets = secrets.into_iter().chain([
            ("the foreign secret", FOREIGN_SECRET),
            ("a pasted private key", "MIIBVgIBADANBgkqhkiG9w0BAQEFAASC"),
        ]);
        Self {
            browser: Browser::new(world),
            answers: Vec::new(),
            secrets: secrets.map(|(what, text)| (what, text.to_owned())).collect(),
            given: Vec::new(),
        }
    }

    fn keep(&mut self, what: &'static str, text: impl Into<String>) {
        self.secrets.push((what, text.into()));
    }

    async fn get(&mut self, path: &str) -> Answer {
        let answer = self.browser.get(path).await;
        self.note(path, &answer);
        answer
    }

    async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(path).await;
        let token = token(&page.text()).unwrap_or_else(|| panic!("{path}: {}", page.text()));
        self.secrets.push(("a form token", token.clone()));
        let answer = self.browser.post(path, &token, fields).await;
        self.note(path, &answer);
        answer
    }

    /// Sends a form whose answer shows a secret; it may show it, and no other answer may.
    async fn submit_for(&mut self, what: &'static str, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.submit(path, fields).await;
        let text = shown(&answer);
        self.given.push(self.answers.len() - 1);
        self.keep(what, text.clone());
        text
    }

    fn note(&mut self, path: &str, answer: &Answer) {
        if let Some(cookie) = self.browser.cookie.clone()
            && !self.secrets.iter().any(|(_, text)| *text == cookie)
        {
            self.keep("a session cookie", cookie);
        }
        self.answers.push((path.to_owned(), answer.clone()));
    }

    /// The link in the newest message.
    fn link(&mut self) -> String {
        let kept = self.browser.world.services.mailer.kept();
        let (_, rest) = kept.last().unwrap().text.split_once("http://sandbox.test").unwrap();
        let path = rest.split_whitespace().next().unwrap().to_owned();
        self.keep("a one-time link", path.rsplit('/').next().unwrap());
        path
    }
}

#[tokio::test]
async fn what_the_panel_is_told_and_shows_is_nowhere_else() {
    let log = Log::default();
    let _capture = log.capture();
    let world = world().await;
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let mut watched = Watched::new(&world);
    watched.keep("the password", password.clone());

    // Log in, wrong and right; a forgotten password.
    watched.submit("/panel/login", &[("email", &email), ("password", WRONG_PASSWORD)]).await;
    watched.submit("/panel/login?next=/panel/keys", &[("email", &email), ("password", &password)]).await;
    let mut stranger = Watched::new(&world);
    stranger.submit("/panel/forgotten", &[("email", &email)]).await;
    world.services.mailer.kept_from(1).await;
    let link = stranger.link();
    stranger.submit(&link, &[("password", "short"), ("password_again", "short")]).await;

    make_everything(&mut watched).await;

    // An invitation, the second factor, a form that waits for the password, a new password.
    watched.submit("/panel/users/new", &[("email", "new@shop.example"), ("role", "developer")]).await;
    watched.link();
    let page = watched.get("/panel/account/two-step").await;
    watched.given.push(watched.answers.len() - 1);
    let totp = totp_secret(&page.text());
    watched.keep("the secret of the second factor", totp.base32().expose_secret().to_owned());
    let code = totp.code(TotpStep::at(world.now())).to_string();
    let codes = watched.submit("/panel/account/two-step", &[("otp", &code)]).await;
    codes.expect_page(200, "Keep your recovery codes");
    let from = watched.answers.len() - 2;
    watched.given.extend([from, from + 1]);
    for code in codes.text().split("<li><code>").skip(1).map(|rest| rest.split_once('<').unwrap().0) {
        watched.keep("a recovery code", code);
        watched.keep("a recovery code as it is kept", code.replace('-', ""));
    }
    world.advance(6 * 60);
    let stale = token(&watched.get("/panel").await.text()).unwrap();
    let waiting = [("foreign_secret", FOREIGN_SECRET), ("password", NEW_PASSWORD), ("name", "kept")];
    let led = watched.browser.post("/panel/clients/import/pledg", &stale, &waiting).await;
    watched.note("/panel/clients/import/pledg", &led);
    let code = totp.code(TotpStep::at(world.now())).to_string();
    watched.submit("/panel/confirm", &[("password", &password), ("otp", &code)]).await;
    let fields = [("password", NEW_PASSWORD), ("password_again", NEW_PASSWORD)];
    watched.submit("/panel/account/password", &fields).await.expect_redirect("/panel/login");

    // Every page once more, errors of every kind, and the log of changes.
    let mut owner = Watched::new(&world);
    world.advance(60);
    let code = totp.code(TotpStep::at(world.now())).to_string();
    owner.submit("/panel/login", &[("email", &email), ("password", NEW_PASSWORD), ("otp", &code)]).await;
    for path in [
        "/panel",
        "/panel/keys",
        "/panel/clients",
        "/panel/webhooks",
        "/panel/webhooks/secrets",
        "/panel/signing",
        "/panel/users",
        "/panel/sessions",
        "/panel/account",
        "/panel/audit",
        "/panel/audit.jsonl",
        "/panel/webhooks/deliveries",
        "/panel/keys/AAAAAAAAAAAA",
        "/panel/nothing",
    ] {
        owner.get(path).await;
    }
    for (_, text) in watched.secrets.clone() {
        // A secret in an address is a mistake of the caller; it is not told on.
        let text = escape(&text);
        owner.get(&format!("/panel/keys/{text}")).await;
        owner.get(&format!("/panel/audit.jsonl?action={text}")).await;
    }

    let audit = owner.answers.iter().find(|(path, _)| path == "/panel/audit.jsonl").unwrap();
    assert!(audit.1.text().lines().count() > 10);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.lines().count() > 100, "the log was captured");
    let secrets: Vec<_> = watched.secrets.iter().chain(&stranger.secrets).chain(&owner.secrets).cloned().collect();
    // Those of the others were given out for nothing.
    let others = stranger.answers.iter().chain(&owner.answers).map(|answer| (usize::MAX, answer));
    let answers: Vec<_> = watched.answers.iter().enumerate().chain(others).collect();
    search(&secrets, &log, &world.metrics(), &answers, &watched.given);

    let folder = world.close().await;
    for (what, secret) in &secrets {
        if *what == "the password" {
            continue;
        }
        assert_absent(folder.path(), what, secret.as_bytes());
        for packed in [STANDARD.decode(secret), URL_SAFE_NO_PAD.decode(secret)].into_iter().flatten() {
            if packed.len() >= 16 {
                assert_absent(folder.path(), what, &packed);
            }
        }
    }
    assert_absent(folder.path(), "the password", password.as_bytes());
    assert_absent(folder.path(), "the bytes of the second factor", totp.expose_secret());
}

/// What is made, rotated, shown again and taken over.
async fn make_everything(watched: &mut Watched<'_>) {
    let scopes = [("chosen", "yes"), ("scope.payment_requests:read", "on")];
    let key = watched.submit_for("an API key", "/panel/keys/new/caibo", &scopes).await;
    let id = key.strip_prefix("caibo_test_sk_").unwrap()[..12].to_owned();
    watched.keep("the secret part of a key", &key["caibo_test_sk_".len() + 12..key.len() - 6]);
    watched.browser.world.send(Call::get("/auth/whoami").header("x-api-key", &key)).await;
    let rotate = format!("/panel/keys/{id}/rotate");
    watched.submit_for("a rotated key", &rotate, &[("overlap", "3600")]).await;
    let secret = watched.submit_for("a client secret", "/panel/clients/new/pledg", &[("chosen", "yes")]).await;
    watched.keep("the secret part of a client secret", &secret[secret.len() - 30..]);
    let pair = [("foreign_id", "partner-1"), ("foreign_secret", FOREIGN_SECRET), ("name", "Partner")];
    let taken = watched.submit("/panel/clients/import/pledg", &pair).await;
    assert_eq!(taken.status, 303, "{}", taken.text());
    let bearer = [("url", "https://hooks.shop.example/a"), ("bearer", "on")];
    watched.submit_for("a secret key of an endpoint", "/panel/webhooks/new/alternative", &bearer).await;
    for purpose in ["webhook", "pledg-notification", "pledg-request"] {
        let text = watched.submit_for("a sealed secret", &format!("/panel/webhooks/secrets/new/{purpose}"), &[]).await;
        if let Some(packed) = text.strip_prefix("whsec_") {
            watched.keep("the bytes of a webhook secret", packed);
        }
    }
    let refused =
        watched.submit("/panel/webhooks/secrets/import/pledg-request", &[("foreign_secret", "too short but secret")]);
    refused.await;
    watched.keep("a refused secret", "too short but secret");
    let import = [("foreign_secret", FOREIGN_SECRET)];
    watched.submit("/panel/webhooks/secrets/import/pledg-request", &import).await;
    watched.submit("/panel/signing/keys/new", &[("encoded_key", NOT_A_KEY)]).await;
}

/// Looks for every secret in what came out; `given` are the answers that may hold some.
#[track_caller]
fn search(
    secrets: &[(&'static str, String)],
    log: &str,
    metrics: &str,
    answers: &[(usize, &(String, Answer))],
    given: &[usize],
) {
    assert!(metrics.contains("tollgate_requests_total"));
    for (what, secret) in secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(line.is_none(), "a log line holds {what}: {line:?}");
        assert!(!metrics.contains(secret.as_str()), "the metrics hold {what}");
        for (number, (path, answer)) in answers {
            let location = answer.header("location").unwrap_or_default();
            assert!(!location.contains(secret.as_str()), "{path} leads to an address with {what}");
            let in_body = answer.text().contains(secret.as_str());
            // Tokens are in their own page; the page of a link is sent to its own address.
            let its_own = *what == "a form token" || (*what == "a one-time link" && path.starts_with("/panel/reset/"));
            assert!(!in_body || its_own || given.contains(number), "the answer to {path} holds {what}");
        }
    }
}

/// No file of the data directory holds these bytes.
#[track_caller]
fn assert_absent(folder: &Path, what: &str, bytes: &[u8]) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let content = std::fs::read(&path).unwrap();
            let found = content.windows(bytes.len()).any(|window| window == bytes);
            assert!(!found, "{} holds {what} in plain", path.display());
        }
    }
}
