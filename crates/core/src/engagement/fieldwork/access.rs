//! How long somebody of the audit firm has access.

use crate::Timestamp;
use crate::conclusion::scope::Day;
use crate::time::DAY_US;

/// Most days that access lasts, counted from when it is given or extended.
///
/// Source: `docs/domain/identity.md` section 1.13.
pub const ACCESS_DAYS_MAX: i64 = 180;

/// Why access cannot end then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// It would be over at once.
    #[error("access that ends on {0} is over already")]
    Past(Day),
    /// Beyond [`ACCESS_DAYS_MAX`].
    #[error(
        "access lasts at most {ACCESS_DAYS_MAX} days at a time, and {0} is later than that; it can be extended"
    )]
    TooLong(Day),
}

/// Returns the first moment without access when `last` is its last day, in UTC.
///
/// # Errors
/// If it is over, or too long.
pub fn access_ends(last: Day, now: Timestamp) -> Result<Timestamp, AccessError> {
    let end = last.starts().plus_micros(DAY_US);
    if end <= now {
        Err(AccessError::Past(last))
    } else if end.micros() - now.micros() > (ACCESS_DAYS_MAX + 1) * DAY_US {
        Err(AccessError::TooLong(last))
    } else {
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_ends_after_its_last_day_and_within_180_days() {
        let now: Timestamp = "2026-11-24T14:45:00Z".parse().expect("a moment");
        let ends = |day: &str| access_ends(day.parse().expect("a day"), now);
        assert_eq!(ends("2026-11-24").map(|at| at.to_string()), Ok("2026-11-25T00:00:00.000000Z".into()));
        assert!(matches!(ends("2026-11-23"), Err(AccessError::Past(_))));
        assert!(ends("2027-05-23").is_ok(), "180 days");
        assert!(matches!(ends("2027-05-24"), Err(AccessError::TooLong(_))));
    }
}
