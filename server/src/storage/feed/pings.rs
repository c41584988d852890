//! Pings that are under way.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use super::lock;
use crate::clock::Moment;

/// The pings of one connection that did not come back yet, and when something came back last.
#[derive(Debug)]
pub(super) struct Pings(Mutex<UnderWay>);

#[derive(Debug)]
struct UnderWay {
    sent: VecDeque<(u64, Moment)>,
    heard: Moment,
}

impl Pings {
    /// Pings remembered at a time; beyond, the oldest counts as lost.
    const MOST: usize = 256;

    pub(super) fn new(now: Moment) -> Self {
        Self(Mutex::new(UnderWay { sent: VecDeque::new(), heard: now }))
    }

    /// Notes the moment before a ping is sent.
    pub(super) fn send(&self, number: u64, now: Moment) {
        let mut under_way = lock(&self.0);
        under_way.sent.push_back((number, now));
        if under_way.sent.len() > Self::MOST {
            under_way.sent.pop_front();
        }
    }

    /// When the ping that came back was sent; `None` for one of another connection, or that a later one overtook.
    pub(super) fn came_back(&self, number: u64, now: Moment) -> Option<Moment> {
        let mut under_way = lock(&self.0);
        let place = under_way.sent.iter().position(|(sent, _)| *sent == number)?;
        let (_, at) = under_way.sent.drain(..=place).next_back()?;
        under_way.heard = now;
        Some(at)
    }

    /// Since when nothing came back.
    pub(super) fn silence(&self, now: Moment) -> Duration {
        now.since(lock(&self.0).heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_counts_from_the_moment_before_it_was_sent_and_once() {
        let at = |ms| Moment::FIRST.after(Duration::from_millis(ms));
        let pings = Pings::new(at(5));
        for number in 1..=3 {
            pings.send(number, at(10 * number));
        }
        assert_eq!(pings.came_back(9, at(40)), None, "of another connection");
        assert_eq!(pings.silence(at(40)), Duration::from_millis(35));
        assert_eq!(pings.came_back(2, at(41)), Some(at(20)));
        assert_eq!(pings.came_back(1, at(42)), None, "overtaken");
        assert_eq!(pings.came_back(2, at(42)), None, "seen");
        assert_eq!(pings.silence(at(42)), Duration::from_millis(1));
        assert_eq!(pings.came_back(3, at(43)), Some(at(30)));
    }
}
