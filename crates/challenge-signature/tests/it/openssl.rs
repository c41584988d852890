//! Keys and signatures of the `openssl` command line.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tollgate_challenge_signature::{KeyErrorKind, PublicKey, VerifyErrorKind, merchant::Signer};

use crate::support::{SIGNER, T0, at, caller, filled, rng, server};

/// A scratch folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether the command is there; says so when it is not.
fn openssl_is_missing() -> bool {
    let missing = Command::new("openssl").arg("version").output().is_err();
    if missing {
        eprintln!("skipped: there is no openssl command");
    }
    missing
}

#[track_caller]
fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn accepts_a_challenge_signed_by_openssl() {
    if openssl_is_missing() {
        return;
    }
    for bits in ["2048", "3072", "4096"] {
        let folder = Folder::new(&format!("signed-by-openssl-{bits}"));
        let private = folder.path("key.pem");
        let option = format!("rsa_keygen_bits:{bits}");
        openssl(&["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", &option, "-out", &private], &[]);
        let pem = |arguments: &[&str]| String::from_utf8(openssl(arguments, &[])).unwrap();
        let spki = PublicKey::from_pem(&pem(&["pkey", "-in", &private, "-pubout"])).unwrap();
        let pkcs1 = PublicKey::from_pem(&pem(&["rsa", "-in", &private, "-RSAPublicKey_out"])).unwrap();
        assert_eq!(spki, pkcs1);
        assert_eq!(spki.modulus_bits().to_string(), bits);

        let challenge = server().issue(&caller(), at(T0), filled(3)).unwrap();
        let sign = |arguments: &[&str]| {
            let common = ["dgst", "-sha256", "-sign", &private];
            BASE64_STANDARD.encode(openssl(&[&common, arguments].concat(), challenge.as_str().as_bytes()))
        };
        let keys = spki.into();
        let check = |signature: &str| server().check(challenge.as_str(), signature, &caller(), &keys, at(T0));
        assert!(check(&sign(&[])).is_ok(), "{bits} bits");
        let pss = sign(&["-sigopt", "rsa_padding_mode:pss"]);
        assert_eq!(check(&pss).unwrap_err().kind(), VerifyErrorKind::NoMatch, "{bits} bits, PSS");

        // Our own signer with openssl's key makes the same bytes: the scheme has no randomness.
        let signer = Signer::from_pkcs8_pem(&fs::read_to_string(&private).unwrap()).unwrap();
        assert_eq!(signer.sign(challenge.as_str(), &rng()).unwrap(), sign(&[]), "{bits} bits");
    }
}

#[test]
fn openssl_verifies_our_signature() {
    if openssl_is_missing() {
        return;
    }
    let folder = Folder::new("verified-by-openssl");
    let challenge = server().issue(&caller(), at(T0), filled(4)).unwrap();
    let signature = BASE64_STANDARD.decode(SIGNER.sign(challenge.as_str(), &rng()).unwrap()).unwrap();
    fs::write(folder.path("public.pem"), SIGNER.public_key().to_spki_pem()).unwrap();
    fs::write(folder.path("signature"), signature).unwrap();
    let (public, signature) = (folder.path("public.pem"), folder.path("signature"));
    let arguments = ["dgst", "-sha256", "-verify", &public, "-signature", &signature];
    assert_eq!(openssl(&arguments, challenge.as_str().as_bytes()), b"Verified OK\n");
}

#[test]
fn refuses_openssl_keys_that_are_not_for_registration() {
    if openssl_is_missing() {
        return;
    }
    let folder = Folder::new("refused-from-openssl");
    let private = folder.path("key.pem");
    let refused = |text: Vec<u8>| PublicKey::from_pem(&String::from_utf8(text).unwrap()).unwrap_err().kind();

    openssl(&["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &private], &[]);
    assert_eq!(refused(fs::read(&private).unwrap()), KeyErrorKind::PrivateKey);
    assert_eq!(refused(openssl(&["rsa", "-in", &private, "-traditional"], &[])), KeyErrorKind::PrivateKey);
    let certificate = openssl(&["req", "-x509", "-key", &private, "-subj", "/CN=merchant.test"], &[]);
    assert_eq!(refused(certificate), KeyErrorKind::Certificate);

    for (label, options, kind) in [
        ("1024 bits", ["RSA", "rsa_keygen_bits:1024"], KeyErrorKind::ModulusTooSmall),
        ("exponent 3", ["RSA", "rsa_keygen_pubexp:3"], KeyErrorKind::Exponent),
        ("P-256", ["EC", "ec_paramgen_curve:P-256"], KeyErrorKind::UnsupportedAlgorithm),
        ("RSA-PSS", ["RSA-PSS", "rsa_keygen_bits:2048"], KeyErrorKind::UnsupportedAlgorithm),
    ] {
        let [algorithm, option] = options;
        openssl(&["genpkey", "-quiet", "-algorithm", algorithm, "-pkeyopt", option, "-out", &private], &[]);
        assert_eq!(refused(openssl(&["pkey", "-in", &private, "-pubout"], &[])), kind, "{label}");
    }
}
