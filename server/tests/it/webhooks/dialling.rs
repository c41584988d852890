//! Trap T36: a delivery goes to the checked address and nowhere else; T37: and takes a bounded time.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tollgate::storage::AttemptError;
use tollgate::webhooks::{DialLimits, Dialler, TargetPolicy};

use super::receiver::{Internet, PUBLIC, Receiver, Reply};

async fn receiver() -> (Receiver, Arc<Internet>) {
    let receiver = Receiver::start(&["shop.example", PUBLIC]).await;
    let internet = Internet::with("shop.example", &receiver);
    (receiver, internet)
}

/// Posts once under the public policy.
async fn post(receiver: &Receiver, internet: &Arc<Internet>, url: &str) -> Result<u16, AttemptError> {
    post_within(receiver, internet, url, DialLimits::default()).await
}

async fn post_within(
    receiver: &Receiver,
    internet: &Arc<Internet>,
    url: &str,
    limits: DialLimits,
) -> Result<u16, AttemptError> {
    let dialler = Dialler::new(TargetPolicy::Public, internet.clone(), receiver.roots(), limits).unwrap();
    let target = dialler.policy().target(url).unwrap();
    dialler.post(&target, HeaderMap::new(), "{}".to_owned()).await
}

#[tokio::test]
async fn the_checked_address_is_the_one_dialled() {
    let (receiver, internet) = receiver().await;
    assert_eq!(post(&receiver, &internet, "https://shop.example/hook?x=1").await, Ok(200));
    assert_eq!(internet.resolved(), ["shop.example"]);
    assert_eq!(internet.dialled(), [format!("{PUBLIC}:443")]);
    let received = receiver.arrival().await;
    assert_eq!(received.request_line, "POST /hook?x=1 HTTP/1.1");
    assert_eq!(received.header("host"), "shop.example");
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(received.header("content-length"), "2");
    assert_eq!(received.body, "{}");
}

#[tokio::test]
async fn the_other_port_is_dialled_and_named() {
    let (receiver, internet) = receiver().await;
    assert_eq!(post(&receiver, &internet, "https://shop.example:8443").await, Ok(200));
    assert_eq!(internet.dialled(), [format!("{PUBLIC}:8443")]);
    let received = receiver.arrival().await;
    assert_eq!(received.request_line, "POST / HTTP/1.1");
    assert_eq!(received.header("host"), "shop.example:8443");
}

#[tokio::test]
async fn a_public_literal_is_dialled_without_asking_for_a_name() {
    let (receiver, internet) = receiver().await;
    assert_eq!(post(&receiver, &internet, &format!("https://{PUBLIC}/")).await, Ok(200));
    assert!(internet.resolved().is_empty());
}

#[tokio::test]
async fn one_address_that_is_not_public_condemns_the_name() {
    let (receiver, internet) = receiver().await;
    let bad = [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "198.18.0.1",
        "203.0.113.9",
        "::1",
        "::",
        "::ffff:10.0.0.1",
        "::ffff:93.184.215.14",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:a00:1::1",
        "2001:0:a00:1::1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "2001:db8::1",
    ];
    for address in bad {
        for answer in [&[address][..], &[PUBLIC, address], &[address, PUBLIC]] {
            internet.name("shop.example", &[answer]);
            let refused = post(&receiver, &internet, "https://shop.example/").await;
            assert_eq!(refused, Err(AttemptError::AddressRefused), "{answer:?}");
        }
    }
    let many = [PUBLIC; 33];
    internet.name("shop.example", &[&many]);
    assert_eq!(post(&receiver, &internet, "https://shop.example/").await, Err(AttemptError::AddressRefused));
    assert!(internet.dialled().is_empty(), "nothing was dialled");
}

#[tokio::test]
async fn a_name_that_flips_is_asked_once_an_attempt_and_judged_each_time() {
    let (receiver, internet) = receiver().await;
    internet.name("shop.example", &[&[PUBLIC], &["127.0.0.1"]]);
    assert_eq!(post(&receiver, &internet, "https://shop.example/").await, Ok(200));
    assert_eq!(internet.resolved().len(), 1, "no second look-up between check and dial");
    assert_eq!(post(&receiver, &internet, "https://shop.example/").await, Err(AttemptError::AddressRefused));
    assert_eq!(internet.dialled(), [format!("{PUBLIC}:443")]);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let (receiver, internet) = receiver().await;
    for status in [301, 302, 303, 307, 308] {
        let location = "http://169.254.169.254/latest/meta-data/";
        receiver.then(Reply::Bytes(format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        )));
        assert_eq!(post(&receiver, &internet, "https://shop.example/").await, Ok(status));
    }
    assert_eq!(internet.dialled(), vec![format!("{PUBLIC}:443"); 5]);
    assert_eq!(internet.resolved(), vec!["shop.example"; 5]);
}

