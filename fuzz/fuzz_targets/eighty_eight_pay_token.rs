#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tollgate_fuzz::webhook_hmac::eighty_eight_pay_token(data));
