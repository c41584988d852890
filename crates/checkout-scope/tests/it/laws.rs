//! Laws over generated inputs.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::{
    prelude::*,
    sample::{Index, select},
};
use tollgate_checkout_scope::{
    AllowList, BoundId, CheckoutClaims, CheckoutIds, CheckoutToken, DeniedKind, Grant, MintAuthority, MintedClaims,
    RawPath, TokenPepper, Ttl,
};

use crate::support::{SHOP, T0, VerifiedApiKey, at, mint_filled, shop};

/// Decides by splitting, as a reader of the specification would write it down.
fn permits_naively(entries: &[(&str, &str)], object: &str, method: &str, path: &str) -> Option<DeniedKind> {
    let segments: Vec<&str> = path.split('/').collect();
    let method = if method == "HEAD" { "GET" } else { method };
    for (listed, template) in entries {
        let template: Vec<&str> = template.split('/').collect();
        if *listed != method || template.len() != segments.len() {
            continue;
        }
        let mut pairs = template.iter().zip(&segments);
        if !pairs.all(|(fixed, segment)| fixed == segment || (fixed.starts_with('{') && !segment.is_empty())) {
            continue;
        }
        let named = template.iter().zip(&segments).find(|(fixed, _)| fixed.starts_with('{'));
        return match named {
            Some((_, segment)) if *segment != object => Some(DeniedKind::OtherObject),
            _ => None,
        };
    }
    Some(DeniedKind::NotAllowed)
}

/// Decodes every escape, as a lenient router would.
fn decode(path: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escape = (byte == b'%').then(|| after.get(..2)).flatten();
        let value = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        decoded.push(value.unwrap_or(byte));
        rest = if value.is_some() { &after[2..] } else { after };
    }
    decoded
}

fn word() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b", "payment-requests", "status", "payments", "1", "2", "12", "01", "{id}", "..x", "~"])
}

fn path() -> impl Strategy<Value = String> {
    (prop::collection::vec(word(), 0..5), select(vec!["", "/"])).prop_map(|(words, end)| {
        let path: String = words.iter().flat_map(|word| ["/", word]).collect();
        if path.is_empty() { "/".to_owned() } else { path + end }
    })
}

fn template() -> impl Strategy<Value = String> {
    let fixed = select(vec!["a", "b", "payment-requests", "status", "1"]);
    (prop::collection::vec(fixed, 1..4), 0_usize..6).prop_map(|(mut words, place)| {
        if let Some(word) = words.get_mut(place) {
            *word = "{id}";
        }
        words.iter().flat_map(|word| ["/", word]).collect()
    })
}

fn method() -> impl Strategy<Value = &'static str> {
    select(vec!["GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "get", ""])
}

/// Paths near the rules: slashes, dots and escapes are likely.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(vec!["/", "/", ".", "..", "%2e", "%2E", "%2f", "%5c", "%00", "%31", "%", ";", "\\", "?", "status"])
            .prop_map(str::to_owned),
        Just("payment-requests".to_owned()),
        "[0-9]{1,3}",
        "\\PC{0,2}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| format!("/{}", pieces.concat()))
}

/// The paths of the shop, and hostile ones.
fn shop_path() -> impl Strategy<Value = String> {
    let listed = (select(&SHOP[..]), select(vec!["1", "2"])).prop_map(|(entry, id)| entry.1.replace("{id}", id));
    prop_oneof![listed, hostile()]
}

/// Texts of about the right length; most have the right one, and the right characters.
fn token_like() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[A-Za-z0-9_-]{43}", 1 => "[A-Za-z0-9_-]{42,44}", 1 => "[A-Za-z0-9_-]{21}[+/= ][A-Za-z0-9_-]{21}"]
}

