//! The list of what a browser token may do.

use time::OffsetDateTime;

use crate::{
    bound_id::BoundId,
    error::{Denied, DeniedKind, TemplateError, TemplateErrorKind},
    grant::Grant,
    permit::Permit,
    raw_path::RawPath,
    template::{Fit, Template},
};

/// Most entries of an allow-list.
pub const MAX_ENTRIES: usize = 64;

/// Methods and path templates that a browser token may use, compiled once at start. What is not listed is denied.
///
/// A template holds fixed segments and at most one parameter, written `{name}`, which is a whole segment and names
/// the object that the grant is bound to. A template without a parameter opens its path to every live grant of this
/// list: right where the object comes from the token alone, wrong for a route that lists objects of others.
///
/// At most one entry can match a request: overlapping templates are refused when the list is compiled.
#[derive(Clone, Debug)]
pub struct AllowList {
    entries: Box<[Entry]>,
}

impl AllowList {
    /// Compiles `(method, template)` pairs.
    ///
    /// ```
    /// use tollgate_checkout_scope::AllowList;
    ///
    /// let list = AllowList::compile(&[
    ///     ("GET", "/payment-requests/{id}"),
    ///     ("POST", "/payment-requests/{id}/payments"),
    /// ])?;
    /// assert!(list.check_routes(&[("GET", "/payment-requests/{id}")]).is_err()); // the second is no route
    /// # Ok::<(), tollgate_checkout_scope::TemplateError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`TemplateErrorKind`] for each rule on a template or on the list, with the index of the entry; the first
    /// one found counts. [`UnknownRoute`](TemplateErrorKind::UnknownRoute) is not among them.
    pub fn compile(entries: &[(&str, &str)]) -> Result<Self, TemplateError> {
        if entries.len() > MAX_ENTRIES {
            return Err(TemplateError::new(TemplateErrorKind::TooManyEntries, MAX_ENTRIES));
        }
        let mut compiled: Vec<Entry> = Vec::with_capacity(entries.len());
        for (index, (method, template)) in entries.iter().enumerate() {
            let entry = Entry::parse(method, template).map_err(|kind| TemplateError::new(kind, index))?;
            if let Some(kind) = compiled.iter().find_map(|earlier| earlier.conflict(&entry)) {
                return Err(TemplateError::new(kind, index));
            }
            compiled.push(entry);
        }
        Ok(Self { entries: compiled.into() })
    }

    /// Checks that every entry is one of the application's `(method, template)` routes, letter for letter, so that a
    /// typing error or a removed route stops the start and not a payment.
    ///
    /// # Errors
    ///
    /// [`UnknownRoute`](TemplateErrorKind::UnknownRoute) with the index of the first entry that is no route.
    pub fn check_routes(&self, routes: &[(&str, &str)]) -> Result<(), TemplateError> {
        match self.entries.iter().position(|entry| !routes.iter().any(|route| entry.is_route(*route))) {
            Some(index) => Err(TemplateError::new(TemplateErrorKind::UnknownRoute, index)),
            None => Ok(()),
        }
    }

    /// Decides on one request before anything is looked up: the raw path, then the grant's life, then the list, then
    /// the object.
    ///
    /// `path` is the path of the request line, not decoded and without the query. `HEAD` counts as `GET`; other
    /// methods are compared letter for letter.
    ///
    /// # Errors
    ///
    /// [`AmbiguousPath`](DeniedKind::AmbiguousPath) as [`RawPath::check`] decides,
    /// [`Expired`](DeniedKind::Expired) at or after the grant's end, [`NotAllowed`](DeniedKind::NotAllowed) for what
    /// is not listed, [`OtherObject`](DeniedKind::OtherObject) when the path names another object.
    pub fn permit<O: BoundId + Clone>(
        &self,
        grant: &Grant<O>,
        method: &str,
        path: &str,
        now: OffsetDateTime,
    ) -> Result<Permit<O>, Denied> {
        self.decide(grant, method, path, |_| true, now)
    }

    /// Decides as [`permit`](Self::permit) does, and denies unless the router chose the same template.
    ///
    /// `routed` is the template that the router matched. Prefer this where the router tells it: a fixed route that
    /// shadows a parameter (`/orders/latest` beside `/orders/{id}`) is then never reached with the other's permit.
    ///
    /// # Errors
    ///
    /// As [`permit`](Self::permit); [`NotAllowed`](DeniedKind::NotAllowed) also when the templates differ.
    pub fn permit_routed<O: BoundId + Clone>(
        &self,
        grant: &Grant<O>,
        method: &str,
        path: &str,
        routed: &str,
        now: OffsetDateTime,
    ) -> Result<Permit<O>, Denied> {
        self.decide(grant, method, path, |template| **template.text() == *routed, now)
    }

    fn decide<O: BoundId + Clone>(
        &self,
        grant: &Grant<O>,
        method: &str,
        path: &str,
        routed: impl Fn(&Template) -> bool,
        now: OffsetDateTime,
    ) -> Result<Permit<O>, Denied> {
        let path = RawPath::check(path).map_err(|_| DeniedKind::AmbiguousPath)?;
        if !grant.is_live(now) {
            return Err(DeniedKind::Expired.into());
        }
        let (template, fit) = self.find(method, path).ok_or(DeniedKind::NotAllowed)?;
        if !routed(template) {
            return Err(DeniedKind::NotAllowed.into());
        }
        match fit {
            Fit::Bound(segment) if !names(grant.object(), segment) => Err(DeniedKind::OtherObject.into()),
            Fit::Bound(_) | Fit::Whole => Ok(Permit::new(grant, template)),
        }
    }

    fn find<'p>(&self, method: &str, path: RawPath<'p>) -> Option<(&Template, Fit<'p>)> {
        let method = Method::of_request(method)?;
        let mut entries = self.entries.iter().filter(|entry| entry.method == method);
        entries.find_map(|entry| Some((&entry.template, entry.template.fit(path)?)))
    }
}

/// A segment with an escape has a second spelling, so it is nobody's canonical id.
fn names<O: BoundId>(object: &O, segment: &str) -> bool {
    !segment.contains('%') && object.matches(segment)
}

#[derive(Clone, Debug)]
struct Entry {
    method: Method,
    template: Template,
}

impl Entry {
    fn parse(method: &str, template: &str) -> Result<Self, TemplateErrorKind> {
        let method = Method::of_template(method).ok_or(TemplateErrorKind::Method)?;
        Ok(Self { method, template: Template::parse(template)? })
    }

    fn conflict(&self, later: &Self) -> Option<TemplateErrorKind> {
        if self.method != later.method || !self.template.overlaps(&later.template) {
            None
        } else if self.template.text() == later.template.text() {
            Some(TemplateErrorKind::Duplicate)
        } else {
            Some(TemplateErrorKind::Overlap)
        }
    }

    fn is_route(&self, (method, template): (&str, &str)) -> bool {
        Method::of_template(method) == Some(self.method) && **self.template.text() == *template
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Delete,
    Get,
    Options,
    Patch,
    Post,
    Put,
}

impl Method {
    fn of_template(name: &str) -> Option<Self> {
        match name {
            "DELETE" => Some(Self::Delete),
            "GET" => Some(Self::Get),
            "OPTIONS" => Some(Self::Options),
            "PATCH" => Some(Self::Patch),
            "POST" => Some(Self::Post),
            "PUT" => Some(Self::Put),
            _ => None,
        }
    }

    fn of_request(name: &str) -> Option<Self> {
        if name == "HEAD" { Some(Self::Get) } else { Self::of_template(name) }
    }
}
