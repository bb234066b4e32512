//! A name server for one name, on an address of loopback that nothing else uses.

use std::net::UdpSocket;
use std::thread;

/// Where it is: the port of a name server cannot be chosen.
pub(super) const ADDRESS: &str = "127.0.0.153";

/// Answers everybody who asks for the IPv4 address of `name` with that of loopback, and every other question with no
/// answer, as long as the tests run.
pub(super) fn serve(name: &str) {
    let socket = UdpSocket::bind((ADDRESS, 53)).unwrap();
    let labels: Vec<u8> = name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
    // The name, its end, the type A and the class IN.
    let asked = [&labels[..], &[0, 0, 1, 0, 1]].concat();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let Some((header, rest)) = buffer[..length].split_at_checked(12) else { continue };
            // The question ends behind the name's end, its type and class; what may follow is an extension.
            let Some(end) = rest.iter().position(|byte| *byte == 0).map(|end| end + 5) else { continue };
            let Some(question) = rest.get(..end) else { continue };
            let is_known = question == asked;
            // An answer to the same id, from who can resolve; one question, one answer or none.
            let mut answer = [&header[..2], &[0x81, 0x80, 0, 1, 0, u8::from(is_known), 0, 0, 0, 0], question].concat();
            if is_known {
                // The name of the question again, type A, class IN, for a minute, four bytes.
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
            }
            socket.send_to(&answer, from).unwrap();
        }
    });
}
