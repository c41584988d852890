//! The published vectors, at the door.

use super::{Bench, INVALID, Pair, expect_signature, send, vector, vector_pair};

#[tokio::test]
async fn the_published_vectors_hold_at_the_door() {
    let bench = Bench::new().await;
    let good = vector_pair();
    let mut table = Vec::new();
    for case in vector("cardpluspay/rsa-signature-refuse")["inputs"]["cases"].as_array().unwrap() {
        // A header cannot hold a line end; a proxy that unfolds makes a blank of it.
        let signature = case["signature"].as_str().unwrap().replace('\n', " ");
        table.push((case["defect"].clone(), Pair { signature, challenge: good.challenge.clone() }));
    }
    for case in vector("cardpluspay/challenge-refuse")["inputs"]["cases"].as_array().unwrap() {
        let challenge = case["challenge"].as_str().unwrap().to_owned();
        table.push((case["defect"].clone(), Pair { challenge, signature: good.signature.clone() }));
    }
    assert_eq!(table.len(), 19);
    for (defect, pair) in table {
        let answer = send(bench.router.clone(), bench.ask(&pair)).await;
        expect_signature(&defect.to_string(), &answer, INVALID);
    }
    let answer = send(bench.router.clone(), bench.ask(&good)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    expect_signature("again", &send(bench.router.clone(), bench.ask(&good)).await, INVALID);
}
