//! One path template, compiled.

use std::sync::Arc;

use crate::{error::TemplateErrorKind, raw_path::RawPath};

/// Longest path template in bytes.
pub const MAX_TEMPLATE: usize = 256;

/// A path template with at most one parameter, which is a whole segment.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    text: Arc<str>,
    /// What stands before and after the parameter; the first ends in `/`, the second is empty or starts with `/`.
    around: Option<(Box<str>, Box<str>)>,
}

/// How a path fits a template.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fit<'p> {
    /// The template has no parameter, and the path is its text.
    Whole,
    /// The path has this segment, never an empty one, where the template has its parameter.
    Bound(&'p str),
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateErrorKind> {
        if text.len() > MAX_TEMPLATE {
            return Err(TemplateErrorKind::TooLong);
        }
        let Some(relative) = text.strip_prefix('/') else {
            return Err(TemplateErrorKind::MissingSlash);
        };
        let mut parameters = 0_usize;
        for segment in relative.split('/') {
            parameters += usize::from(is_parameter(segment)?);
        }
        if parameters > 1 {
            return Err(TemplateErrorKind::TooManyParameters);
        }
        let around = text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)));
        Ok(Self { text: text.into(), around: around.map(|(before, after)| (before.into(), after.into())) })
    }

    pub(crate) const fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Compares the raw bytes: an escape never equals what it escapes.
    pub(crate) fn fit<'p>(&self, path: RawPath<'p>) -> Option<Fit<'p>> {
        let Some((before, after)) = &self.around else {
            return (*self.text == *path.as_str()).then_some(Fit::Whole);
        };
        let segment = path.as_str().strip_prefix(&**before)?.strip_suffix(&**after)?;
        (!segment.is_empty() && !segment.contains('/')).then_some(Fit::Bound(segment))
    }

    /// Whether some path fits both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.text.split('/').count() == other.text.split('/').count()
            && self.text.split('/').zip(other.text.split('/')).all(|(one, two)| {
                let open = one.starts_with('{') || two.starts_with('{');
                open || one == two
            })
    }
}

/// Tells a parameter from a fixed segment, and refuses what is neither.
fn is_parameter(segment: &str) -> Result<bool, TemplateErrorKind> {
    if segment.is_empty() {
        return Err(TemplateErrorKind::EmptySegment);
    }
    if segment == "." || segment == ".." {
        return Err(TemplateErrorKind::DotSegment);
    }
    if segment.contains(['{', '}']) {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
        let sound = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        return if sound { Ok(true) } else { Err(TemplateErrorKind::Parameter) };
    }
    if segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
        Ok(false)
    } else {
        Err(TemplateErrorKind::Alphabet)
    }
}
