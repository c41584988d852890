//! What addresses of pages name: a record, and a place in a list.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use tollgate_apikey::KeyId;

use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::transport::Form;

/// The id in the path; whose it is, is not known yet.
pub(super) struct Named(pub(super) KeyId);

/// The text in the path.
pub(super) struct Word(pub(super) String);

/// The id in the query behind which a list goes on; whose it is, is not known yet.
pub(super) struct Behind(pub(super) Option<KeyId>);

impl FromRequestParts<App> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Word(text) = Word::from_request_parts(parts, app).await?;
        KeyId::parse(&text).map(Self).map_err(|_| Refusal::new(Reason::NotFound))
    }
}

impl FromRequestParts<App> for Word {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let text = Path::<String>::from_request_parts(parts, app).await;
        text.map(|Path(text)| Self(text)).map_err(|_| Refusal::new(Reason::NotFound))
    }
}

impl FromRequestParts<App> for Behind {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let query = Form::from_query(parts.uri.query().unwrap_or_default())?;
        let after = query.iter().find(|(name, _)| *name == "after").map(|(_, value)| KeyId::parse(value));
        after.transpose().map(Self).map_err(|_| Refusal::new(Reason::NotFound))
    }
}
