/// The scheme a trusted proxy says the client used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proto {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Proto {
    /// Reads `http` or `https`, exactly.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        match value {
            b"http" => Some(Self::Http),
            b"https" => Some(Self::Https),
            _ => None,
        }
    }
}
