//! What the doctor says.

use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use tollgate_apikey::{KeyId, Mode};

use super::Fault;

/// What was recognised and what is wrong with it, in the order of the input.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    seen: Vec<Seen>,
    findings: Vec<Finding>,
    notes: Vec<Finding>,
}

/// One thing that is wrong, with the place where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    fault: Fault,
    place: Place,
    detail: Option<String>,
}

/// Where something stands in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    part: Part,
    line: Option<usize>,
}

/// The parts of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The body of a request.
    Body,
    /// A header of the closed list of names that the doctor knows.
    Header(&'static str),
    /// The whole input.
    Input,
    /// The method or target.
    RequestLine,
}

/// A credential that was recognised, shown by its public parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub(super) place: Place,
    pub(super) kind: SeenKind,
    pub(super) mode: Option<Mode>,
    pub(super) prefix: Option<&'static str>,
    pub(super) id: Option<KeyId>,
    pub(super) last_four: Option<String>,
}

macro_rules! kinds {
    ($($name:ident $text:literal)*) => {
        /// What a recognised credential is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum SeenKind {
            $(#[doc = $text] $name,)*
        }

        impl SeenKind {
            /// The name for people.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    AlternativeAccess "Alternative access token"
    AlternativeCheckout "Alternative checkout token"
    CaiboCheckout "Caibo checkout token"
    CaiboKey "Caibo key"
    CardPlusPayKey "CardPlusPay key"
    Challenge "challenge"
    ClientId "OAuth client id"
    ClientSecret "OAuth client secret"
    EightyEightPayKey "88Pay key"
    EightyEightPaySession "88Pay access token"
    ForeignPair "imported client pair"
    MerchantId "merchant id"
    OtherToken "token of no known kind"
    PanelLogin "panel login token"
    Person "panel user and password"
    PledgAccess "Pledg access token"
    PledgRequest "Pledg signed request"
    SessionId "88Pay session id"
    WebhookDelivery "webhook delivery"
    WebhookSecret "webhook secret"
}

impl Report {
    /// The credentials that were recognised.
    #[must_use]
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// What is wrong.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What was not judged, or is wrong only under some settings of the account.
    #[must_use]
    pub fn notes(&self) -> &[Finding] {
        &self.notes
    }

    /// Adds a finding once.
    pub fn add(&mut self, fault: Fault, place: Place) {
        self.push(Finding { fault, place, detail: None });
    }

    pub(super) fn add_with(&mut self, fault: Fault, place: Place, detail: String) {
        self.push(Finding { fault, place, detail: Some(detail) });
    }

    pub(super) fn note(&mut self, fault: Fault, place: Place) {
        self.notes.push(Finding { fault, place, detail: None });
    }

    pub(super) fn see(&mut self, seen: Seen) {
        self.seen.push(seen);
    }

    fn push(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

impl Finding {
    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// Where.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }
}

impl Place {
    /// The whole input.
    pub const INPUT: Self = Self { part: Part::Input, line: None };

    /// The method or target of a request.
    pub const REQUEST_LINE: Self = Self { part: Part::RequestLine, line: None };

    pub(super) fn at(part: Part, line: Option<usize>) -> Self {
        Self { part, line }
    }
}

impl Seen {
    pub(super) fn new(kind: SeenKind, place: Place) -> Self {
        Self { place, kind, mode: None, prefix: None, id: None, last_four: None }
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> SeenKind {
        self.kind
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Its public id, when that can be told from the secret with certainty.
    #[must_use]
    pub fn id(&self) -> Option<KeyId> {
        self.id
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for seen in &self.seen {
            writeln!(f, "seen   {seen}")?;
        }
        for finding in &self.findings {
            writeln!(f, "found  {finding}")?;
        }
        for note in &self.notes {
            writeln!(f, "note   {note}")?;
        }
        match self.findings.len() {
            0 => write!(f, "nothing found"),
            1 => write!(f, "1 finding"),
            n => write!(f, "{n} findings"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {}", self.fault.code(), self.place)?;
        write!(f, "       {}", self.fault.says())?;
        if let Some(detail) = &self.detail {
            write!(f, " {detail}")?;
        }
        write!(f, "\n       {}", self.fault.advice())
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind.as_str())?;
        if let Some(mode) = self.mode {
            write!(f, ", {mode}")?;
        }
        if let Some(prefix) = self.prefix {
            write!(f, ", {prefix}{}…", self.id.as_ref().map_or("", KeyId::as_str))?;
        }
        if let Some(last_four) = &self.last_four {
            write!(f, "{last_four}")?;
        }
        write!(f, ", {}", self.place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Body => f.write_str("in the body")?,
            Part::Header(name) => write!(f, "in {name}")?,
            Part::Input => f.write_str("in the input")?,
            Part::RequestLine => f.write_str("in the request line")?,
        }
        match self.line {
            Some(line) => write!(f, ", line {line}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("Place", 3)?;
        let (part, header) = match self.part {
            Part::Body => ("body", None),
            Part::Header(name) => ("header", Some(name)),
            Part::Input => ("input", None),
            Part::RequestLine => ("request_line", None),
        };
        members.serialize_field("part", part)?;
        members.serialize_field("header", &header)?;
        members.serialize_field("line", &self.line)?;
        members.end()
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("Finding", 5)?;
        members.serialize_field("code", self.fault.code())?;
        members.serialize_field("place", &self.place)?;
        members.serialize_field("says", self.fault.says())?;
        members.serialize_field("detail", &self.detail)?;
        members.serialize_field("advice", self.fault.advice())?;
        members.end()
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("Seen", 6)?;
        members.serialize_field("kind", self.kind.as_str())?;
        members.serialize_field("place", &self.place)?;
        members.serialize_field("mode", &self.mode.map(Mode::as_str))?;
        members.serialize_field("prefix", &self.prefix)?;
        members.serialize_field("id", &self.id.as_ref().map(KeyId::as_str))?;
        members.serialize_field("last_four", &self.last_four)?;
        members.end()
    }
}
