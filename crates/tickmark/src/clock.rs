//! The only place that reads clock, entropy and environment; everything below gets them as parameters.

use tickmark_core::Timestamp;

/// Reads the clock.
#[expect(clippy::disallowed_methods, reason = "the binary is where time enters")]
pub(crate) fn now() -> Timestamp {
    jiff::Timestamp::now().into()
}

/// Fills `bytes` from the operating system.
pub(crate) fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has entropy");
}

/// Reads a variable of the environment; empty counts as absent.
#[expect(clippy::disallowed_methods, reason = "the binary is where the environment enters")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
