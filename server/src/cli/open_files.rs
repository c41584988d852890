//! How many files the process may have open: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Failure;

/// Files beside the connections of the listeners: the database, the log, metrics, what is read now and then.
const OTHERS: u64 = 100;

/// Raises the limit as far as the system lets this process, and answers it; `None` is no limit.
///
/// The usual limit at a start is 1024, for programs that use `select`; what may be had without asking anybody is more.
pub(super) fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// Refuses listeners that may have this many connections together where the limit could not hold them.
pub(super) fn check(connections: u64, limit: Option<u64>) -> Result<(), Failure> {
    let needed = connections.saturating_add(OTHERS);
    match limit {
        Some(allowed) if allowed < needed => Err(Failure::OpenFiles { needed, allowed }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connections_and_a_hundred_files_must_fit() {
        for (connections, limit, fits) in [
            (2000, Some(2100), true),
            (2000, Some(2099), false),
            (2000, None, true),
            (u64::MAX, Some(u64::MAX), true),
            (1, Some(0), false),
        ] {
            assert_eq!(check(connections, limit).is_ok(), fits, "{connections} of {limit:?}");
        }
    }
}
