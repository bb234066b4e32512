//! The parameters of a query-protocol request, from the URL and a form body.
//!
//! Stricter than a browser's form: broken percent-encoding, bytes that are no UTF-8 and a name given twice are errors,
//! since a client that signs such a request is broken and should hear of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

use percent_encoding::percent_decode_str;

/// The decoded parameters of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters<'a>(BTreeMap<Cow<'a, str>, Cow<'a, str>>);

/// The query string or the form has a syntax error, or says a name twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl<'a> Parameters<'a> {
    /// Decodes `application/x-www-form-urlencoded` texts, such as the query of the URL and the body, into one set.
    pub(crate) fn parse(texts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Malformed> {
        let mut parameters = BTreeMap::new();
        for text in texts {
            let text = str::from_utf8(text).map_err(|_| Malformed)?;
            for pair in text.split('&').filter(|pair| !pair.is_empty()) {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                if parameters.insert(decode(name)?, decode(value)?).is_some() {
                    return Err(Malformed);
                }
            }
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(AsRef::as_ref)
    }

    /// The parameters whose names begin with `prefix`, without it: the members of a list.
    pub(crate) fn below<'s>(&'s self, prefix: &'s str) -> impl Iterator<Item = (&'s str, &'s str)> {
        let from = self.0.range::<str, _>((Bound::Excluded(prefix), Bound::Unbounded));
        from.map_while(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_ref())))
    }
}

fn decode(text: &str) -> Result<Cow<'_, str>, Malformed> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    if (0..bytes.len()).any(|at| bytes[at] == b'%' && !(is_hex(at + 1) && is_hex(at + 2))) {
        return Err(Malformed);
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map(|text| Cow::Owned(text.into_owned())).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parameters<'_>, Malformed> {
        Parameters::parse([text.as_bytes()])
    }

    #[test]
    fn names_and_values_are_decoded() {
        let parameters = parse("Action=Assume%52ole&&RoleArn=arn%3aaws&x=a+b%2Bc&empty=&bare&%C3%BC=ok").unwrap();
        for (name, value) in
            [("Action", "AssumeRole"), ("RoleArn", "arn:aws"), ("x", "a b+c"), ("empty", ""), ("bare", ""), ("ü", "ok")]
        {
            assert_eq!(parameters.get(name), Some(value), "{name}");
        }
        assert_eq!(parameters.get("y"), None);
    }

    #[test]
    fn the_members_of_a_list_are_those_below_its_name() {
        let parameters = parse("T.member.2=b&T.member.1.Key=a&T.member=x&T.membes=y&A=z").unwrap();
        let below: Vec<_> = parameters.below("T.member.").collect();
        assert_eq!(below, [("1.Key", "a"), ("2", "b")]);
        assert_eq!(parameters.below("U.").count(), 0);
    }

    #[test]
    fn url_and_body_make_one_set() {
        let parameters = Parameters::parse([b"Action=a".as_slice(), b"Version=b"]).unwrap();
        assert_eq!((parameters.get("Action"), parameters.get("Version")), (Some("a"), Some("b")));
        assert_eq!(Parameters::parse([b"Action=a".as_slice(), b"Action=a"]), Err(Malformed));
    }

    #[test]
    fn broken_encodings_and_names_given_twice_are_refused() {
        for text in ["a=%", "a=%4", "a=%zz", "a=%+1", "%=1", "a=%FF", "a=1&a=2", "a=1&%61=2"] {
            assert_eq!(parse(text), Err(Malformed), "{text}");
        }
        assert_eq!(Parameters::parse([b"a=\xff".as_slice()]), Err(Malformed));
    }
}
