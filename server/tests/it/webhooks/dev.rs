//! The real binary: `dev` delivers to a receiver on this machine, and through no proxy.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use crate::binary::Dev;

#[test]
fn dev_delivers_to_loopback_and_through_no_proxy_of_the_environment() {
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let (hook_address, proxy_address) = (hook.local_addr().unwrap(), proxy.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        let (stream, _) = hook.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let length = head.to_ascii_lowercase().split("content-length: ").nth(1).unwrap().to_owned();
        let mut body = vec![0; length.split("\r\n").next().unwrap().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        sender.send(format!("{head}{}", String::from_utf8(body).unwrap())).unwrap();
    });

    let dir = tempfile::tempdir().unwrap();
    let through = format!("http://{proxy_address}");
    let names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let dev = Dev::start_with(&dir.path().join("data"), names.map(|name| (name, through.as_str())));
    let post = |path: &str, body: &str| {
        dev.raw(
            format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {}\r\ncontent-type: \
                 application/json\r\ncontent-length: {}\r\n\r\n{body}",
                dev.text("/caibo/api_key_test"),
                body.len()
            )
            .as_bytes(),
        )
    };
    let made = post(
        "/payment-requests",
        &format!("{{\"amount\":1,\"unit\":\"EUR\",\"notifyUrl\":\"http://{hook_address}/hook\"}}"),
    );
    assert!(made.starts_with("HTTP/1.1 201"), "{made}");
    let id = made.split("\"id\":").nth(1).unwrap().split(',').next().unwrap();
    let paid = post(&format!("/payment-requests/{id}/payments"), r#"{"method":"card","paymentToken":"tok_test_visa"}"#);
    assert!(paid.starts_with("HTTP/1.1 200"), "{paid}");

    let delivery = received.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(delivery.starts_with("POST /hook HTTP/1.1\r\n"), "{delivery}");
    assert!(delivery.contains("x-caibo-signature: t=") && delivery.contains("webhook-id: msg_"), "{delivery}");
    assert!(delivery.contains("\"status\":\"paid\""), "{delivery}");
    proxy.set_nonblocking(true).unwrap();
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody asked the proxy");
}
