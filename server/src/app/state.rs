//! What every handler is given.

use std::ops::Deref;
use std::sync::Arc;

use super::{Listener, Services};

/// The state of a request: the services all listeners share, and this listener.
#[derive(Clone)]
pub struct App(Arc<Handles>);

/// What an [`App`] leads to.
pub struct Handles {
    /// Shared by all listeners.
    pub services: Arc<Services>,
    /// Where the request came in.
    pub listener: Arc<Listener>,
}

impl App {
    /// What requests to this listener reach.
    #[must_use]
    pub fn new(services: Arc<Services>, listener: Arc<Listener>) -> Self {
        Self(Arc::new(Handles { services, listener }))
    }

    /// The same with clones counted on their own. Each request takes one: those of one connection are counted together, and
    /// those of others elsewhere, so that cores do not contend for one count.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(self.services.clone(), self.listener.clone())
    }
}

impl Deref for App {
    type Target = Handles;

    fn deref(&self) -> &Handles {
        &self.0
    }
}
