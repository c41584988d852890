//! Everything that the doctor knows to be wrong: a code, what it means, what to do.

macro_rules! faults {
    ($($name:ident $code:literal $says:literal $advice:literal)*) => {
        /// One thing that is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Fault {
            $(#[doc = $says] $name,)*
        }

        impl Fault {
            /// Every fault.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name, lower-case words joined by `_`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What is wrong, one sentence.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)* }
            }

            /// What to do about it, one sentence.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }
        }
    };
}

faults! {
    // ---- the characters of a text
    ByteOrderMark "byte_order_mark" "The text holds a byte order mark."
        "Save the file or variable as UTF-8 without one."
    ControlCharacter "control_character" "The text holds a control character."
        "Copy the credential again from where it was shown."
    EscapedLineEnd "escaped_line_end" "The text ends with a line end that is written out, such as \\n or %0A."
        "Take the last characters away; the shell or the environment file did not turn them into a line end."
    Homoglyph "homoglyph" "A character only looks like a letter, digit or hyphen."
        "Copy the credential from its source, not from a document that replaces characters."
    InnerBlank "inner_blank" "A blank or a line end stands inside the text."
        "Join the pieces; the credential was wrapped when it was copied."
    Masked "masked" "The text was masked: stars, dots or a redaction mark stand for its characters."
        "Use the whole credential; a masked one is for display."
    NonAscii "non_ascii" "The text holds a character outside ASCII."
        "Copy the credential again; all of its characters are ASCII."
    Placeholder "placeholder" "A variable or a template stands where the credential should."
        "Fill it in; in a shell, single quotes keep variables as they are."
    SurroundingBlanks "surrounding_blanks" "Blanks or line ends stand around the text."
        "Trim it; `printf %s` writes no line end, `echo` does."
    SurroundingQuotes "surrounding_quotes" "Quotation marks stand around the text."
        "Take them away; an environment file or a JSON value left them."
    ZeroWidth "zero_width" "The text holds a character that is not visible."
        "Type the place anew; chats and web pages put such characters in."

    // ---- native credentials
    Alphabet "alphabet" "A character is none of 0-9, A-Z, a-z and _."
        "Copy the credential again."
    Checksum "checksum" "The checksum does not fit: a character was changed, or two changed places."
        "Copy the credential again; it was not issued in this form."
    Cut "cut" "The credential was cut."
        "Copy it whole, from the first letter of its prefix."
    NotACredential "not_a_credential" "The text has no form that Tollgate knows."
        "Compare it with the examples in docs/formats.md; it may belong to another service."
    PrefixCase "prefix_case" "The prefix is right but for its case."
        "Send it as it was shown; nothing folds the case."
    PublicId "public_id" "This is a client id: public, and no secret."
        "Use the client secret that belongs to it, `client_secret_…`."
    TooLong "too_long" "The credential is longer than its form."
        "Look for characters that were joined to it, or for two credentials in one value."
    WithHeaderName "with_header_name" "The name of the header or the scheme is part of the text."
        "Keep the credential alone; the client adds the name."
    WrongMode "wrong_mode" "The credential is for the other mode than the listener."
        "Use a test credential in the sandbox and a live one in production."

    // ---- the request itself
    AmbiguousPath "ambiguous_path" "The path can be read in more than one way and is refused before it is routed."
        "Send a plain path: no `//`, dot segment, `;`, backslash or encoded slash or dot."
    BrokenHeader "broken_header" "A line of the header section is no header."
        "Write one header a line, `Name: value`, without a continued line."
    CredentialInBody "credential_in_body" "Client id or secret stand in the body, where they are not read."
        "Send them with `Authorization: Basic` only."
    CredentialInQuery "credential_in_query" "A credential stands in the address, where it is not read and gets into logs."
        "Send it in its header, and replace it: it may have been logged on its way."
    MediaType "media_type" "The body is not sent as the media type that the route reads."
        "Token routes take `application/x-www-form-urlencoded`, all others `application/json`."
    MisspelledHeader "misspelled_header" "A header is almost named like the one that counts."
        "Use the exact name; `_` and `.` are other characters than `-`, and proxies drop them."
    PlainHttp "plain_http" "The request goes over plain HTTP, so the credential could be read on its way."
        "Use https, and replace the credential."
    RepeatedHeader "repeated_header" "A credential header comes more than once."
        "Send it once; a client default and a header of the call may both add it."
    SeveralCredentials "several_credentials" "More than one kind of credential comes at once."
        "Send the one that the route reads, and nothing else."
    TokenBeforeKey "token_before_key" "A checkout token comes beside an API key; the token alone counts, also when it is wrong."
        "Leave `X-Checkout-Token` out on calls of the server."
    UnknownPath "unknown_path" "No dialect has this path."
        "Compare it with docs/http-api.md: case and a slash at the end count."
    WrongMethod "wrong_method" "The path exists, but not with this method."
        "Use the method that docs/http-api.md names."

    // ---- what a route asks for
    MissingChallengeHalf "missing_challenge_half" "One of X-API-Challenge and X-API-Signature comes without the other."
        "Send both, or, where signing is not required, neither."
    MissingCredential "missing_credential" "The header with the credential is missing."
        "Send it under the name stated here; redirects and some proxies drop it."
    MissingMerchantId "missing_merchant_id" "x-merchant-id is missing."
        "Send the merchant id beside x-api-key."
    MissingSessionId "missing_session_id" "x-session-id is missing."
        "Send the session_id that came with the access token."
    NoChallenge "no_challenge" "X-API-Challenge and X-API-Signature are missing; the call is refused where signing is required."
        "Get a challenge from POST /v1/auth/challenge and sign it, if the account requires that."
    OtherDialect "other_dialect" "The credential belongs to another dialect and is unknown on this route."
        "Use a credential of the dialect that owns the path."
    OtherHeader "other_header" "The credential comes in a header that the route does not read."
        "Send it in the header stated here."
    SessionId "session_id" "x-session-id is not `sess_` and a lower-case UUID v4."
        "Send the session_id exactly as it came, prefix included and in lower case."

    // ---- merchant ids
    MerchantId "merchant_id" "The text is no merchant id, `MCH-`, three letters, `-`, five or six characters."
        "Copy the id from the panel; it is all upper case."
    MerchantIdMode "merchant_id_mode" "The merchant id has its sandbox spelling, and the key is live."
        "Take `TEST-` out of the merchant id, or use a test key."

    // ---- Authorization
    MissingScheme "missing_scheme" "Authorization has no scheme before the value."
        "Write `Bearer <token>` or `Basic <base64>`."
    SchemeSpacing "scheme_spacing" "Between scheme and value stands something else than one blank."
        "Write the scheme, one blank, the value."
    SchemeTwice "scheme_twice" "The scheme stands twice."
        "Write it once; the client adds it already."
    WrongScheme "wrong_scheme" "The scheme is not the one that the route reads."
        "Use the scheme stated here."

    // ---- Basic
    Base64 "base64" "The value is no base64."
        "Encode `id:secret` with standard base64."
    Base64Unpadded "base64_unpadded" "The base64 has no padding."
        "Keep the `=` at the end."
    Base64UrlSafe "base64_url_safe" "The base64 uses the URL-safe alphabet."
        "Use the standard alphabet, with `+` and `/`."
    Base64Wrapped "base64_wrapped" "The base64 is broken into lines."
        "Encode without line ends: `base64 -w0`, or NO_WRAP."
    BasicEscape "basic_escape" "A half of the pair holds a `%` that starts no escape."
        "Form-encode both halves before joining them: `%` is `%25`."
    BasicHalves "basic_halves" "A half of the pair is empty, or there is no colon between them."
        "Encode `id:secret`."
    BasicLineEnd "basic_line_end" "The encoded pair ends with a line end."
        "Encode with `printf %s`, or `echo -n`."
    BasicPerson "basic_person" "An e-mail address stands where a client id belongs."
        "Use a client id and its secret; people log in elsewhere."
    BasicPlus "basic_plus" "A half of the pair holds a `+`, which is read as a blank."
        "Form-encode both halves before joining them: `+` is `%2B`."
    BasicSwapped "basic_swapped" "Client id and client secret changed places."
        "The client id comes first."
    BasicText "basic_text" "The pair is not UTF-8, or holds a control character."
        "Encode the UTF-8 bytes of the pair."
    ModesDiffer "modes_differ" "Client id and client secret have different modes."
        "Use a pair of one mode."
    NotAPerson "not_a_person" "A client stands where the e-mail address of a panel user belongs."
        "Use the address and password of a user with API access."

    // ---- tokens
    JwtAlgorithm "jwt_algorithm" "The token has another algorithm than tokens of this kind."
        "Get a token from the route that issues this kind."
    JwtAudience "jwt_audience" "The token is for another audience."
        "Get a token from the route that issues this kind; one dialect's token opens no other."
    JwtClaims "jwt_claims" "A claim is missing, or has another type than it must."
        "Send the token as it was issued; dates are whole numbers."
    JwtDer "jwt_der" "The ES256 signature is in DER form; it must be 64 raw bytes."
        "Have the signer write r and s as 32 bytes each (RFC 7518, section 3.4)."
    JwtEncrypted "jwt_encrypted" "The token has five parts: it is encrypted, and none such is a credential."
        "Send the access token, not the token of a webhook."
    JwtExpired "jwt_expired" "The token has expired."
        "Get a new one; if it was new, set the clock of the machine that judged it."
    JwtHeader "jwt_header" "The header of the token is not one of alg, typ and kid alone."
        "Send the token as it was issued."
    JwtIssuer "jwt_issuer" "The token was issued by another host than the one it is sent to."
        "Send it to the listener that issued it; sandbox and production are two."
    JwtMode "jwt_mode" "The token is for the other mode than the listener."
        "Get a token with a credential of this mode."
    JwtNone "jwt_none" "The token is not signed."
        "Send the token as it was issued; unsigned ones are always refused."
    JwtNotYet "jwt_not_yet" "The token is from the future."
        "Set the clock of the machine that made it; five seconds are tolerated."
    JwtParts "jwt_parts" "The token has not three parts, or one of them is empty or no base64url."
        "Send the token whole: header, payload and signature."
    JwtSignature "jwt_signature" "The signature has another length than its algorithm gives."
        "Send the token whole; its end was cut, or it was signed another way."
    JwtTooLong "jwt_too_long" "The token has more than 8192 bytes."
        "Send a token of ours, or put less into the request that is signed."
    JwtType "jwt_type" "The token has another typ than tokens of this kind."
        "Get a token from the route that issues this kind."

    // ---- challenges
    Challenge "challenge" "X-API-Challenge is no challenge of ours."
        "Send the text of the member `challenge` unchanged."
    ChallengeExpired "challenge_expired" "The challenge has expired."
        "Get a new one for every call; it lives 300 seconds."
    ChallengeKey "challenge_key" "The challenge was given to another API key."
        "Get the challenge with the key that sends it."
    ChallengeSignature "challenge_signature" "X-API-Signature has not the length of an RSA signature."
        "Send the base64 of the RSA-SHA256 signature over the challenge text."

    // ---- webhook deliveries
    WebhookBody "webhook_body" "The body was parsed and printed again: its bytes are not those that were signed."
        "Check the raw body before anything parses it."
    WebhookEarly "webhook_early" "The delivery is from the future."
        "Set the clock of the receiver; 30 seconds are tolerated."
    WebhookHeader "webhook_header" "The signature header of the delivery is not well formed or not whole."
        "Pass the headers on as they came: each once, in lower-case hex or base64."
    WebhookMismatch "webhook_mismatch" "No signature fits this secret and this body."
        "Compare the secret with that of the account, mode included, and check the raw body."
    WebhookSecret "webhook_secret" "The webhook secret is not `whsec_` and the base64 of 24 to 64 bytes."
        "Copy it whole, `whsec_` and padding included."
    WebhookUnchecked "webhook_unchecked" "The signature was not checked: that takes the webhook secret and the body."
        "Give the secret with --webhook-secret FILE, and a capture with the body."
    WebhookStale "webhook_stale" "The delivery is older than 300 seconds."
        "Check deliveries when they arrive, or set the clock of the receiver."

    // ---- what the database knows
    Expired "expired" "The credential has expired."
        "Issue a new one, or rotate before the end the next time."
    MerchantPending "merchant_pending" "The merchant is not approved, so its live credentials are refused."
        "Approve the merchant, or use a test credential."
    MerchantSuspended "merchant_suspended" "The merchant is suspended."
        "Have the merchant approved again."
    Retired "retired" "The credential was rotated and its overlap is over."
        "Use the credential that took its place."
    Revoked "revoked" "The credential was revoked."
        "Issue a new one; a revocation is final."
    UnknownId "unknown_id" "The database knows no credential with this id."
        "Look for the installation that issued it: test and production have databases of their own."
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_words_and_sentences_end() {
        let mut codes = HashSet::new();
        for fault in Fault::ALL {
            assert!(codes.insert(fault.code()), "{}", fault.code());
            assert!(fault.code().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
            assert!(fault.says().ends_with('.') && fault.advice().ends_with('.'), "{}", fault.code());
        }
    }
}
