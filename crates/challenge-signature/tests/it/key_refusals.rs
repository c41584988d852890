//! Public keys at and beyond their bounds, and every kind they are refused with.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rsa::{BigUint, RsaPublicKey, pkcs8::EncodePublicKey as _};
use tollgate_challenge_signature::{
    KeyErrorKind::{self, *},
    MAX_PEM_LEN, PublicKey,
    merchant::generate_pkcs8_pem,
};

use crate::support::{filled, text, vector, vector_key};

/// An odd number of exactly this many bits.
fn modulus(bits: usize) -> BigUint {
    (BigUint::from(1_u8) << (bits - 1)) + BigUint::from(12_345_u32)
}

fn spki(modulus: BigUint, exponent: u64) -> Vec<u8> {
    RsaPublicKey::new_unchecked(modulus, exponent.into()).to_public_key_der().unwrap().into_vec()
}

pub(crate) fn some_key(number: u8) -> PublicKey {
    PublicKey::from_spki_der(&spki(modulus(2048) + BigUint::from(2 * u32::from(number)), 65_537)).unwrap()
}

pub(crate) fn key_of_bits(bits: usize) -> PublicKey {
    PublicKey::from_spki_der(&spki(modulus(bits), 65_537)).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

#[track_caller]
fn assert_refused(label: &str, text: &str, kind: KeyErrorKind) {
    assert_eq!(PublicKey::from_pem(text).map_err(|error| error.kind()), Err(kind), "{label}");
}

#[test]
fn takes_keys_at_their_bounds() {
    for bits in [2048, 2049, 2050, 3072, 4095, 4096, 4097, 8191, 8192] {
        let key = PublicKey::from_pem(&pem("PUBLIC KEY", &spki(modulus(bits), 65_537))).unwrap();
        assert_eq!((key.modulus_bits(), key.modulus_len()), (bits, bits.div_ceil(8)));
    }
    for exponent in [65_537, 65_539, (1 << 32) + 1, (1 << 33) - 1] {
        assert!(PublicKey::from_spki_der(&spki(modulus(2048), exponent)).is_ok(), "e = {exponent}");
    }
}

#[test]
fn refuses_numbers_out_of_bounds() {
    let rows = [
        ("512 bits", modulus(512), 65_537, ModulusTooSmall),
        ("1024 bits", modulus(1024), 65_537, ModulusTooSmall),
        ("2047 bits", modulus(2047), 65_537, ModulusTooSmall),
        ("zero", BigUint::from(0_u8), 65_537, ModulusTooSmall),
        ("8193 bits", modulus(8193), 65_537, ModulusTooLarge),
        ("16384 bits", modulus(16_384), 65_537, ModulusTooLarge),
        ("even modulus", modulus(2048) + BigUint::from(1_u8), 65_537, EvenModulus),
        ("e = 0", modulus(2048), 0, Exponent),
        ("e = 1", modulus(2048), 1, Exponent),
        ("e = 3", modulus(2048), 3, Exponent),
        ("e = 17", modulus(2048), 17, Exponent),
        ("e = 65535", modulus(2048), 65_535, Exponent),
        ("e = 65536", modulus(2048), 65_536, Exponent),
        ("e = 65538", modulus(2048), 65_538, Exponent),
        ("e = 2^33", modulus(2048), 1 << 33, Exponent),
        ("e = 2^33 + 1", modulus(2048), (1 << 33) + 1, Exponent),
        ("e = 2^64 - 1", modulus(2048), u64::MAX, Exponent),
    ];
    for (label, modulus, exponent, kind) in rows {
        assert_refused(label, &pem("PUBLIC KEY", &spki(modulus, exponent)), kind);
    }
    let huge = RsaPublicKey::new_unchecked(modulus(2048), modulus(2047)).to_public_key_der().unwrap();
    assert_refused("e of 2047 bits", &pem("PUBLIC KEY", huge.as_bytes()), Exponent);
}

/// One DER element with a length of at most three bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let mut der = vec![tag];
    match length {
        0..128 => der.push(low),
        128..256 => der.extend([0x81, low]),
        _ => der.extend([0x82, high, low]),
    }
    der.extend(content);
    der
}

/// A key of 2048 bits, put together from these parts.
fn assembled(algorithm: &[u8], unused_bits: u8, key_tail: &[u8], tail: &[u8]) -> Vec<u8> {
    let mut bits = vec![unused_bits];
    bits.extend(pkcs1(&[0], key_tail));
    element(0x30, &[&element(0x30, algorithm), &element(0x03, &bits), tail].concat())
}

