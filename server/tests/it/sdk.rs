//! The browser module: how it is served, how small it is, and its own tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::interop::present;
use super::world::{Answer, Call, SANDBOX, world};

const STABLE: &str = "/sdk/v1/tollgate-checkout.js";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/browser")
}

#[track_caller]
fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

#[track_caller]
fn is_the_module(answer: &Answer, cache_control: &str) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), read("tollgate-checkout.js"));
    assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some(cache_control));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn the_module_is_served_at_a_stable_and_at_an_unchanging_address() {
    let world = world().await;
    is_the_module(&world.send(Call::get(STABLE)).await, "public, max-age=300");
    let manifest = world.send(Call::get("/sdk/v1/manifest.json")).await;
    assert_eq!(manifest.header("access-control-allow-origin"), None, "the script file only");
    let manifest = manifest.json();
    let path = manifest["url"].as_str().unwrap().strip_prefix(SANDBOX).unwrap();
    is_the_module(&world.send(Call::get(path)).await, "public, max-age=31536000, immutable");
    assert_eq!(manifest["stable_url"], format!("{SANDBOX}{STABLE}"));
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn the_manifest_names_the_integrity_of_what_is_served() {
    use base64::Engine;
    let world = world().await;
    let manifest = world.send(Call::get("/sdk/v1/manifest.json")).await.json();
    let served = world.send(Call::get(STABLE)).await.body;
    let digest = ring::digest::digest(&ring::digest::SHA384, &served);
    let expected = format!("sha384-{}", base64::engine::general_purpose::STANDARD.encode(digest));
    assert_eq!(manifest["integrity"], expected);
}

#[tokio::test]
async fn a_browser_that_has_the_module_is_told_so() {
    let world = world().await;
    let tag = world.send(Call::get(STABLE)).await.header("etag").unwrap().to_owned();
    for (label, sent, status) in [
        ("the tag", tag.clone(), 304),
        ("weakened by a proxy", format!("W/{tag}"), 304),
        ("among others", format!("\"x\", {tag}"), 304),
        ("another tag", "\"x\"".to_owned(), 200),
    ] {
        let answer = world.send(Call::get(STABLE).header("if-none-match", sent)).await;
        assert_eq!(answer.status, status, "{label}");
        assert_eq!(answer.body.is_empty(), status == 304, "{label}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{label}");
    }
}

#[tokio::test]
async fn the_addresses_belong_to_no_dialect() {
    let world = world().await;
    for path in
        ["/sdk/v1/other.js", "/sdk/v1/tollgate-checkout.0123456789abcdef0123.js", "/sdk/v2/tollgate-checkout.js"]
    {
        let answer = world.send(Call::get(path)).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (404, Some("not_found")), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
    let answer = world.send(Call::post(STABLE)).await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (405, Some("method_not_allowed")));
}

#[test]
fn the_package_describes_the_module_it_holds() {
    let package: Value = serde_json::from_str(&read("package.json")).unwrap();
    assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(package["license"], "MIT OR Apache-2.0");
    assert!(package.get("dependencies").is_none() && package.get("devDependencies").is_none());
    for name in package["files"].as_array().unwrap() {
        assert!(folder().join(name.as_str().unwrap()).is_file(), "{name}");
    }
    let module = read("tollgate-checkout.js");
    assert!(module.starts_with(concat!("// tollgate-checkout ", env!("CARGO_PKG_VERSION"), " | MIT OR Apache-2.0\n")));
    let types = read("tollgate-checkout.d.ts");
    for exported in module.lines().filter_map(|line| line.strip_prefix("export ")) {
        let name = exported.split(['(', ' ']).nth(1).unwrap();
        assert!(types.contains(&format!(" {name}")), "{name} has no declaration");
    }
}

#[test]
fn the_package_packs_what_it_lists() {
    if !present("npm", Command::new("npm").arg("--version")) {
        return;
    }
    let pack = Command::new("npm").args(["pack", "--dry-run", "--json"]).current_dir(folder()).output().unwrap();
    let packed: Value = serde_json::from_slice(&pack.stdout).unwrap();
    let mut names: Vec<_> =
        packed[0]["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
    names.sort_unstable();
    let expected = [
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "package.json",
        "tollgate-checkout.d.ts",
        "tollgate-checkout.js",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_module_writes_to_no_storage_and_to_no_console() {
    let module = read("tollgate-checkout.js");
    for word in ["localStorage", "sessionStorage", "indexedDB", "cookie", "console.", "eval", "innerHTML", "import "] {
        let found = module.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
        assert!(!found, "{word}");
    }
}

#[test]
fn the_module_is_smaller_than_six_kilobytes_on_the_wire() {
    if !present("node", Command::new("node").arg("--version")) {
        return;
    }
    let program =
        "console.log(require('zlib').gzipSync(require('fs').readFileSync(process.argv[1]), { level: 9 }).length)";
    let output =
        Command::new("node").args(["-e", program]).arg(folder().join("tollgate-checkout.js")).output().unwrap();
    let size: usize = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    assert!((1..6_000).contains(&size), "{size} bytes");
}

#[test]
fn the_modules_own_tests_pass() {
    if !present("node", Command::new("node").arg("--version")) {
        return;
    }
    let output = Command::new("node").arg("--test").current_dir(folder()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let passed = text.lines().find_map(|line| line.strip_prefix("# pass ")).and_then(|count| count.parse().ok());
    assert!(passed.is_some_and(|count: u32| count >= 31), "{text}");
}
