//! Published failures of other webhook receivers, each turned into a case that must be refused here.

use tollgate_webhook_hmac::legacy::pledg::{BackSigner, BackVerifier, NotificationSecret};
use tollgate_webhook_hmac::timestamped::{Hash, SignatureHeader, Signer, Verifier};
use tollgate_webhook_hmac::{BodyErrorKind, SecretErrorKind, Tolerance, VerifyErrorKind, WebhookSecret, standard};

use crate::support::{T0, at, at_ms, notification_secret, secret, signing_key, timestamped_verifier};

/// Whether the header verifies, read and judged in one go.
fn accepts(verifier: &Verifier, header: &str, body: &[u8], now: i64) -> bool {
    SignatureHeader::parse(header).is_ok_and(|header| verifier.verify(&header, body, at(now)).is_ok())
}

/// Whether the three headers verify, read and judged in one go.
fn standard_accepts(verifier: &standard::Verifier, headers: [&str; 3], body: &[u8], now: i64) -> bool {
    standard::Headers::parse(headers[0], headers[1], headers[2])
        .is_ok_and(|headers| verifier.verify(&headers, body, at(now)).is_ok())
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).expect("four bits")
}

#[test]
fn t31_no_byte_moves_between_time_stamp_and_body() {
    let body = b"12.34.{\"a\":1.5}";
    let header = Signer::new(Hash::Sha512, [secret(0)]).unwrap().sign(body, at(T0));
    let v1 = header.split_once(',').unwrap().1;
    let signed = [T0.to_string().as_bytes(), b".", body].concat();
    let verifier = timestamped_verifier(&[secret(0)]);
    let mut accepted = 0;
    for cut in 0..signed.len() {
        for skip in [0, 1] {
            let (Ok(timestamp), Some(rest)) = (std::str::from_utf8(&signed[..cut]), signed.get(cut + skip..)) else {
                continue;
            };
            accepted += usize::from(accepts(&verifier, &format!("t={timestamp},{v1}"), rest, T0));
        }
    }
    assert_eq!(accepted, 1);
}

#[test]
fn t31_no_byte_moves_between_id_time_stamp_and_body() {
    let (secret, key) = (secret(0), signing_key(0));
    let symmetric = standard::Verifier::new([&secret], Tolerance::default()).unwrap();
    let asymmetric = standard::Verifier::asymmetric([key.verifying_key()], Tolerance::default()).unwrap();
    let signer = standard::Signer::new([&secret]).unwrap().and_asymmetric([key]).unwrap();
    // A body that starts like a time stamp, as an attacker who may choose it would have it.
    let body = b"1767225600.1767225600.{}";
    let sent = signer.sign(standard::MessageId::parse("msg_1").unwrap(), body, at(T0));
    let whole = format!("msg_1.{T0}.{}", std::str::from_utf8(body).unwrap());
    let dots: Vec<_> = whole.match_indices('.').map(|(index, _)| index).collect();
    let mut accepted = 0;
    for (position, first) in dots.iter().enumerate() {
        for second in &dots[position + 1..] {
            let headers = [&whole[..*first], &whole[first + 1..*second], sent.signature()];
            let body = &whole.as_bytes()[second + 1..];
            accepted += usize::from(standard_accepts(&symmetric, headers, body, T0));
            accepted += usize::from(standard_accepts(&asymmetric, headers, body, T0));
        }
    }
    assert_eq!(accepted, 2);
}

