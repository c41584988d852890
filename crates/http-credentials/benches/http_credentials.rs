//! Reading credential headers, beside the base64 decoding that no reader of Basic can do without.

use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use tollgate_http_credentials::http::{HeaderMap, HeaderName, HeaderValue};
use tollgate_http_credentials::{Authorization, BasicToken, Carrier, Presented, Reader, Scheme};

const PAIR: &str =
    "client_test_Uv2Wx4Yz6Ab83ujbGm:client_secret_test_Uv2Wx4Yz6Ab80123456789abcdef0123456789abcdef3ujbGm";
const FORM_PAIR: &str = "client%5Ftest:p%40ss+word%2B0123456789abcdef0123456789abcdef%2F%3D%26";

fn basic(criterion: &mut Criterion) {
    let text = STANDARD.encode(PAIR);
    let value = header(&format!("Basic {text}"));
    let form = header(&format!("Basic {}", STANDARD.encode(FORM_PAIR)));
    let refused = header(&format!("Basic {}", STANDARD.encode(PAIR.replace(':', "%"))));
    let mut group = criterion.benchmark_group("basic");
    group.bench_function("raw base64", |b| {
        let mut buffer = [0; 256];
        b.iter(|| STANDARD.decode_slice(black_box(&text), &mut buffer).map(|len| buffer.get(..len).map(<[u8]>::len)));
    });
    group.bench_function("parse", |b| b.iter(|| Authorization::parse(black_box(&value)).is_ok()));
    group.bench_function("client hit", |b| {
        b.iter(|| with_basic(black_box(&value), |token| token.decode_client().is_ok()));
    });
    group.bench_function("client hit, escaped", |b| {
        b.iter(|| with_basic(black_box(&form), |token| token.decode_client().is_ok()));
    });
    group.bench_function("user hit", |b| {
        b.iter(|| with_basic(black_box(&value), |token| token.decode_user().is_ok()));
    });
    group.bench_function("client miss", |b| {
        b.iter(|| with_basic(black_box(&refused), |token| token.decode_client().is_ok()));
    });
    group.finish();
}

fn route(criterion: &mut Criterion) {
    let key = HeaderName::from_static("x-api-key");
    let token = HeaderName::from_static("x-checkout-token");
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("api.example"));
    headers.insert("accept", HeaderValue::from_static("application/json"));
    headers.insert("user-agent", HeaderValue::from_static("example/1"));
    headers.insert(&key, HeaderValue::from_static("caibo_test_sk_Uv2Wx4Yz6Ab80123456789abcdef0123456789abcdef3ujbGm"));
    let one = Reader::new(&[Carrier::ApiKeyHeader(key.clone())]);
    let pair = Reader::with_precedence(Carrier::ApiKeyHeader(token), Carrier::ApiKeyHeader(key.clone()));
    let bearer = Reader::new(&[Carrier::Authorization(Scheme::Bearer)]);
    let mut group = criterion.benchmark_group("route");
    group.bench_function("raw look-up", |b| b.iter(|| black_box(&headers).get(&key).is_some()));
    group.bench_function("key", |b| b.iter(|| found(&one, black_box(&headers))));
    group.bench_function("token before key", |b| b.iter(|| found(&pair, black_box(&headers))));
    group.bench_function("bearer, absent", |b| b.iter(|| found(&bearer, black_box(&headers))));
    group.finish();
}

fn found(reader: &Reader, headers: &HeaderMap) -> bool {
    reader.read(headers).is_ok_and(|presented| !matches!(presented, Presented::None))
}

fn with_basic(value: &HeaderValue, f: impl FnOnce(&BasicToken<'_>) -> bool) -> bool {
    match Authorization::parse(value) {
        Ok(Authorization::Basic(token)) => f(&token),
        _ => false,
    }
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("visible ASCII")
}

criterion_group!(benches, basic, route);
criterion_main!(benches);