#[tokio::test]
async fn a_certificate_for_another_name_or_from_a_stranger_is_refused() {
    let (receiver, internet) = receiver().await;
    internet.name("other.example", &[&[PUBLIC]]);
    assert_eq!(post(&receiver, &internet, "https://other.example/").await, Err(AttemptError::TlsFailed));
    let stranger = Receiver::start(&["shop.example"]).await;
    internet.route(PUBLIC, &stranger);
    assert_eq!(post(&receiver, &internet, "https://shop.example/").await, Err(AttemptError::TlsFailed));
    assert!(receiver.arrived().await.is_empty() && stranger.arrived().await.is_empty(), "no byte of a delivery left");
}

#[tokio::test]
async fn a_name_without_address_and_an_address_without_listener_fail() {
    let (receiver, internet) = receiver().await;
    assert_eq!(post(&receiver, &internet, "https://nowhere.example/").await, Err(AttemptError::NameNotResolved));
    internet.name("shop.example", &[&[]]);
    assert_eq!(post(&receiver, &internet, "https://shop.example/").await, Err(AttemptError::NameNotResolved));
    internet.name("shop.example", &[&["93.184.215.15"]]);
    assert_eq!(post(&receiver, &internet, "https://shop.example/").await, Err(AttemptError::ConnectFailed));
}

#[tokio::test]
async fn an_address_that_hangs_leaves_time_for_the_next() {
    let (receiver, internet) = receiver().await;
    internet.name("shop.example", &[&["93.184.215.15", PUBLIC]]);
    internet.dead("93.184.215.15");
    let limits = DialLimits { connect: Duration::from_millis(20), ..DialLimits::default() };
    assert_eq!(post_within(&receiver, &internet, "https://shop.example/", limits).await, Ok(200));
    assert_eq!(internet.dialled(), ["93.184.215.15:443".to_owned(), format!("{PUBLIC}:443")]);
}

#[tokio::test]
async fn an_attempt_ends_in_time_whatever_the_receiver_does() {
    let (receiver, internet) = receiver().await;
    // These receivers never finish, so the bound is what ends the attempt, however short it is.
    let limits = DialLimits { total: Duration::from_millis(200), connect: Duration::from_millis(200) };
    let held = ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nx: ", "HTTP/1.1 100 Continue\r\n\r\n"];
    for bytes in held {
        receiver.then(Reply::Hold(bytes.to_owned()));
        let timed_out = post_within(&receiver, &internet, "https://shop.example/", limits).await;
        assert_eq!(timed_out, Err(AttemptError::TimedOut), "{bytes:?}");
    }
    // A listener that speaks no TLS.
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dialler = |internet| Dialler::new(TargetPolicy::Development, internet, receiver.roots(), limits).unwrap();
    let local = Arc::new(tollgate::webhooks::SystemNetwork);
    let url = format!("https://{}/", mute.local_addr().unwrap());
    let target = TargetPolicy::Development.target(&url).unwrap();
    assert_eq!(dialler(local).post(&target, HeaderMap::new(), "{}".to_owned()).await, Err(AttemptError::TimedOut));
}

#[tokio::test]
async fn the_body_of_an_answer_is_not_waited_for() {
    let (receiver, internet) = receiver().await;
    receiver.then(Reply::Endless);
    assert_eq!(post(&receiver, &internet, "https://shop.example/").await, Ok(200));
    receiver.then(Reply::Hold("HTTP/1.1 204 Done\r\ncontent-length: 1000000\r\n\r\n".to_owned()));
    assert_eq!(post(&receiver, &internet, "https://shop.example/").await, Ok(204));
}

#[tokio::test]
async fn an_oversized_or_foreign_answer_is_refused() {
    let (receiver, internet) = receiver().await;
    let answers = [
        ("a head of 64 KiB", format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(65_536))),
        ("many headers", format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(2000))),
        ("not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned()),
        ("nothing", String::new()),
    ];
    for (label, bytes) in answers {
        receiver.then(Reply::Bytes(bytes));
        let refused = post(&receiver, &internet, "https://shop.example/").await;
        assert_eq!(refused, Err(AttemptError::ResponseMalformed), "{label}");
    }
}
