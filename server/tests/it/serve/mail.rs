//! Mail of the real binary.

use super::{House, TERMINATOR, config};
use crate::mail::receiver::{Manners, Receiver};
use crate::mail::wire::ask_for_a_link;

fn configuration(receiver: &Receiver) -> String {
    let more = format!(
        "[panel]\nenabled = true\n[mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"tollgate@pay.example\"\n",
        receiver.server().port
    );
    config("test", TERMINATOR, &more)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_for_before_a_stop_is_sent_before_the_end_or_after_the_next_start() {
    let receiver = Receiver::plain(Manners::default()).await;
    let house = House::new();
    let serve = house.start(&configuration(&receiver));
    ask_for_a_link(|request| serve.raw(request), house.text("/panel/email"));
    assert_eq!(serve.stop(), Some(0));
    assert_eq!(receiver.letters().len(), 1, "an orderly stop waits for what was begun");

    let busy = Receiver::plain(Manners { recipient: "421 not now", ..Manners::default() }).await;
    let mut serve = house.start(&configuration(&busy));
    ask_for_a_link(|request| serve.raw(request), house.text("/panel/email"));
    let line = serve.log_line("a message was not sent: it is tried again");
    assert_eq!(
        (line["notice"].as_str(), line["code"].as_u64(), line["attempts"].as_u64()),
        (Some("reset"), Some(421), Some(1))
    );
    assert_eq!(serve.stop(), Some(0));
    assert!(busy.letters().is_empty());
}
