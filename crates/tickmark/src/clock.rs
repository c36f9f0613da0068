//! The only place that reads clock and entropy; everything below gets them as parameters.

use tickmark_core::Timestamp;

/// Reads the clock.
#[expect(clippy::disallowed_methods, reason = "the binary is where time enters")]
pub(crate) fn now() -> Timestamp {
    jiff::Timestamp::now().into()
}
