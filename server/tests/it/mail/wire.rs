//! A forgotten password, asked for over a socket.

use crate::panel::browser::{COOKIE, token};

/// Asks for a password link as a browser does. `send` sends bytes and reads until the connection closes.
pub(crate) fn ask_for_a_link(send: impl Fn(&str) -> String, email: &str) {
    let common = "host: localhost\r\nx-forwarded-proto: https\r\nsec-fetch-site: same-origin\r\nconnection: close\r\n";
    let page = send(&format!("GET /panel/forgotten HTTP/1.1\r\n{common}\r\n"));
    let (_, rest) = page.split_once(&format!("set-cookie: {COOKIE}=")).unwrap_or_else(|| panic!("{page}"));
    let cookie = rest.split_once(';').unwrap().0;
    let body = format!("form_token={}&email={}", token(&page).unwrap(), email.replace('@', "%40"));
    let answer = send(&format!(
        "POST /panel/forgotten HTTP/1.1\r\n{common}cookie: {COOKIE}={cookie}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("Look at your mail"), "{answer}");
}