/// The PKCS#1 form of that key, with these bytes before the modulus.
fn pkcs1(modulus_lead: &[u8], tail: &[u8]) -> Vec<u8> {
    let modulus = [modulus_lead, &modulus(2048).to_bytes_be()].concat();
    element(0x30, &[&element(0x02, &modulus), &element(0x02, &[1, 0, 1]), tail].concat())
}

const RSA_OID: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const PSS_OID: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC_ALGORITHM: &[u8] =
    &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const NULL: &[u8] = &[0x05, 0x00];

#[test]
fn refuses_der_in_any_but_its_one_form() {
    let with_null = [RSA_OID, NULL].concat();
    let good = assembled(&with_null, 0, &[], &[]);
    assert_eq!(good, spki(modulus(2048), 65_537), "the parts make a good key");
    let long_length = {
        // The outer length in three bytes where two would do.
        let content = &good[4..];
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[0x30, 0x83, 0, high, low], content].concat()
    };
    let rows = [
        ("no parameters", assembled(RSA_OID, 0, &[], &[])),
        ("parameters of another type", assembled(&[RSA_OID, &[0x30, 0]].concat(), 0, &[], &[])),
        ("unused bits", assembled(&with_null, 1, &[], &[])),
        ("element after the exponent", assembled(&with_null, 0, NULL, &[])),
        ("element after the key", assembled(&with_null, 0, &[], NULL)),
        ("byte after the DER", [good.as_slice(), &[0]].concat()),
        ("byte missing", good[..good.len() - 1].to_vec()),
        ("length longer than needed", long_length),
        ("indefinite length", [&[0x30, 0x80], &good[4..], &[0, 0]].concat()),
        ("empty", vec![]),
        ("PKCS#1 under the other label", pkcs1(&[0], &[])),
    ];
    for (label, der) in rows {
        assert_refused(label, &pem("PUBLIC KEY", &der), Encoding);
        assert_eq!(PublicKey::from_spki_der(&der).unwrap_err().kind(), Encoding, "{label}");
    }

    assert!(PublicKey::from_pem(&pem("RSA PUBLIC KEY", &pkcs1(&[0], &[]))).is_ok());
    let rows = [
        ("negative modulus", pkcs1(&[], &[])),
        ("zero before the modulus", pkcs1(&[0, 0], &[])),
        ("element after the exponent", pkcs1(&[0], NULL)),
        ("byte after the DER", [pkcs1(&[0], &[]).as_slice(), &[0]].concat()),
        ("SPKI under the other label", good),
    ];
    for (label, der) in rows {
        assert_refused(label, &pem("RSA PUBLIC KEY", &der), Encoding);
    }
}

#[test]
fn refuses_other_algorithms_and_other_blocks() {
    let good = vector_key();
    let spki_pem = good.to_spki_pem();
    let (mislabelled, _) = generate_pkcs8_pem(2048, filled(7)).unwrap();
    let ec_key =
        element(0x30, &[element(0x30, EC_ALGORITHM), element(0x03, &[&[0, 4], [7; 64].as_slice()].concat())].concat());
    let rows = [
        ("EC key", pem("PUBLIC KEY", &ec_key), UnsupportedAlgorithm),
        ("RSA-PSS key", pem("PUBLIC KEY", &assembled(&[PSS_OID, NULL].concat(), 0, &[], &[])), UnsupportedAlgorithm),
        ("certificate", pem("CERTIFICATE", good.spki_der()), Certificate),
        ("certificate request", pem("CERTIFICATE REQUEST", good.spki_der()), UnsupportedLabel),
        ("EC parameters", pem("EC PARAMETERS", good.spki_der()), UnsupportedLabel),
        ("label in lower case", pem("public key", good.spki_der()), UnsupportedLabel),
        ("label with a blank", pem("PUBLIC KEY ", good.spki_der()), UnsupportedLabel),
        ("PKCS#8 private key", pem("PRIVATE KEY", &[0x30, 0]), PrivateKey),
        ("PKCS#1 private key", pem("RSA PRIVATE KEY", &[0x30, 0]), PrivateKey),
        ("EC private key", pem("EC PRIVATE KEY", &[0x30, 0]), PrivateKey),
        ("encrypted private key", pem("ENCRYPTED PRIVATE KEY", &[0x30, 0]), PrivateKey),
        ("OpenSSH private key", pem("OPENSSH PRIVATE KEY", &[0x30, 0]), PrivateKey),
        ("private key after the public", format!("{spki_pem}{}", pem("PRIVATE KEY", &[0x30, 0])), PrivateKey),
        ("private key cut short", spki_pem.clone() + "-----BEGIN PRIVATE KEY-----\n", PrivateKey),
        ("PGP private key", pem("PGP PRIVATE KEY BLOCK", &[0x30, 0]), PrivateKey),
        ("private key under a public label", mislabelled.replace("PRIVATE KEY", "PUBLIC KEY"), Encoding),
        ("private key under the other public label", mislabelled.replace("PRIVATE KEY", "RSA PUBLIC KEY"), Encoding),
        ("two blocks", format!("{spki_pem}{spki_pem}"), SeveralBlocks),
        ("key and certificate", format!("{spki_pem}{}", pem("CERTIFICATE", &[0x30, 0])), SeveralBlocks),
    ];
    for (label, text, kind) in rows {
        assert_refused(label, &text, kind);
    }
}

