//! What people do in the program: performances of controls, the populations that triggers produce, samples of them, lists
//! of access, conflicts of duties, reviews of access.

pub mod access;
pub mod access_review;
pub mod performance;
pub mod population;
pub mod sampling;
pub mod segregation;

use serde::Serialize;
use tickmark_core::{Digest, canonical};
use tickmark_ledger::bundle::Record;
use tickmark_ledger::commitment::{self, RECORD_DOMAIN, Salt};

use crate::{App, Error, Result};

/// Makes a salted commitment to a record, so that the log holds none of its text.
fn commit<T: Serialize>(app: &App, what: &str, record: &T) -> Result<(Salt, Digest)> {
    let bytes =
        canonical::bytes(record).map_err(|error| Error::internal(format!("writing {what}"), error))?;
    let salt = Salt(app.random());
    Ok((salt, Digest(commitment::commit(&salt, RECORD_DOMAIN, &bytes).0)))
}

/// Makes what opens a commitment again, from the record as it is read back.
fn opening<T: Serialize>(what: &str, salt: Salt, record: &T) -> Result<Record> {
    let failed = |error: &dyn std::fmt::Display| Error::corrupt(what, error.to_string());
    let bytes = canonical::bytes(record).map_err(|error| failed(&error))?;
    Ok(Record { text: String::from_utf8(bytes).map_err(|error| failed(&error))?, salt })
}
