//! Gift-card codes: random, sealed as soon as they are made, opened for the answer of their own order only.

use tollgate_apikey::Mode;
use zeroize::Zeroizing;

use crate::app::Services;
use crate::auth::{Reason, Refusal};
use crate::payments::SealedCodes;

/// Characters of what the codes are sealed for.
const CONTEXT_LEN: usize = 16;
/// Random characters of a code, and of each group in it.
const CODE_LEN: usize = 16;
const GROUP_LEN: usize = 4;

/// Makes so many codes.
pub(super) fn make(services: &Services, mode: Mode, quantity: u32) -> Result<SealedCodes, Refusal> {
    let prefix = match mode {
        Mode::Live => "GIFT",
        Mode::Test => "TEST",
    };
    let mut text = Zeroizing::new(String::new());
    for number in 0..quantity {
        if number > 0 {
            text.push(' ');
        }
        text.push_str(prefix);
        let random = services.rng.base62(CODE_LEN)?;
        for (at, character) in random.chars().enumerate() {
            if at % GROUP_LEN == 0 {
                text.push('-');
            }
            text.push(character);
        }
    }
    let context = services.rng.base62(CONTEXT_LEN)?.to_string();
    let sealed = services.sealer.seal(text.as_bytes(), &context, &services.rng);
    let (key_version, sealed) = sealed.map_err(|_| Refusal::new(Reason::Unavailable(1)))?;
    Ok(SealedCodes { context, key_version, sealed })
}

/// The codes in one text, with a blank between them.
pub(super) fn open(services: &Services, codes: &SealedCodes) -> Result<Zeroizing<String>, Refusal> {
    let internal = || Refusal::new(Reason::Internal);
    let opened = services.sealer.open(codes.key_version, &codes.sealed, &codes.context).map_err(|_| internal())?;
    let text = std::str::from_utf8(&opened).map_err(|_| internal())?;
    Ok(Zeroizing::new(text.to_owned()))
}
