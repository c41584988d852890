use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::authorization::Authorization;
use crate::carrier::{Carrier, Scheme};
use crate::error::ShapeError;
use crate::key_text::KeyText;
use crate::presented::Presented;
use crate::single::single;

/// The credential places of one route, read to at most one credential.
///
/// Headers that no carrier names are not looked at. A present but malformed credential is
/// [`Malformed`](Presented::Malformed) and never makes room for another one.
#[derive(Debug, Clone)]
pub struct Reader {
    sources: Vec<Source>,
    both: Both,
}

impl Reader {
    /// A route that takes exactly one of the carriers; two that are present at once are refused.
    ///
    /// Without a carrier nothing is ever presented. Two schemes of `Authorization` share one header, which can hold
    /// one of them.
    #[must_use]
    pub fn new(carriers: &[Carrier]) -> Self {
        Self { sources: sources(carriers), both: Both::Refused }
    }

    /// A route that takes two carriers of which the first wins when both are present.
    ///
    /// The first wins also when it is malformed; the second then counts for nothing, but may not be repeated either.
    #[must_use]
    pub fn with_precedence(first: Carrier, second: Carrier) -> Self {
        Self { sources: sources(&[first, second]), both: Both::FirstWins }
    }

    /// Reads the one credential the request presents.
    ///
    /// An `Authorization` header of a scheme the route does not name is no credential.
    ///
    /// # Errors
    ///
    /// [`Repeated`](crate::ShapeErrorKind::Repeated) when a header of a carrier comes twice, checked before all else;
    /// [`Several`](crate::ShapeErrorKind::Several) when more than one carrier is present, well formed or not, and no
    /// precedence was stated.
    pub fn read<'h>(&self, headers: &'h HeaderMap) -> Result<Presented<'h>, ShapeError> {
        let mut presented = Presented::None;
        let mut several = false;
        for source in &self.sources {
            let Some(value) = single(headers, source.header())? else {
                continue;
            };
            match (&presented, source.read(value)) {
                (_, Presented::None) => {}
                (Presented::None, found) => presented = found,
                (_, _) => several = true,
            }
        }
        match self.both {
            Both::Refused if several => Err(ShapeError::several()),
            Both::Refused | Both::FirstWins => Ok(presented),
        }
    }
}

/// What two credentials at once mean.
#[derive(Debug, Clone, Copy)]
enum Both {
    Refused,
    FirstWins,
}

/// One header and how it is read; no two sources of a reader are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Key(HeaderName),
    Authorization(Vec<Scheme>),
}

impl Source {
    fn header(&self) -> &HeaderName {
        match self {
            Self::Key(header) => header,
            Self::Authorization(_) => &AUTHORIZATION,
        }
    }

    fn read<'h>(&self, value: &'h HeaderValue) -> Presented<'h> {
        match self {
            Self::Key(header) => match KeyText::parse(value) {
                Ok(text) => Presented::Key { header: header.clone(), text },
                Err(_) => Presented::Malformed,
            },
            Self::Authorization(schemes) => match Authorization::parse(value) {
                Ok(Authorization::Basic(token)) if schemes.contains(&Scheme::Basic) => Presented::Basic(token),
                Ok(Authorization::Bearer(token)) if schemes.contains(&Scheme::Bearer) => Presented::Bearer(token),
                Ok(Authorization::Basic(_) | Authorization::Bearer(_) | Authorization::Other) => Presented::None,
                Err(_) => Presented::Malformed,
            },
        }
    }
}

fn sources(carriers: &[Carrier]) -> Vec<Source> {
    let mut sources = Vec::with_capacity(carriers.len());
    for carrier in carriers {
        let source = match carrier {
            Carrier::ApiKeyHeader(header) => Source::Key(header.clone()),
            Carrier::Authorization(_) => Source::Authorization(schemes(carriers)),
        };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}

fn schemes(carriers: &[Carrier]) -> Vec<Scheme> {
    carriers
        .iter()
        .filter_map(|carrier| match carrier {
            Carrier::Authorization(scheme) => Some(*scheme),
            Carrier::ApiKeyHeader(_) => None,
        })
        .collect()
}
