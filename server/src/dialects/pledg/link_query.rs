//! The query of a purchase link: a signature and nothing beside it.

use crate::auth::Refusal;

/// The signature; `None` when there is none to speak of.
///
/// Names and value are taken as they stand: a signature needs no escapes.
///
/// # Errors
///
/// [`Reason::InvalidRequest`](crate::auth::Reason::InvalidRequest) when it comes twice or with anything beside it.
pub(super) fn signature(query: &str) -> Result<Option<&str>, Refusal> {
    let members = || query.split('&').filter(|member| !member.is_empty());
    let named = |member: &'_ str| member == "signature" || member.starts_with("signature=");
    let mut signatures = members().filter(|member| named(member));
    let (first, second) = (signatures.next(), signatures.next());
    if second.is_some() {
        return Err(Refusal::invalid());
    }
    let signature = first.and_then(|member| member.split_once('=')).map(|(_, value)| value);
    let signature = signature.filter(|value| !value.is_empty());
    if signature.is_some() && members().any(|member| !named(member)) {
        return Err(Refusal::invalid());
    }
    Ok(signature)
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn a_signature_stands_alone() {
        let table = [
            ("", Some(None)),
            ("signature", Some(None)),
            ("signature=", Some(None)),
            ("amountCents=1&currency=EUR", Some(None)),
            ("signature=&amountCents=1", Some(None)),
            ("Signature=a.b.c", Some(None)),
            ("%73ignature=a.b.c", Some(None)),
            ("signature=a.b.c", Some(Some("a.b.c"))),
            ("&signature=a.b.c&", Some(Some("a.b.c"))),
            ("signature=a=b", Some(Some("a=b"))),
            ("signature=a.b.c&amountCents=1", None),
            ("amountCents=1&signature=a.b.c", None),
            ("signature=a.b.c&%73ignature=a.b.c", None),
            ("signature=a.b.c&signature=a.b.c", None),
            ("signature=a.b.c&signature", None),
            ("signature&signature=", None),
        ];
        for (query, expected) in table {
            assert_eq!(signature(query).ok(), expected, "{query:?}");
        }
    }
}
