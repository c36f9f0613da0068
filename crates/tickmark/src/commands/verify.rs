//! `tickmark verify`: a bundle, offline, with the same library as the stand-alone `tickmark-verify`.

use std::fs::File;
use std::io::BufReader;

use tickmark_ledger::bundle::{self, Expectations};
use tickmark_ledger::note::VerifierKey;
use tickmark_ledger::policy::Policy;

use crate::cli;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Runs `tickmark verify`.
pub(crate) fn run(options: &cli::Verify, output: &Output) -> Outcome {
    let mut expectations = Expectations::default();
    if let Some(text) = &options.key {
        let key: VerifierKey = text.parse().map_err(|error| Failure::input(format!("--key: {error}")))?;
        expectations.policy = Some(Policy::of_log(key).map_err(Failure::input)?);
    }
    let name = options.bundle.display();
    let file = File::open(&options.bundle).map_err(|error| Failure::input(format!("{name}: {error}")))?;
    let verification = bundle::verify(BufReader::new(file), &expectations)
        .map_err(|error| Failure::input(format!("{name}: {error}")))?;
    output.answer(&verification.to_json(), |output| output.line(verification.to_string().trim_end()))?;
    if verification.has_failed() { Err(Failure::No) } else { Ok(()) }
}
