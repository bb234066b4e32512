//! Issues a session that was granted: its key, its token, its end.

use jiff::{SignedDuration, Timestamp};

use crate::assume_role::Wish;
use crate::faults::Faults;
use crate::identity::{assumed_role_arn, assumed_role_id};
use crate::mint::{Claims, Mint};

/// A new session.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) claims: Claims,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
    /// Who calls with this session, as `GetCallerIdentity` will say.
    pub(crate) arn: String,
    /// Its unique id.
    pub(crate) user_id: String,
    /// How much of the room for policies and tags it takes; none when there are none.
    pub(crate) packed_percent: Option<usize>,
}

/// Issues call number `serial` the session that it wished for, or one as long as the faults say.
pub(crate) fn issue(mint: &Mint, faults: &Faults, now: Timestamp, serial: u64, wish: Wish) -> Issued {
    let packed_percent = wish.packed_percent();
    let Wish { role, session_name, seconds, carried, .. } = wish;
    let seconds = faults.session_seconds.unwrap_or(seconds);
    let expires_at = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| {
            Timestamp::from_second(now.as_second()).ok()?.checked_add(SignedDuration::from_secs(seconds)).ok()
        })
        .unwrap_or(Timestamp::MAX);
    let claims = Claims { access_key_id: mint.access_key_id(serial), role, session_name, expires_at, carried };
    Issued {
        secret_access_key: mint.secret_access_key(&claims.access_key_id),
        session_token: mint.session_token(&claims),
        arn: assumed_role_arn(&claims.role, &claims.session_name),
        user_id: assumed_role_id(&claims.role, &claims.session_name, mint),
        packed_percent,
        claims,
    }
}
