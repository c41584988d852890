//! `/panel/access/domains`: the origins in which payment pages may be embedded.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::ROOT;
use crate::administration::{Error, is_origin};
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, View, page_with};

#[derive(Template)]
#[template(path = "panel/access/domains.html")]
struct DomainsPage {
    view: View,
    faults: Faults,
    typed: String,
}

struct Domains {
    /// One origin a line.
    typed: String,
}

/// What waited for a log-in, if it did.
struct Waiting(Option<Domains>);

impl Act for Domains {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self { typed: fields.raw("domains").replace("\r\n", "\n") }
    }
}

impl Act for Waiting {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self(fields.has("domains").then(|| Domains::read(fields)))
    }
}

impl Domains {
    /// The origins in the order typed, each once, or what is wrong with one of them.
    fn origins(&self) -> Result<Vec<String>, String> {
        let mut origins: Vec<String> = Vec::new();
        for (line, typed) in (1..).zip(self.typed.lines()) {
            let typed = typed.trim();
            if typed.is_empty() || origins.iter().any(|known| known == typed) {
                continue;
            }
            if !is_origin(typed) {
                return Err(fault(line, typed));
            }
            origins.push(typed.to_owned());
        }
        Ok(origins)
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/access/domains", show, change)
}

async fn show(who: SignedIn) -> Result<Response, Refusal> {
    let waiting = who.draft::<Waiting>().0.map(|domains| domains.typed);
    // The local origin of a demo shop is not typed here, and a change leaves it where it is.
    let kept =
        || who.merchant.domains.iter().filter(|domain| is_origin(domain)).cloned().collect::<Vec<_>>().join("\n");
    form(&who, waiting.unwrap_or_else(kept), Faults::default())
}

async fn change(State(app): State<App>, Proven { who, input }: Proven<Domains>) -> Result<Response, Refusal> {
    let origins = match input.origins() {
        Ok(origins) => origins,
        Err(fault) => return form(&who, input.typed, Faults::one("domains", fault)),
    };
    match app.services.administration.set_merchant_domains(&who.actor(), &who.merchant.id, origins).await {
        Ok(()) => who.done(ROOT, Flash::good("The domains were changed.")).await,
        Err(Error::Invalid(_)) => form(&who, input.typed, Faults::one("domains", "There is room for 100 domains.")),
        Err(error) => Err(error.into()),
    }
}

fn form(who: &SignedIn, typed: String, faults: Faults) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page_with(status, &DomainsPage { view: who.view(Section::Access), faults, typed })
}

/// What is wrong with a line; the origin that was probably meant, if it is not far off.
fn fault(line: usize, typed: &str) -> String {
    let short: String = typed.chars().take(80).collect();
    let meant = meant(typed).filter(|meant| is_origin(meant));
    let advice = match meant {
        Some(meant) => format!("Did you mean {meant}?"),
        None => "An origin is https:// and a host name in lower case, with a port if it is not 443.".to_owned(),
    };
    format!("Line {line}, “{short}”, is no origin as browsers send it. {advice}")
}

fn meant(typed: &str) -> Option<String> {
    let lower = typed.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).unwrap_or(&lower);
    let host = rest.split(['/', '?', '#']).next()?;
    Some(format!("https://{}", host.strip_suffix(":443").unwrap_or(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_each_origin_once_and_helps_with_what_is_almost_one() {
        let origins = |typed: &str| Domains { typed: typed.to_owned() }.origins();
        let typed = "https://a.example\n\n  https://b.example:8443 \nhttps://a.example";
        assert_eq!(origins(typed).unwrap(), ["https://a.example", "https://b.example:8443"]);
        assert_eq!(origins("").unwrap(), Vec::<String>::new());
        let table = [
            ("https://Shop.example/", "Did you mean https://shop.example?"),
            ("shop.example", "Did you mean https://shop.example?"),
            ("https://a.example\nhttps://shop.example:443/x?y", "Line 2"),
            ("https://*.example", "An origin is https://"),
            ("javascript:alert(1)", "An origin is https://"),
        ];
        for (typed, expected) in table {
            let fault = origins(typed).unwrap_err();
            assert!(fault.contains(expected), "{typed}: {fault}");
        }
    }
}
