//! A compiled-in file, its address and its integrity.

use std::fmt::Write;

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, StatusCode};
use ring::digest::{SHA384, digest};

/// A file that is part of this binary.
#[derive(Debug)]
pub struct Asset {
    path: String,
    media_type: MediaType,
    bytes: &'static [u8],
    integrity: String,
    etag: String,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// A style sheet.
    Css,
    /// An ECMAScript module.
    JavaScript,
    /// A vector picture.
    Svg,
}

impl Asset {
    /// Bytes of the digest that go into the address.
    const ADDRESS_BYTES: usize = 10;
    /// `Cache-Control` of an address whose content never changes: a year, the longest that caches honour.
    const FOR_EVER: &str = "public, max-age=31536000, immutable";
    /// `Cache-Control` of an address whose content changes with the release.
    const FOR_A_WHILE: &str = "public, max-age=300";

    /// The file at `<stem>.<20 hex digits of its digest>.<extension>`; `stem` is an absolute path.
    #[must_use]
    pub fn new(stem: &str, media_type: MediaType, bytes: &'static [u8]) -> Self {
        let digest = digest(&SHA384, bytes);
        let mut name = String::new();
        for byte in &digest.as_ref()[..Self::ADDRESS_BYTES] {
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        Self {
            path: format!("{stem}.{name}.{}", media_type.extension()),
            media_type,
            bytes,
            integrity: format!("sha384-{}", STANDARD.encode(digest)),
            etag: format!("\"{name}\""),
        }
    }

    /// The address, an absolute path that changes with the content.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value of an `integrity` attribute: `sha384-` and 64 characters of base64 (Subresource Integrity §3.5).
    #[must_use]
    pub fn integrity(&self) -> &str {
        &self.integrity
    }

    /// The content.
    #[must_use]
    pub fn bytes(&self) -> &'static [u8] {
        self.bytes
    }

    /// The file at the address that names its content.
    #[must_use]
    pub fn unchanging(&self) -> Response {
        (self.headers(Self::FOR_EVER), self.bytes).into_response()
    }

    /// The file at an address that outlives its content; 304 for who has it already.
    #[must_use]
    pub fn current(&self, request: &HeaderMap) -> Response {
        let known = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let known =
            known.flat_map(|value| value.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == self.etag);
        let headers = self.headers(Self::FOR_A_WHILE);
        if known { (StatusCode::NOT_MODIFIED, headers).into_response() } else { (headers, self.bytes).into_response() }
    }

    fn headers<'a>(&'a self, cache_control: &'a str) -> [(http::HeaderName, &'a str); 4] {
        [
            (CONTENT_TYPE, self.media_type.as_str()),
            (CACHE_CONTROL, cache_control),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (ETAG, &self.etag),
        ]
    }
}

impl MediaType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Css => "text/css; charset=utf-8",
            Self::JavaScript => "text/javascript; charset=utf-8",
            Self::Svg => "image/svg+xml",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Css => "css",
            Self::JavaScript => "js",
            Self::Svg => "svg",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_and_the_integrity_name_the_content() {
        let (one, other) = (Asset::new("/a/x", MediaType::Css, b"a"), Asset::new("/a/x", MediaType::Css, b"b"));
        // printf a | openssl dgst -sha384 -binary | base64 -w0
        let sha384 = "sha384-VKWbnyKwuAiA2EJ+VIt8I6vYc0huHwNdzpzWl+hRdQM8qojm1XvDXvrgta/TFF8x";
        assert_eq!(one.integrity(), sha384);
        let name = one.path().strip_prefix("/a/x.").and_then(|rest| rest.strip_suffix(".css"));
        assert_eq!(name.map(str::len), Some(2 * Asset::ADDRESS_BYTES), "{}", one.path());
        assert_ne!(one.path(), other.path());
        assert_ne!(one.integrity(), other.integrity());
    }
}
