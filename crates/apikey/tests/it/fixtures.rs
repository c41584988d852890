//! What several test files use.

use std::convert::Infallible;

use tollgate_apikey::{ApiKey, KeyFormat, Mode, Pepper, Peppers, PublicIdFormat};

pub(crate) const CAIBO: KeyFormat = KeyFormat::new(&[("caibo_live_sk_", Mode::Live), ("caibo_test_sk_", Mode::Test)]);
pub(crate) const EIGHTY_EIGHT_PAY: KeyFormat = KeyFormat::new(&[("sk_live_", Mode::Live), ("sk_test_", Mode::Test)]);
pub(crate) const CARD_PLUS_PAY: KeyFormat =
    KeyFormat::new(&[("cpp_live_sk_", Mode::Live), ("cpp_test_sk_", Mode::Test)]);
pub(crate) const OAUTH: KeyFormat =
    KeyFormat::new(&[("client_secret_live_", Mode::Live), ("client_secret_test_", Mode::Test)]);
pub(crate) const FORMATS: [KeyFormat; 4] = [CAIBO, EIGHTY_EIGHT_PAY, CARD_PLUS_PAY, OAUTH];
pub(crate) const CLIENTS: PublicIdFormat =
    PublicIdFormat::new(&[("client_live_", Mode::Live), ("client_test_", Mode::Test)]);

/// A repeatable source of bytes that look random.
pub(crate) fn noise(seed: u64) -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
    let mut state = seed;
    move |bytes| {
        for byte in bytes {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (word ^ (word >> 31)).to_le_bytes()[0];
        }
        Ok(())
    }
}

#[track_caller]
pub(crate) fn key(seed: u64) -> ApiKey {
    CAIBO.mint(Mode::Live, noise(seed)).expect("noise is usable")
}

#[track_caller]
pub(crate) fn pepper(version: u32, byte: u8) -> Pepper {
    Pepper::new(version, &[byte; 32]).expect("32 bytes are enough")
}

#[track_caller]
pub(crate) fn peppers() -> Peppers {
    Peppers::new(pepper(3, 0xc3)).with_previous(pepper(2, 0xb2)).expect("another version")
}
