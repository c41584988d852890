//! One pass for one challenge, whichever nodes are asked.

use std::sync::Barrier;

use super::{Cluster, client};
use crate::storage::redis_options;

#[test]
fn of_a_thousand_parallel_uses_over_three_nodes_one_passes() {
    const USES: usize = 1000;
    let Some(redis) = redis_options() else { return };
    let Some(cluster) = Cluster::on_shared(&redis) else { return };
    let answer = cluster.shop.challenge(&cluster.nodes[0].wire).unwrap();
    let start = Barrier::new(USES);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let uses: Vec<_> = (0..USES)
            .map(|n| {
                let (wire, shop, answer, start) = (&cluster.nodes[n % 3].wire, &cluster.shop, &answer, &start);
                let builder = std::thread::Builder::new().stack_size(256 * 1024);
                let use_it = move || {
                    let address = client();
                    start.wait();
                    shop.redeem_from(wire, answer, &[("x-forwarded-for", &address)]).unwrap().status
                };
                builder.spawn_scoped(scope, use_it).unwrap()
            })
            .collect();
        uses.into_iter().map(|using| using.join().unwrap()).collect()
    });
    let count = |status: u16| statuses.iter().filter(|given| **given == status).count();
    assert_eq!((count(200), count(401)), (1, USES - 1), "{statuses:?}");
    cluster.stop();
}
