//! ARN, alias, Region and session name: what is taken has only the characters that it may have and survives the round
//! trip; what is refused is refused at a place in the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_core::{Alias, Region, RoleArn, SessionName};

fuzz_target!(|text: &str| {
    arn(text);
    if let Ok(alias) = Alias::from_name(text) {
        let name = alias.as_str();
        assert!((1..=64).contains(&name.len()), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.@+-".contains(&byte)), "{name}");
        assert!(name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'), "{name}");
        assert!(!name.eq_ignore_ascii_case("default") && name != "__proto__");
        assert_eq!(name.parse().as_ref(), Ok(&alias), "its own spelling");
        session_name(&alias, text);
    }
    if let Ok(alias) = text.parse::<Alias>() {
        assert_eq!(alias.as_str(), text);
    }
    if let Ok(region) = text.parse::<Region>() {
        assert_eq!(region.as_str(), text);
        assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'));
    }
    session_name(&"a".parse().expect("an alias"), text);
});

fn arn(text: &str) {
    match RoleArn::parse_prefix(text) {
        Ok((arn, rest)) => {
            let spelt = arn.to_string();
            let tail = rest.map(|rest| format!(":{rest}")).unwrap_or_default();
            assert_eq!(format!("{spelt}{tail}"), text);
            assert_eq!(spelt.parse().as_ref(), Ok(&arn));
            assert!(spelt.bytes().all(|byte| byte.is_ascii_graphic()), "{spelt}");
            assert_eq!(text.parse::<RoleArn>().is_ok(), rest.is_none());
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.at), "{error}: {} in {text:?}", error.at);
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}

/// [What STS takes](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
fn session_name(alias: &Alias, host: &str) {
    let name = SessionName::new(alias, host);
    let name = name.as_str();
    assert!((2..=64).contains(&name.len()), "{name}");
    assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)), "{name}");
    assert!(name.starts_with(alias.as_str()), "{name}");
}