proptest! {
    #[test]
    fn a_token_prints_back_what_was_read(random in any::<[u8; 32]>()) {
        let text = URL_SAFE_NO_PAD.encode(random);
        let token = CheckoutToken::parse(&text).unwrap();
        prop_assert_eq!(token.expose_secret(), text);
    }

    #[test]
    fn exactly_the_canonical_spellings_are_tokens(text in token_like()) {
        let canonical = URL_SAFE_NO_PAD.decode(&text).is_ok_and(|bytes| bytes.len() == 32);
        prop_assert_eq!(CheckoutToken::parse(&text).is_ok(), canonical);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Ok(token) = CheckoutToken::parse(&text) {
            prop_assert_eq!(token.expose_secret(), text);
        }
    }

    #[test]
    fn a_changed_token_has_another_digest(random in any::<[u8; 32]>(), place in 0_usize..32, change in 1_u8..) {
        let pepper = TokenPepper::new(1, "shop:", &[7; 32]).unwrap();
        let mut changed = random;
        changed[place] ^= change;
        let digest = |bytes| CheckoutToken::parse(&URL_SAFE_NO_PAD.encode(bytes)).unwrap().digest(&pepper);
        prop_assert_ne!(digest(random), digest(changed));
    }

    #[test]
    fn a_new_grant_lives_exactly_its_life_time(now in 0_i64..100_000_000_000, seconds in 60_u64..=3600, nanos in 0..1_000_000_000_u32) {
        let moment = at(now).replace_nanosecond(nanos).unwrap();
        let (_, grant) = mint_filled(1_u64, Ttl::from_seconds(seconds).unwrap(), moment, 1);
        let end = now + seconds.cast_signed();
        prop_assert_eq!(grant.expires_at(), at(end));
        prop_assert!(grant.is_live(at(end - 1)));
        prop_assert!(!grant.is_live(at(end)));
        let stored = Grant::restore(*grant.object(), grant.expires_at());
        prop_assert_eq!(stored, grant);
    }

    #[test]
    fn a_number_is_named_by_its_decimal_text_alone(id in any::<u64>(), other in any::<u64>(), text in "[+0-9]{0,3}") {
        prop_assert!(id.matches(&id.to_string()));
        prop_assert_eq!(id.matches(&other.to_string()), id == other);
        for spelling in [format!("0{id}"), format!("+{id}"), format!("{id} "), format!("-{id}")] {
            prop_assert!(!id.matches(&spelling));
        }
        let small = text.parse::<u64>().unwrap_or(id);
        prop_assert_eq!(small.matches(&text), small.to_string() == text);
    }

    #[test]
    fn decides_as_a_naive_split_does(
        templates in prop::collection::vec((select(vec!["GET", "POST"]), template()), 0..4),
        object in 1_u64..20,
        method in method(),
        path in path(),
        derived in prop::option::of((any::<Index>(), select(vec!["1", "2", "12", "01", "a"]))),
    ) {
        let path = match derived {
            Some((index, id)) if !templates.is_empty() => index.get(&templates).1.replace("{id}", id),
            _ => path,
        };
        let entries: Vec<(&str, &str)> = templates.iter().map(|(method, text)| (*method, &**text)).collect();
        let Ok(list) = AllowList::compile(&entries) else {
            return Ok(());
        };
        prop_assert_eq!(list.check_routes(&entries), Ok(()));
        let expected = permits_naively(&entries, &object.to_string(), method, &path);
        let grant = Grant::restore(object, at(T0 + 60));
        let answer = list.permit(&grant, method, &path, at(T0));
        prop_assert_eq!(answer.as_ref().err().map(|denied| denied.kind()), expected);
        if let Ok(permit) = answer {
            prop_assert!(list.permit_routed(&grant, method, &path, permit.template(), at(T0)).is_ok());
        }
    }

    #[test]
    fn a_permit_for_one_object_is_never_one_for_another(
        one in 1_u64..200, two in 1_u64..200, method in method(), entry in select(&SHOP[..])
    ) {
        let list = shop();
        let path = entry.1.replace("{id}", &one.to_string());
        let answer = list.permit(&Grant::restore(two, at(T0 + 60)), method, &path, at(T0));
        prop_assert_eq!(answer.is_ok_and(|permit| *permit.object() != one), false);
        let answer = list.permit(&Grant::restore(two, at(T0 + 60)), entry.0, &path, at(T0));
        prop_assert_eq!(answer.is_ok(), one == two);
    }

    #[test]
    fn a_shorter_list_never_permits_more(kept in prop::collection::vec(any::<bool>(), 3), method in method(), path in shop_path()) {
        let fewer: Vec<(&str, &str)> = SHOP.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(entry, _)| *entry).collect();
        let grant = Grant::restore("1", at(T0 + 60));
        let narrow = AllowList::compile(&fewer).unwrap().permit(&grant, method, &path, at(T0));
        if narrow.is_ok() {
            prop_assert!(shop().permit(&grant, method, &path, at(T0)).is_ok());
        }
    }

    #[test]
    fn whatever_is_permitted_is_a_listed_path_letter_for_letter(id in 1_u64..4, method in method(), path in shop_path()) {
        let answer = shop().permit(&Grant::restore(id, at(T0 + 60)), method, &path, at(T0));
        let listed = SHOP.iter().find(|(listed, template)| {
            let same = *listed == method || (method == "HEAD" && *listed == "GET");
            same && template.replace("{id}", &id.to_string()) == path
        });
        prop_assert_eq!(answer.ok().map(|permit| permit.template().to_owned()), listed.map(|entry| entry.1.to_owned()));
    }

    #[test]
    fn an_accepted_path_has_the_same_segments_decoded_and_raw(path in hostile()) {
        if let Ok(raw) = RawPath::check(&path) {
            prop_assert_eq!(raw.as_str(), &path);
            let decoded = decode(&path);
            let segments: Vec<&[u8]> = decoded.split(|byte| *byte == b'/').collect();
            prop_assert_eq!(segments.len(), path.split('/').count());
            for segment in &segments {
                prop_assert!(!matches!(*segment, b"." | b".."));
                prop_assert!(!segment.contains(&b'\\') && !segment.contains(&0));
            }
            prop_assert!(segments[1..segments.len() - 1].iter().all(|segment| !segment.is_empty()));
        }
    }

    #[test]
    fn claims_read_back_as_written(ids in prop::array::uniform4("[A-Za-z0-9_-]{1,64}"), end in 0_i64..100_000_000_000) {
        let proof = VerifiedApiKey;
        let authority = MintAuthority::for_server_credential(&proof);
        let [partner_id, client_id, customer_id, invoice_id] = &ids;
        let minted = MintedClaims::new(&authority, CheckoutIds { partner_id, client_id, customer_id, invoice_id }).unwrap();
        let claims: CheckoutClaims = serde_json::from_str(&serde_json::to_string(&minted).unwrap()).unwrap();
        let read = [claims.partner_id(), claims.client_id(), claims.customer_id(), claims.invoice_id()];
        prop_assert_eq!(read, [partner_id, client_id, customer_id, invoice_id]);
        let grant = claims.grant(at(end));
        let scope = grant.object();
        prop_assert_eq!([scope.partner_id(), scope.customer_id(), scope.invoice_id()], [partner_id, customer_id, invoice_id]);
        prop_assert_eq!(grant.expires_at(), at(end));
    }
}
