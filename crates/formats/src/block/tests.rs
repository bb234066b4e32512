//! What the cases on disk do not show: refusals, and the laws that hold for any text.

use proptest::prelude::*;

use super::*;

fn id(text: &str) -> Id {
    text.parse().unwrap()
}

/// A text to compare and to build on; what is tested hands it out in a buffer that is wiped.
fn replace(text: &str, id: &Id, body: Option<&str>) -> Result<String, BlockError> {
    super::replace(text, id, body).map(|text| text.to_string())
}

#[test]
fn an_id_is_eight_hex_digits_in_lower_case() {
    assert_eq!(id("3fa9c2d1").to_string(), "3fa9c2d1");
    for bad in ["", "3fa9c2d", "3fa9c2d11", "3FA9C2D1", "3fa9c2dg", "3fa9c2é"] {
        assert_eq!(bad.parse::<Id>(), Err(IdError(bad.into())));
    }
}

#[test]
fn a_body_that_reads_as_a_marker_is_refused() {
    for line in ["# <<< rolecall 3fa9c2d1 <<<\n", "x # >>> rolecall \n", LINE_END_ADDED] {
        let body = format!("[a]\n{line}");
        assert_eq!(replace("", &id("3fa9c2d1"), Some(&body)), Err(BlockError::Body { line: 2 }), "{line}");
    }
}

#[test]
fn the_added_line_end_stays_when_something_was_appended() {
    let ours = id("3fa9c2d1");
    let with = replace("[a]", &ours, Some("[b]\n")).unwrap() + "[c]\n";
    assert_eq!(replace(&with, &ours, None).unwrap(), "[a]\n[c]\n");
    assert_eq!(cut(&with).unwrap(), "[a]\n[c]\n");
}

#[test]
fn an_empty_body_takes_the_block_out() {
    let ours = id("3fa9c2d1");
    let with = replace("[a]\n", &ours, Some("[b]\n")).unwrap();
    assert_eq!(replace(&with, &ours, Some("")).unwrap(), "[a]\n");
}

#[test]
fn what_was_put_in_can_be_looked_at() {
    let ours = id("3fa9c2d1");
    for text in ["", "[a]\n", "[a]"] {
        assert_eq!(body(text, &ours), Ok(None));
        for inside in ["[b]\n", "[b]\r\nk = v\r\n"] {
            let with = replace(text, &ours, Some(inside)).unwrap() + "[c]\n";
            assert_eq!(body(&with, &ours), Ok(Some(inside)), "{with}");
            let [span] = &spans(&with).unwrap()[..] else { unreachable!() };
            assert!(with[span.clone()].starts_with("# >>> ") && with[span.end..] == *"[c]\n", "{with}");
        }
    }
    assert!(body("# >>> rolecall 3fa9c2d1 >>>\n", &ours).is_err());
}

#[test]
fn a_block_is_one_piece_and_all_else_is_lines() {
    let block = replace("", &id("3fa9c2d1"), Some("[a]\nx = 1\n")).unwrap();
    let text = format!("# mine\r\n{block}[b]\ny = 2");
    assert_eq!(pieces(&text), ["# mine\r\n", &block, "[b]\n", "y = 2"]);
    let half = block.lines().next().unwrap();
    assert_eq!(pieces(&format!("{half}\n[a]\n")), [format!("{half}\n").as_str(), "[a]\n"]);
}

/// As somebody may leave it who moves blocks about.
#[test]
fn a_block_right_behind_another_comes_out() {
    let marked = |id: &str, note: &str| format!("# >>> rolecall {id} >>>\n{note}# <<< rolecall {id} <<<\n");
    let first = marked("00000000", "");
    let both = first.clone() + &marked("3fa9c2d1", LINE_END_ADDED);
    assert_eq!(replace(&both, &id("3fa9c2d1"), None).unwrap(), first.trim_end());
    assert_eq!(cut(&both).unwrap(), "");
}

/// Foreign text: anything, with what is easily got wrong more often than not.
fn foreign() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\r".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("# >>> conda initialize >>>\n".to_owned()),
        Just("# rolecall\n".to_owned()),
        "(\\[[a-z ]{1,8}\\]\n)|([a-z]{1,6} = [ -~]{0,8}\n)",
        "\\PC{0,8}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat()).prop_filter("marker", |t| !is_marker(t))
}

fn foreign_or_note() -> impl Strategy<Value = String> {
    prop_oneof![4 => foreign(), 1 => foreign().prop_map(|text| text + LINE_END_ADDED)]
}

proptest! {
    #[test]
    fn a_block_comes_out_without_a_trace(text in foreign_or_note(), body in foreign(), newer in foreign()) {
        let (ours, other) = (id("3fa9c2d1"), id("00000000"));
        // With the block of another state directory, and without.
        for before in [text.clone(), replace(&text, &other, Some("[x]\n")).unwrap()] {
            let with = replace(&before, &ours, Some(&body)).unwrap();
            prop_assert_eq!(replace(&with, &ours, Some(&body)).unwrap(), with.clone(), "idempotent");
            prop_assert_eq!(replace(&with, &ours, None).unwrap(), before.clone(), "exact");
            prop_assert_eq!(cut(&with).unwrap(), text.clone(), "cut takes all blocks");
            if !newer.is_empty() && !body.is_empty() {
                let direct = replace(&before, &ours, Some(&newer)).unwrap();
                prop_assert_eq!(replace(&with, &ours, Some(&newer)).unwrap(), direct, "no memory of the old body");
            }
        }
    }

    #[test]
    fn a_block_keeps_its_place(
        above in foreign(), below in foreign(), body in "[a-z]{1,4}\n", newer in "[a-z]{1,4}\n",
    ) {
        let ours = id("3fa9c2d1");
        let with = replace(&above, &ours, Some(&body)).unwrap();
        let newer_with = replace(&above, &ours, Some(&newer)).unwrap();
        prop_assert_eq!(replace(&(with + &below), &ours, Some(&newer)).unwrap(), newer_with + &below);
    }

    #[test]
    fn half_a_block_is_never_written_into(text in foreign(), body in foreign(), gone in 0..2_usize) {
        let (ours, other) = (id("3fa9c2d1"), id("00000000"));
        let with = replace(&text, &ours, Some(&format!("[x]\n{body}"))).unwrap();
        let mut markers = 0;
        let half: String = with
            .split_inclusive('\n')
            .filter(|line| !is_marker(line) || { markers += 1; markers != gone + 1 })
            .collect();
        for id in [ours, other] {
            prop_assert!(replace(&half, &id, Some("[x]\n")).is_err());
            prop_assert!(replace(&half, &id, None).is_err());
        }
        prop_assert!(cut(&half).is_err());
    }

    #[test]
    fn any_text_is_taken_or_refused(
        text in "(# (>>>|<<<) rolecall (00000000|3fa9c2d1) (>>>|<<<)[ x]?\r?\n?|[^#]{0,4}\n?){0,6}",
    ) {
        if let Ok(clean) = cut(&text) {
            prop_assert!(!clean.lines().any(is_marker));
            prop_assert_eq!(cut(&clean).unwrap(), clean.clone());
        }
    }
}
