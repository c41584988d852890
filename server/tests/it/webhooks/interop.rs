//! The Python package `standardwebhooks` accepts what this server sends.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use super::Shop;
use crate::interop::{present, python};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/webhook-hmac/tests/interop/standard_webhooks.py");

#[tokio::test]
async fn the_package_accepts_a_delivery_and_refuses_an_altered_one() {
    if !present("standardwebhooks", Command::new(python()).args(["-c", "import standardwebhooks"])) {
        return;
    }
    let shop = Shop::open().await;
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
    let received = shop.receiver.arrival().await;
    let verdict = |body: &str| {
        let job = json!({
            "do": "verify",
            "secret": shop.secret().expose_secret(),
            "id": received.header("webhook-id"),
            "timestamp": received.header("webhook-timestamp").parse::<i64>().unwrap(),
            "signature": received.header("webhook-signature"),
            "body": body,
        });
        let mut child =
            Command::new(python()).arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(job.to_string().as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    assert_eq!(verdict(&received.body).trim(), "accept");
    assert_eq!(verdict(&received.body.replace("declined", "paid")).trim(), "refuse");
}
