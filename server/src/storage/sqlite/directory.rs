//! wip

impl crate::storage::Directory for super::Sqlite {}