#[test]
fn t31_no_byte_moves_between_pledg_members() {
    let secret = notification_secret(0);
    let verifier = BackVerifier::new([&secret]).unwrap();
    let body = |error: &str, id: &str, signature: &str| {
        format!(
            r#"{{"created_at":null,"error":"{error}","id":"{id}","reference":null,"sandbox":false,"status":"completed"{signature}}}"#
        )
    };
    let signature = BackSigner::new(&secret).sign(body("ab", "cd", "").as_bytes()).unwrap();
    let signature = format!(r#","signature":"{signature}""#);
    assert!(verifier.verify(body("ab", "cd", &signature).as_bytes()).is_ok());
    assert!(verifier.verify(body("a", "bcd", &signature).as_bytes()).is_err());
    assert!(verifier.verify(body("abc", "d", &signature).as_bytes()).is_err());
    // Whoever knows the joint could still not use it inside a value.
    let joint = secret.expose_secret();
    let refused = BackSigner::new(&secret).sign(body(joint, "cd", "").as_bytes()).unwrap_err();
    assert_eq!(refused.kind(), BodyErrorKind::ContainsSecret);
}

#[test]
fn t31_a_pledg_digest_cannot_be_extended() {
    // SHA-256 lets anyone append to the last member, behind the padding that the hash put there, and know the digest.
    let secret = notification_secret(0);
    let verifier = BackVerifier::new([&secret]).unwrap();
    let body = |status: &str| {
        let members = ["created_at=c", "error=e", "id=i", "reference=r", "sandbox=s", &format!("status={status}")];
        let digest = ring::digest::digest(&ring::digest::SHA256, members.join(secret.expose_secret()).as_bytes());
        let signature: String = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit).collect();
        serde_json::json!({
            "created_at": "c", "error": "e", "id": "i", "reference": "r", "sandbox": "s", "status": status,
            "signature": signature,
        })
        .to_string()
    };
    assert!(verifier.verify(body("completed").as_bytes()).is_ok());
    for status in ["completed\u{80}\0\0", "completed\0", "completedx", "completed ", " completed", "COMPLETED", ""] {
        let refused = verifier.verify(body(status).as_bytes()).unwrap_err();
        assert_eq!(refused.kind(), VerifyErrorKind::Malformed, "{status:?}");
    }
    let mut bytes = body("completed?").into_bytes();
    let mark = bytes.iter().position(|byte| *byte == b'?').unwrap();
    bytes[mark] = 0x80;
    assert_eq!(verifier.verify(&bytes).unwrap_err().kind(), VerifyErrorKind::Malformed);
}