#[test]
fn refuses_pem_with_anything_around_or_inside() {
    let good = vector_key().to_spki_pem();
    let rows = [
        ("empty", String::new()),
        ("no boundaries", BASE64_STANDARD.encode(vector_key().spki_der())),
        ("text before", format!("my key\n{good}")),
        ("blank before", format!(" {good}")),
        ("line end before", format!("\n{good}")),
        ("byte order mark before", format!("\u{feff}{good}")),
        ("text after", format!("{good}my key")),
        ("blank after", format!("{good} ")),
        ("second line end after", format!("{good}\n")),
        ("lone carriage return after", format!("{}\r", good.trim_end())),
        ("carriage returns alone", good.replace('\n', "\r")),
        ("two carriage returns", good.replace('\n', "\r\r\n")),
        ("NUL after", format!("{good}\0")),
        ("empty line inside", good.replacen('\n', "\n\n", 2)),
        ("blank at a line's end", good.replacen('\n', " \n", 2)),
        ("header inside", good.replacen('\n', "\nProc-Type: 4,ENCRYPTED\n", 1)),
        ("other end label", good.replace("END PUBLIC", "END RSA PUBLIC")),
        ("end missing", good.replace("-----END PUBLIC KEY-----\n", "")),
        ("end without dashes", good.replace("END PUBLIC KEY-----", "END PUBLIC KEY")),
        ("begin only", "-----BEGIN PUBLIC KEY-----".to_owned()),
        ("boundaries only", pem("PUBLIC KEY", &[])),
        ("URL-safe alphabet", good.replace(['+', '/'], "_")),
        ("padding missing", pem("PUBLIC KEY", &spki(modulus(2048), 1 << 24 | 1)).replace('=', "")),
    ];
    for (label, text) in rows {
        assert_refused(label, &text, Encoding);
    }
    assert_refused("longer than 16 KiB", &"A".repeat(MAX_PEM_LEN + 1), TooLong);
    assert_refused("16 KiB", &"A".repeat(MAX_PEM_LEN), Encoding);
    assert_eq!(PublicKey::from_spki_der(&vec![0x30; MAX_PEM_LEN + 1]).unwrap_err().kind(), TooLong);
}

#[test]
fn takes_the_line_ends_and_widths_that_tools_write() {
    let key = vector_key();
    let good = key.to_spki_pem();
    let rows = [
        ("CRLF", good.replace('\n', "\r\n")),
        ("CRLF without the last", good.replace('\n', "\r\n").trim_end().to_owned()),
        ("no last line end", good.trim_end().to_owned()),
        ("one long line", pem("PUBLIC KEY", key.spki_der())),
        ("PKCS#1", text(&vector("cardpluspay/rsa-signature")["inputs"]["public_key_pkcs1_pem"]).to_owned()),
    ];
    for (label, text) in rows {
        assert_eq!(PublicKey::from_pem(&text).as_ref(), Ok(&key), "{label}");
    }
}

#[test]
fn shows_the_fingerprint() {
    assert_eq!(format!("{:?}", vector_key()), "PublicKey(2048 bits, sFgLhH_9UlFhCBVxmGjz5wsqrMebuFV7z3gzM5LH2lQ)");
}
