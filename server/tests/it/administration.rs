//! What administration changes counts at the next call, through the real router and with warm caches.

mod audit;
mod clients;
mod imports;
mod keys;
mod records;
mod rsa_keys;
mod secrets;
mod webhook_endpoints;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tollgate::administration::{Actor, Administration};
use tollgate_apikey::Overlap;

use super::world::{Answer, Call, World};

const GRANT: &str = "grant_type=client_credentials";

fn operator() -> Actor {
    Actor::operator()
}

fn administration(world: &World) -> &Administration {
    &world.services.administration
}

fn overlap(seconds: u32) -> Overlap {
    Overlap::new(seconds).unwrap()
}

/// A token call of an OAuth client; the halves are sent as they are.
fn buy(path: &str, id: &str, secret: &str) -> Call {
    let pair = STANDARD.encode(format!("{id}:{secret}"));
    let form = "application/x-www-form-urlencoded";
    Call::post(path).header("authorization", format!("Basic {pair}")).header("content-type", form).body(GRANT)
}

fn bearer(call: Call, token: &str) -> Call {
    call.header("authorization", format!("Bearer {token}"))
}

#[track_caller]
fn token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// The actions in the log, oldest first.
async fn actions(world: &World) -> Vec<String> {
    let mut lines = String::new();
    let mut export = administration(world).export_audit(None);
    while let Some(more) = export.next_lines().await.unwrap() {
        lines.push_str(&more);
    }
    let action = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["action"].clone();
    lines.lines().map(|line| action(line).as_str().unwrap().to_owned()).collect()
}
