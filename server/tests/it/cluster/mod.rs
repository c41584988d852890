//! Three servers, as an operator runs them, on one PostgreSQL and one Redis: what one of them decides holds on the others,
//! and what fails around them makes nothing wrong.
//!
//! `TOLLGATE_CLUSTER_ROUNDS` says how many revocations; 500 unless said.

mod nodes;
mod outages;
mod revocation;
mod rolling;
mod servers;
mod single_use;

use nodes::{Cluster, Node, client, dead, issue, whoami};
use servers::{Postgres, Redis};
