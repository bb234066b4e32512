//! Our block goes into a user's file and out again: what is the user's stays as it is, byte for byte.
//!
//! The input is the file, a line `-----`, and the body of the block.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_formats::block::{BlockError, Id, body as body_of, cut, ids, replace, spans};

fuzz_target!(|input: &str| {
    let (before, body) = input.split_once("\n-----\n").unwrap_or((input, ""));
    let id: Id = "3fa9c2d1".parse().expect("8 hex digits");
    let after = match replace(before, &id, Some(body)) {
        Ok(after) => after,
        Err(BlockError::Body { line }) => return assert!((1..=body.lines().count()).contains(&line)),
        Err(error) => {
            // Markers that do not add up stop everything.
            assert_eq!(cut(before), Err(error.clone()));
            assert_eq!(replace(before, &id, None).err(), Some(error));
            return;
        }
    };
    let foreign = cut(before).expect("its markers add up");
    assert_eq!(cut(&after).as_ref(), Ok(&foreign));
    assert_eq!(replace(&after, &id, Some(body)).as_ref(), Ok(&after), "the second time changes something");
    if !body.is_empty() {
        let written = if body.ends_with('\n') { body.to_owned() } else { format!("{body}\n") };
        assert_eq!(body_of(&after, &id), Ok(Some(&*written)));
        assert!(ids(&after).is_ok_and(|ids| ids.contains(&id)));
    }
    // What stands between the blocks is the user's, but for a line end that went in with one.
    let spans = spans(&after).expect("its markers add up");
    let ends = spans.iter().map(|span| span.end);
    let starts = spans.iter().map(|span| span.start).chain([after.len()]);
    let between: String = [0].into_iter().chain(ends).zip(starts).map(|(from, to)| &after[from..to]).collect();
    assert!(between.len() - foreign.len() <= spans.len() && between.starts_with(foreign.trim_end_matches('\n')));

    let without = replace(before, &id, None).expect("its markers add up");
    assert_eq!(replace(&after, &id, None).as_ref(), Ok(&without), "put in and taken out");
    assert_eq!(cut(&without).as_ref(), Ok(&foreign));

    // What somebody appends while the block stands is kept, too. Behind a marker without a line end it would change it.
    if after.ends_with('\n') {
        let appended = format!("{}[theirs]\n", *after);
        let kept = cut(&appended).expect("its markers add up");
        assert!(kept.starts_with(&foreign) && kept.ends_with("[theirs]\n"));
    }
});
