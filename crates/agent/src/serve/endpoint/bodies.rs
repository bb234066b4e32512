//! The bodies of the sessions that are asked for, each rendered once: wiping the buffer that JSON is written into takes
//! longer than everything else that is done for a request.
//!
//! Promises to keep no body for longer than until the next session is rendered once its own is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hyper::body::Bytes;
use rolecall_core::{Alias, Session};
use rolecall_formats::container;
use rolecall_rotator::Served;

use crate::serve::answer;

/// All bodies, by the name that is asked for.
#[derive(Default)]
pub(crate) struct Bodies(Mutex<HashMap<Alias, Body>>);

struct Body {
    /// Its memory is not used again while this is there, so an address tells sessions apart.
    session: Weak<Session>,
    bytes: Bytes,
}

impl Bodies {
    /// The body for a session.
    pub(crate) fn of(&self, Served { role, session }: &Served) -> Bytes {
        let mut bodies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(body) = bodies.get(&role.alias).filter(|body| body.session.as_ptr() == Arc::as_ptr(session)) {
            return body.bytes.clone();
        }
        bodies.retain(|_, body| body.session.strong_count() > 0);
        let bytes = answer::secret(&container::document(role, session));
        bodies.insert(role.alias.clone(), Body { session: Arc::downgrade(session), bytes: bytes.clone() });
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{role, session};

    #[test]
    fn a_body_is_that_of_its_session_and_goes_with_it() {
        let bodies = Bodies::default();
        let served = |alias: &str, n| Served { role: Arc::new(role(alias)), session: Arc::new(session(n)) };
        let (first, second, other) = (served("a", 1), served("a", 2), served("b", 3));
        for served in [&first, &second, &other, &first] {
            assert_eq!(bodies.of(served), container::document(&served.role, &served.session).as_bytes());
            assert_eq!(bodies.of(served).as_ptr(), bodies.of(served).as_ptr(), "rendered once");
        }
        drop((first, other));
        bodies.of(&second);
        assert_eq!(bodies.0.lock().unwrap().len(), 1);
    }
}
