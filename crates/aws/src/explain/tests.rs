//! The claims of tokens as identity providers write them.

use super::Claims;

fn token(payload: &str) -> String {
    let standard = aws_smithy_types::base64::encode(payload);
    format!("e30.{}.c2ln", standard.trim_end_matches('=').replace('+', "-").replace('/', "_"))
}

#[test]
fn a_token_says_who_made_it_for_whom() {
    let claims = |aud: &str| {
        let text = format!(r#"{{"iss":"https://oidc.example.com/prod","sub":"a?b>c~ü","aud":{aud},"exp":1.5e9}}"#);
        Claims::of(&token(&text)).unwrap()
    };
    let one = claims("\"sts.amazonaws.com\"");
    assert_eq!((one.issuer.as_str(), one.subject.as_str()), ("https://oidc.example.com/prod", "a?b>c~ü"));
    assert_eq!(one.audiences, ["sts.amazonaws.com"]);
    assert_eq!(claims("\"a\\u001bb\"").audiences, ["ab"]);
    assert_eq!(claims(r#"["a","b"]"#).audiences, ["a", "b"]);
}

#[test]
fn what_is_no_token_says_nothing() {
    for text in ["", "a", "a.b.c", "a..c", &token("[]"), &token(r#"{"iss":"x"}"#)] {
        assert_eq!(Claims::of(text), None, "{text}");
    }
}
