//! What people do here, in a real browser: Chromium with a virtual device that holds passkeys. Each journey asserts what
//! somebody sees, that nothing is complained about in the console, and that nothing is asked of anybody outside.

#[path = "../support/answer.rs"]
mod answer;
#[path = "../support/examination.rs"]
mod examination;
#[path = "../support/host.rs"]
mod host;
#[expect(dead_code, reason = "the tests through HTTP use more of it")]
#[path = "../support/members.rs"]
mod members;

mod access;
mod driver;
mod examined;
mod filled;
mod keyboard;
mod pages;
mod plain;
mod pointer;
mod seen;
mod served;
mod work;
