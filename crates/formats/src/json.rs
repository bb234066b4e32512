//! A JSON document that holds secrets, without a copy of them left behind.

use serde::Serialize;
use zeroize::Zeroizing;

/// `document` as one line without a line break. `size` is the sum of the lengths of its values.
pub(crate) fn secret_document(document: &impl Serialize, size: usize) -> Zeroizing<String> {
    // An escape is six bytes at most, so the buffer never moves.
    let mut bytes = Zeroizing::new(Vec::with_capacity(6 * size + 256));
    serde_json::to_writer(&mut *bytes, document).expect("strings and numbers are written to memory");
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *bytes)).expect("JSON is UTF-8"))
}
