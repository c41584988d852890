//! Limits, paths, and a database that does not answer.

use serde_json::json;
use tollgate::account::ClientDialect;
use tollgate_apikey::Mode;

use super::{LINK, SECURED, TOKEN, client, credentials, demo, link, payload, release, signed};
use crate::world::{Call, world};

#[tokio::test]
async fn each_way_in_has_its_own_limit() {
    let world = world().await;
    let pair = demo(&world);
    let second = client(&world, &world.merchant_id(), ClientDialect::Pledg, Mode::Test).await;
    let (email, password) = credentials(&world);
    let uid = world.text("/pledg/purchase_uid");
    let request = signed(&world, &payload(&world));
    let calls: [(&str, &dyn Fn() -> Call); 3] =
        [("token", &|| pair.ask()), ("dashboard", &|| release(&uid, &email, &password)), ("link", &|| link(&request))];
    let limited = json!({ "error": "rate_limited", "error_description": "Too many requests." });
    for (label, call) in calls {
        for n in 0..60 {
            assert_eq!(world.send(call()).await.status, 200, "{label} {n}");
        }
        let answer = world.send(call()).await;
        answer.expect(label, 429, &limited);
        assert_eq!(answer.header("retry-after"), Some("60"), "{label}");
    }
    assert_eq!(world.send(second.ask()).await.status, 200, "another client has its own");
    world.advance(60);
    for (label, call) in calls {
        assert_eq!(world.send(call()).await.status, 200, "{label}");
    }
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_refused_before_the_credential() {
    let world = world().await;
    let (missing, method) = (
        json!({ "error": "not_found", "error_description": "Not found." }),
        json!({ "error": "method_not_allowed", "error_description": "Method not allowed." }),
    );
    for path in ["/api/purchases/", "/api/purchases/pur_1", "/api/purchases/pur_1/refund", "/api/purchases/a/b/release"]
    {
        world.send(Call::post(path)).await.expect(path, 404, &missing);
    }
    let table = [
        ("GET", TOKEN, "POST"),
        ("POST", SECURED, "GET,HEAD"),
        ("GET", "/api/purchases/pur_1/release", "POST"),
        ("PUT", "/api/purchases/pur_1/credit_by_transfer", "POST"),
        ("GET", LINK, "POST"),
        ("GET", "/api/purchase_link/", "POST"),
    ];
    for (verb, path, allow) in table {
        let answer = world.send(Call::method(verb, path)).await;
        answer.expect(path, 405, &method);
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    for path in ["/api/token/", "/api/a_secured_endpoint/", "/api/purchase_links"] {
        assert_eq!(world.send(Call::post(path)).await.json()["code"], "not_found", "{path} is nobody's");
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_said_and_nothing_passes() {
    let world = world().await;
    let (email, password) = credentials(&world);
    let request = signed(&world, &payload(&world));
    world.services.close().await;
    let body = json!({ "error": "temporarily_unavailable", "error_description": "Try again later." });
    let calls = [
        ("token", demo(&world).ask()),
        ("release", release(&world.text("/pledg/purchase_uid"), &email, &password)),
        ("link", link(&request)),
    ];
    for (label, call) in calls {
        let answer = world.send(call).await;
        answer.expect(label, 503, &body);
        assert_eq!(answer.header("retry-after"), Some("1"), "{label}");
    }
}
