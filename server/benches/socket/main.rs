//! What a request costs over a socket: CPU of the real binary, beside a bare axum handler in the same run.
//!
//! `cargo bench -p tollgate-server --bench socket -- [ROUNDS] [SECONDS] [PATH] [CONNECTIONS]`, where PATH is a part of a path's
//! name. The binary runs `dev` with its log, its limits and its durable storage; wall time does not count, so that other work on
//! the machine disturbs less. Where a path needs a signature, the bare handler makes or checks one, too: what a signature costs in
//! a busy server is more than in a loop. Linux only.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and one that fails has failed")]

mod load;
mod process;
mod raw;

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tollgate_challenge_signature::merchant::Signer;

use load::{Load, Request, Round};
use process::Process;

/// A path, and what its cost is compared with.
struct Probe {
    name: &'static str,
    budget: f64,
    /// The path of the bare handler.
    beside: &'static str,
    make: fn(&Sandbox) -> Load,
}

/// The sandbox of a server that runs, and what `dev` printed.
struct Sandbox {
    process: Process,
    printed: Value,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "hello") {
        hello();
        return;
    }
    let number = |place: usize, default: u64| arguments.get(place).map_or(default, |text| text.parse().unwrap());
    let round = Round { seconds: number(1, 2), connections: usize::try_from(number(3, 16)).unwrap() };
    measure(number(0, 5), round, arguments.get(2).map_or("", String::as_str));
}

/// The path of the bare handler, and of those that do one raw operation of ring.
const HELLO: &str = "/";
const SIGN: &str = "/es256-sign";
const VERIFY: &str = "/rsa-2048-verify";

/// The bare handlers, as a program of their own.
fn hello() {
    let (sign, verify) = (raw::es256_sign(), raw::rsa_2048_verify());
    let router = Router::new()
        .route(HELLO, any(|| async { "hello" }))
        .route(
            SIGN,
            any(move || async move {
                sign();
                "hello"
            }),
        )
        .route(
            VERIFY,
            any(move || async move {
                verify();
                "hello"
            }),
        );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        axum::serve(listener, router).await.unwrap();
    });
}

fn measure(rounds: u64, round: Round, path: &str) {
    let Round { seconds, connections } = round;
    let hello = Process::hello();
    let sandbox = Sandbox::start();
    println!("{rounds} rounds of {seconds} s a path, {connections} connections\n");
    println!("| path | CPU a request | bare handler | ratio | aim |");
    println!("|---|---|---|---|---|");
    let probe = |name, budget, beside, make| Probe { name, budget, beside, make };
    let probes = [
        probe("API key check", 1.5, HELLO, Sandbox::api_key),
        probe("checkout token check", 1.5, HELLO, Sandbox::checkout_token),
        probe("session check, token seen before", 1.5, HELLO, Sandbox::session),
        probe("HS256 token issue", 2.0, HELLO, Sandbox::hs256_token),
        probe("challenge issue", 2.0, HELLO, Sandbox::challenge),
        probe("ES256 session issue", 1.3, SIGN, Sandbox::es256_session),
        probe("challenge redeem", 1.5, VERIFY, Sandbox::redeem),
    ];
    for Probe { name, budget, beside, make } in probes.into_iter().filter(|probe| probe.name.contains(path)) {
        let mut taken: Vec<(f64, f64, f64)> = (0..rounds)
            .map(|_| {
                let load = make(&sandbox);
                let ours = sandbox.process.cost(&load, round);
                let bare = hello.cost(&Load::again(Request::get(beside, &[]), 200), round);
                (ours / bare, ours, bare)
            })
            .collect();
        taken.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ratio, ours, bare) = taken[taken.len() / 2];
        println!("| {name} | {ours:.1} µs | {bare:.1} µs, {beside} | {ratio:.2} | {budget} |");
    }
    println!("\nresident: {} MB", sandbox.process.resident_kb() / 1024);
}

impl Sandbox {
    fn start() -> Self {
        let (process, line) = Process::dev();
        let printed: Value = serde_json::from_str(&line).unwrap();
        Self { process: process.at(printed["sandbox"].as_str().unwrap()), printed }
    }

    fn text(&self, pointer: &str) -> &str {
        self.printed.pointer(pointer).and_then(Value::as_str).unwrap()
    }

    fn json(&self, request: &Request) -> Value {
        serde_json::from_slice(&self.process.ask(request)).unwrap()
    }

    fn api_key(&self) -> Load {
        Load::again(Request::get("/auth/whoami", &[("x-api-key", self.text("/caibo/api_key_test"))]), 200)
    }

    /// A payment without a type is refused right after the check.
    fn checkout_token(&self) -> Load {
        let id = &self.printed["caibo"]["payment_request_id"];
        let key = [("x-api-key", self.text("/caibo/api_key_test"))];
        let minted = self.json(&Request::post(&format!("/payment-requests/{id}/checkout-session"), &key, ""));
        let token = [("x-checkout-token", minted["token"].as_str().unwrap())];
        Load::again(Request::post(&format!("/payment-requests/{id}/payments"), &token, ""), 415)
    }

    fn buy(&self) -> Request {
        let key = self.text("/88pay/api_key_test");
        Request::post("/api/auth/token", &[("x-api-key", key), ("x-merchant-id", self.text("/merchant_id_test"))], "")
    }

    fn es256_session(&self) -> Load {
        Load::again(self.buy(), 200)
    }

    /// A pair lives for a minute, so each round buys its own; a charge without a type is refused right after the check.
    fn session(&self) -> Load {
        let pair = self.json(&self.buy());
        let bearer = format!("Bearer {}", pair["data"]["access_token"].as_str().unwrap());
        let session = pair["data"]["session_id"].as_str().unwrap();
        let headers = [("authorization", bearer.as_str()), ("x-session-id", session)];
        Load::again(Request::post("/api/transactions/charges", &headers, ""), 415)
    }

    fn hs256_token(&self) -> Load {
        let pair = format!("{}:{}", self.text("/pledg/key"), self.text("/pledg/secret"));
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let headers = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        Load::again(Request::post("/api/token", &headers, "grant_type=client_credentials"), 200)
    }

    fn ask_challenge(&self) -> Request {
        Request::post("/v1/auth/challenge", &[("x-api-key", self.text("/cardpluspay/signed_api_key"))], "")
    }

    fn challenge(&self) -> Load {
        Load::again(self.ask_challenge(), 200)
    }

    /// Each challenge is answered and used once; answering is the client's work and happens before. An order without a type
    /// is refused right after the check.
    fn redeem(&self) -> Load {
        const CHALLENGES: usize = 2_000;
        let signer = Signer::from_pkcs8_pem(self.text("/cardpluspay/private_key_pem")).unwrap();
        let (key, rng) = (self.text("/cardpluspay/signed_api_key"), raw::system_random());
        let answered = (0..CHALLENGES).map(|_| {
            let issued = self.json(&self.ask_challenge());
            let challenge = issued["data"]["challenge"].as_str().unwrap();
            let signature = signer.sign(challenge, &rng).unwrap();
            let headers = [("x-api-key", key), ("x-api-challenge", challenge), ("x-api-signature", &signature)];
            Request::post("/v1/orders", &headers, "")
        });
        Load::once(answered.collect::<Arc<[_]>>(), 415)
    }
}
