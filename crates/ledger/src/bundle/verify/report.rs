//! Whether the figures of an issued report's part follow from the records that it cites.
//!
//! Management's part travels as `report/E-<n>-package.json`, and the records it was made from as `report/E-<n>-records.json`.
//! Both are named by the entry that froze them; each record is one whose digest an earlier entry names. From the records are
//! counted again: controls and their texts, tests, items tested, deviations and the sizes of populations. What cannot be
//! counted again is said.

mod count;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use serde::Deserialize;
use serde_json::Value;

use self::count::Counted;
use super::Files;
use crate::Hash;
use crate::bundle::answer::{Findings, Level};
use crate::leaf::{Leaf, LeafKind};

/// Where documents stand.
const FOLDER: &str = "report/";
const PACKAGE: &str = "-package.json";
const RECORDS: &str = "-records.json";
/// Events by which a part is frozen.
const FREEZING: [&str; 2] = ["report.issued", "engagement.frozen"];

/// The records as they travel.
#[derive(Deserialize)]
struct Records {
    package: String,
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    kind: String,
    id: String,
    record: Value,
}

/// A part with its records.
struct Part {
    engagement: String,
    package: Vec<u8>,
    records: Option<Vec<u8>>,
    /// Digests that entries must name.
    cited: BTreeSet<Hash>,
}

/// The parts of a bundle, and what entries say of them.
#[derive(Default)]
pub(super) struct Parts {
    parts: Vec<Part>,
    wanted: BTreeSet<Hash>,
    named: BTreeSet<Hash>,
    /// For each engagement the digests of part and records, as the entry that froze it names them.
    frozen: BTreeMap<String, (String, String)>,
    /// Sizes of frozen populations, by their number as JSON.
    populations: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct Event {
    event: String,
    object: Object,
    after: Option<After>,
}

#[derive(Deserialize)]
struct Object {
    id: String,
}

#[derive(Deserialize)]
struct After {
    package: Option<String>,
    records: Option<String>,
}

#[derive(Deserialize)]
struct Population {
    n: u64,
    trigger_population: Value,
}

impl Parts {
    /// Reads the parts and notes which records to look for.
    pub(super) fn read<R: Read + Seek>(files: &mut Files<R>) -> Self {
        let mut found = Self::default();
        let engagement = |name: &String| {
            let key = name.strip_prefix(FOLDER)?.strip_suffix(PACKAGE)?;
            key.strip_prefix("E-")?.parse::<u64>().ok()?;
            Some((name.clone(), key.to_owned()))
        };
        let named: Vec<(String, String)> = files.names.iter().filter_map(engagement).collect();
        for (name, engagement) in named {
            let Some(package) = files.fetch(&name) else { continue };
            let records = files.fetch(&format!("{FOLDER}{engagement}{RECORDS}"));
            let read = records.as_deref().and_then(|bytes| serde_json::from_slice::<Records>(bytes).ok());
            let cited: BTreeSet<Hash> =
                read.iter().flat_map(|read| &read.records).filter_map(|one| digest(&one.record)).collect();
            found.wanted.extend(&cited);
            found.parts.push(Part { engagement, package, records, cited });
        }
        found
    }

    /// Takes what is wanted from an included entry.
    pub(super) fn collect(&mut self, leaf: &Leaf<'_>) {
        if self.parts.is_empty() {
            return;
        }
        let wanted = |digest: &Hash| self.wanted.contains(digest);
        self.named.extend(Hash::named_in(leaf.body).filter(wanted));
        if leaf.kind == LeafKind::PopulationDefine
            && let Ok(body) = serde_json::from_slice::<Population>(leaf.body)
        {
            self.populations.insert(body.trigger_population.to_string(), body.n);
        }
        if leaf.kind == LeafKind::AuditEvent
            && let Ok(body) = serde_json::from_slice::<Event>(leaf.body)
            && FREEZING.contains(&body.event.as_str())
            && let Some(After { package: Some(package), records: Some(records) }) = body.after
        {
            self.frozen.insert(body.object.id, (package, records));
        }
    }

    /// Counts again what the records give, and says what they do not give.
    pub(super) fn finish(self) -> Level {
        if self.parts.is_empty() {
            return Level::NotClaimed { reason: "the bundle holds no issued report".to_owned() };
        }
        let (mut findings, mut missing, mut details) = (Findings::default(), Findings::default(), Vec::new());
        for part in &self.parts {
            let subject = format!("{FOLDER}{}{PACKAGE}", part.engagement);
            match self.examine(part, &mut missing) {
                Ok(detail) => details.push(detail),
                Err(problems) => problems.into_iter().for_each(|problem| findings.add(&subject, problem)),
            }
        }
        let detail = details.join("; ");
        if findings.is_empty() && !missing.is_empty() {
            return missing.into_incomplete(detail);
        }
        findings.into_level(|| Level::Proven { detail })
    }

    fn examine(&self, part: &Part, missing: &mut Findings) -> Result<String, Vec<String>> {
        let one = |problem: &str| vec![problem.to_owned()];
        let Some(records) = &part.records else {
            return Err(one("the records that it was made from are not here"));
        };
        let digests = (Hash::of(&part.package).digest(), Hash::of(records).digest());
        match self.frozen.get(&part.engagement) {
            None => return Err(one("no included entry freezes it")),
            Some(frozen) if *frozen != digests => {
                return Err(one("is not the part, or not with the records, that its entry freezes"));
            }
            Some(_) => {}
        }
        let read: Records = serde_json::from_slice(records)
            .map_err(|error| vec![format!("its records cannot be read: {error}")])?;
        if read.package != digests.0 {
            return Err(one("its records are those of another part"));
        }
        let unnamed: Vec<String> = read
            .records
            .iter()
            .filter(|record| digest(&record.record).is_none_or(|digest| !self.named.contains(&digest)))
            .map(|record| format!("{} {} is not as any included entry names it", record.kind, record.id))
            .collect();
        if !unnamed.is_empty() {
            return Err(unnamed);
        }
        let counted = Counted::of(&part.package, &read.records, &self.populations)?;
        for problem in &counted.unsized_populations {
            missing.add(format!("{FOLDER}{}{PACKAGE}", part.engagement), problem);
        }
        let records = count::some(part.cited.len(), "record");
        Ok(format!("{}: {counted} follow from {records}", part.engagement))
    }
}

/// Returns the digest of a record's canonical JSON.
fn digest(record: &Value) -> Option<Hash> {
    serde_json_canonicalizer::to_vec(record).ok().map(|bytes| Hash::of(&bytes))
}