#[test]
fn t32_only_the_raw_body_verifies() {
    let raw = br#"{"id":1,"amount":49.90,"name":"a"}"#;
    let header = Signer::new(Hash::Sha512, [secret(0)]).unwrap().sign(raw, at(T0));
    let verifier = timestamped_verifier(&[secret(0)]);
    assert!(accepts(&verifier, &header, raw, T0));
    let cases: [(&str, &[u8]); 8] = [
        ("number printed anew", br#"{"id":1,"amount":49.9,"name":"a"}"#),
        ("members in another order", br#"{"amount":49.90,"id":1,"name":"a"}"#),
        ("blank added", br#"{"id":1, "amount":49.90,"name":"a"}"#),
        ("line end added", b"{\"id\":1,\"amount\":49.90,\"name\":\"a\"}\n"),
        ("byte order mark", b"\xef\xbb\xbf{\"id\":1,\"amount\":49.90,\"name\":\"a\"}"),
        ("escape", br#"{"id":1,"amount":49.90,"name":"\u0061"}"#),
        ("repeated member", br#"{"id":1,"id":1,"amount":49.90,"name":"a"}"#),
        ("empty", b""),
    ];
    for (label, body) in cases {
        assert!(!accepts(&verifier, &header, body, T0), "{label}");
    }
}

#[test]
fn t32_a_body_need_not_be_text() {
    let body = [0xff, 0x00, 0x80, 0x0a, 0x1f, 0x8b];
    let header = Signer::new(Hash::Sha512, [secret(0)]).unwrap().sign(&body, at(T0));
    assert!(accepts(&timestamped_verifier(&[secret(0)]), &header, &body, T0));
}

#[test]
fn t33_past_and_future_have_their_own_edges() {
    let header = Signer::new(Hash::Sha512, [secret(0)]).unwrap().sign(b"", at(T0));
    let verifier = timestamped_verifier(&[secret(0)]);
    let parsed = SignatureHeader::parse(&header).unwrap();
    for (label, millis, expected) in [
        ("300 s old", 300_000, None),
        ("300.999 s old, which is 300 whole seconds", 300_999, None),
        ("301 s old", 301_000, Some(VerifyErrorKind::Stale)),
        ("30 s ahead", -30_000, None),
        ("30.001 s ahead, which is 31 whole seconds", -30_001, Some(VerifyErrorKind::Early)),
        ("31 s ahead", -31_000, Some(VerifyErrorKind::Early)),
        ("300 s ahead", -300_000, Some(VerifyErrorKind::Early)),
    ] {
        let verdict = verifier.verify(&parsed, b"", at_ms(T0 * 1000 + millis));
        assert_eq!(verdict.err().map(|error| error.kind()), expected, "{label}");
    }
}

#[test]
fn t33_a_delivery_need_not_be_remembered_beyond_its_own_word() {
    let header = Signer::new(Hash::Sha512, [secret(0)]).unwrap().sign(b"", at(T0));
    let verifier = timestamped_verifier(&[secret(0)]);
    let parsed = SignatureHeader::parse(&header).unwrap();
    let delivery = verifier.verify(&parsed, b"", at(T0 - 30)).unwrap();
    assert_eq!(delivery.stale_from(), T0 + 301);
    assert!(verifier.verify(&parsed, b"", at_ms(delivery.stale_from() * 1000 - 1)).is_ok());
    assert!(verifier.verify(&parsed, b"", at(delivery.stale_from())).is_err());
}

#[test]
fn t33_replay_finds_the_same_id_however_the_signatures_are_arranged() {
    let (old, new) = (secret(0), secret(1));
    let header = Signer::new(Hash::Sha512, [&new, &old]).unwrap().sign(b"{}", at(T0));
    let verifier = timestamped_verifier(&[new, old]);
    let members: Vec<_> = header.split(',').collect();
    let ids: Vec<_> = [
        vec![members[0], members[1], members[2]],
        vec![members[2], members[0], members[1]],
        vec![members[0], members[1]],
        vec![members[0], members[2]],
        vec![members[0], members[2], members[2], "x=1"],
    ]
    .into_iter()
    .map(|members| {
        let header = members.join(",");
        verifier.verify(&SignatureHeader::parse(&header).unwrap(), b"{}", at(T0)).unwrap().replay_id()
    })
    .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn t33_time_stamps_are_digits_only() {
    let verifier = timestamped_verifier(&[secret(0)]);
    let v1 = Signer::new(Hash::Sha512, [secret(0)]).unwrap().sign(b"", at(T0)).split_once(',').unwrap().1.to_owned();
    for timestamp in [
        "",
        " 1767225600",
        "1767225600 ",
        "1767225600abc",
        "+1767225600",
        "-1767225600",
        "01767225600",
        "1767225600.0",
        "1.7672256e9",
        "0x6955b900",
        "1_767_225_600",
        "１７６７２２５６００",
        "1767225600000",
        "9999999999999",
        "00",
    ] {
        assert!(!accepts(&verifier, &format!("t={timestamp},{v1}"), b"", T0), "{timestamp:?}");
        assert!(standard::Headers::parse("id", timestamp, "v2,x").is_err(), "{timestamp:?}");
    }
}

#[test]
fn t33_an_id_cannot_be_used_for_another_body() {
    let verifier = standard::Verifier::new([secret(0)], Tolerance::default()).unwrap();
    let signer = standard::Signer::new([secret(0)]).unwrap();
    let sent = signer.sign(standard::MessageId::parse("msg_1").unwrap(), b"one", at(T0));
    let headers = [sent.id(), sent.timestamp(), sent.signature()];
    assert!(standard_accepts(&verifier, headers, b"one", T0));
    assert!(!standard_accepts(&verifier, headers, b"two", T0));
    assert!(!standard_accepts(&verifier, ["msg_2", headers[1], headers[2]], b"one", T0));
    // A later attempt of the same event is another delivery with the same replay id.
    let id = |now| {
        let sent = signer.sign(standard::MessageId::parse("msg_1").unwrap(), b"one", at(now));
        let headers = standard::Headers::parse(sent.id(), sent.timestamp(), sent.signature()).unwrap();
        verifier.verify(&headers, b"one", at(now)).unwrap().replay_id()
    };
    assert_eq!(id(T0), id(T0 + 60));
}

#[test]
fn t34_odd_signatures_are_refused_and_never_throw() {
    let verifier = timestamped_verifier(&[secret(0)]);
    let good = Signer::new(Hash::Sha512, [secret(0)]).unwrap().sign(b"", at(T0));
    let tag = good.rsplit_once('=').unwrap().1;
    for (label, header) in [
        ("non-ascii", format!("t={T0},v1={}ä", &tag[..126])),
        ("truncated by a digit", format!("t={T0},v1={}", &tag[..127])),
        ("truncated to the length of another hash", format!("t={T0},v1={}", &tag[..64])),
        ("truncated to one byte", format!("t={T0},v1={}", &tag[..2])),
        ("empty", format!("t={T0},v1=")),
        ("longer by a byte", format!("t={T0},v1={tag}00")),
        ("upper case", format!("t={T0},v1={}", tag.to_uppercase())),
        ("blank behind the comma", format!("t={T0}, v1={tag}")),
        ("trailing comma", format!("t={T0},v1={tag},")),
        ("no equals sign", format!("t={T0},v1={tag},v0")),
        ("good beside a truncated one", format!("t={T0},v1={tag},v1={}", &tag[..2])),
        ("good beside one of another hash", format!("t={T0},v1={tag},v1={}", &tag[..64])),
        ("ten thousand", format!("t={T0}{}", format!(",v1={tag}").repeat(10_000))),
        ("nul", format!("t={T0},v1={tag}\0")),
        ("line end", format!("t={T0},v1={tag}\n")),
    ] {
        assert!(!accepts(&verifier, &header, b"", T0), "{label}");
    }
}

#[test]
fn t34_odd_standard_signatures_are_refused_and_never_throw() {
    let verifier = standard::Verifier::new([secret(0)], Tolerance::default()).unwrap();
    let signer = standard::Signer::new([secret(0)]).unwrap();
    let sent = signer.sign(standard::MessageId::parse("id").unwrap(), b"", at(T0));
    let good = sent.signature();
    for (label, signature) in [
        ("empty", String::new()),
        ("blank", " ".to_owned()),
        ("no comma", "v1".to_owned()),
        ("no value", "v1,".to_owned()),
        ("without padding", good.trim_end_matches('=').to_owned()),
        ("url-safe", good.replace(['/', '+'], "_")),
        ("non-ascii", format!("{}ä", &good[..good.len() - 2])),
        ("truncated", good[..good.len() - 4].to_owned()),
        ("stray bits", format!("{}B=", &good[..good.len() - 2])),
        ("two blanks between", format!("{good}  {good}")),
        ("blank in front", format!(" {good}")),
        ("good beside a broken one", format!("{good} v1,AAAA")),
        ("nine", [good; 9].join(" ")),
        ("ten thousand", vec![good; 10_000].join(" ")),
        ("upper-case scheme", good.replace("v1", "V1")),
    ] {
        let headers = [sent.id(), sent.timestamp(), &signature];
        assert!(!standard_accepts(&verifier, headers, b"", T0), "{label}");
    }
    assert!(standard_accepts(&verifier, [sent.id(), sent.timestamp(), &[good; 8].join(" ")], b"", T0));
}

#[test]
fn t34_there_is_no_empty_secret() {
    assert_eq!(WebhookSecret::parse("whsec_").unwrap_err().kind(), SecretErrorKind::Length);
    assert_eq!(NotificationSecret::parse("").unwrap_err().kind(), SecretErrorKind::Length);
}

#[test]
fn t35_taking_a_scheme_away_gains_nothing() {
    let (secret, key) = (secret(0), signing_key(0));
    let symmetric = standard::Verifier::new([&secret], Tolerance::default()).unwrap();
    let asymmetric = standard::Verifier::asymmetric([key.verifying_key()], Tolerance::default()).unwrap();
    let signer = standard::Signer::new([&secret]).unwrap().and_asymmetric([key]).unwrap();
    let sent = signer.sign(standard::MessageId::parse("id").unwrap(), b"{}", at(T0));
    let (v1, v1a) = sent.signature().split_once(' ').unwrap();
    let relabelled = v1.replace("v1,", "v2,");
    for (label, signature, by_symmetric, by_asymmetric) in [
        ("both", sent.signature(), None, None),
        ("v1 only", v1, None, Some(VerifyErrorKind::WrongScheme)),
        ("v1a only", v1a, Some(VerifyErrorKind::WrongScheme), None),
        ("unknown only", &relabelled, Some(VerifyErrorKind::WrongScheme), Some(VerifyErrorKind::WrongScheme)),
    ] {
        let headers = standard::Headers::parse(sent.id(), sent.timestamp(), signature).unwrap();
        let kind = |verifier: &standard::Verifier| verifier.verify(&headers, b"{}", at(T0)).err().map(|e| e.kind());
        assert_eq!((kind(&symmetric), kind(&asymmetric)), (by_symmetric, by_asymmetric), "{label}");
    }
}

#[test]
fn t35_the_verifier_names_the_hash() {
    let weaker = Signer::new(Hash::Sha256, [secret(0)]).unwrap().sign(b"", at(T0));
    let refused = timestamped_verifier(&[secret(0)]).verify(&SignatureHeader::parse(&weaker).unwrap(), b"", at(T0));
    assert_eq!(refused.unwrap_err().kind(), VerifyErrorKind::WrongScheme);
}

#[test]
fn t35_a_secret_works_for_its_own_endpoint_and_scheme_only() {
    for sender in 0..4 {
        let header = Signer::new(Hash::Sha512, [secret(sender)]).unwrap().sign(b"{}", at(T0));
        let signer = standard::Signer::new([secret(sender)]).unwrap();
        let sent = signer.sign(standard::MessageId::parse("id").unwrap(), b"{}", at(T0));
        for receiver in 0..4 {
            let verifier = timestamped_verifier(&[secret(receiver)]);
            assert_eq!(accepts(&verifier, &header, b"{}", T0), sender == receiver);
            let verifier = standard::Verifier::new([secret(receiver)], Tolerance::default()).unwrap();
            let headers = [sent.id(), sent.timestamp(), sent.signature()];
            assert_eq!(standard_accepts(&verifier, headers, b"{}", T0), sender == receiver);
        }
    }
}

#[test]
fn t35_one_secret_gives_each_scheme_its_own_tags() {
    // The same HMAC, once keyed with the text and once with the decoded bytes: neither tag serves the other scheme.
    let header = Signer::new(Hash::Sha256, [secret(0)]).unwrap().sign(b"{}", at(T0));
    let hex = header.rsplit_once('=').unwrap().1;
    let signer = standard::Signer::new([secret(0)]).unwrap();
    // `id.t.body` of one scheme is made equal to `t.body` of the other.
    let sent = signer.sign(standard::MessageId::parse(&T0.to_string()).unwrap(), b"{}", at(T0));
    let verifier = Verifier::new(Hash::Sha256, [secret(0)], Tolerance::default()).unwrap();
    let body = format!("{T0}.{{}}");
    let tag = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(&sent.signature()[3..]).unwrap()
    };
    let tag_hex: String = tag.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit).collect();
    assert_ne!(tag_hex, hex);
    assert!(!accepts(&verifier, &format!("t={T0},v1={tag_hex}"), body.as_bytes(), T0));
}
