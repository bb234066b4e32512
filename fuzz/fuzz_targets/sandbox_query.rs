//! The parameters of a call: what is taken reads as any other reader of forms reads it.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/sandbox/src/query.rs"]
#[allow(dead_code, reason = "not all of it is for the parser")]
mod query;

fuzz_target!(|text: &[u8]| {
    let Ok(parameters) = query::Parameters::parse([text]) else { return };
    for (name, value) in form_urlencoded::parse(text) {
        assert_eq!(parameters.get(&name), Some(&*value), "{name}");
    }
});
