//! `tollgate openapi`: the description of the API, without a server.

use std::io::Write;

use clap::Args;

use super::Failure;
use crate::dialects;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the server is reached, without a slash at the end
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    base_url: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let text = dialects::document(dialects::ALL, &arguments.base_url).to_text();
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Output)
}
