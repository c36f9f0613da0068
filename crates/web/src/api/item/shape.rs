//! What items of evidence, their versions and what happened to them are in JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::evidence::item::{Happening, RETENTION};
use tickmark_core::evidence::item::{Covers, Description, Item, ItemFile, Version, day};

use crate::api::call::{FILES_BYTES, Taken};
use crate::api::words::read;

const KINDS: [&str; 7] = ["screenshot", "export", "configuration", "document", "record", "message", "photo"];
const METHODS: [&str; 5] = ["exported", "captured", "queried", "written", "received"];
const SENSITIVITIES: [&str; 4] = ["public", "internal", "confidential", "restricted"];

/// What is said about an item.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemContent {
    /// What it shows, in one line.
    #[schemars(length(min = 1, max = 200))]
    pub(super) title: String,
    #[schemars(extend("enum" = KINDS))]
    pub(super) kind: String,
    /// How it was obtained.
    #[schemars(extend("enum" = METHODS))]
    pub(super) method: String,
    /// Where it comes from: the system and the place in it.
    #[serde(default)]
    #[schemars(length(max = 300))]
    pub(super) source: String,
    /// The query, or the steps by which another could obtain it again.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) steps: String,
    /// Who collected it, in words.
    #[serde(default)]
    #[schemars(length(max = 300))]
    pub(super) collected_by: String,
    /// On which day, in UTC.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(super) collected_on: Option<String>,
    /// First day that it is about, in UTC.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(super) covers_from: Option<String>,
    /// Last day that it is about.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    pub(super) covers_to: Option<String>,
    /// Who it would hurt if it became known.
    #[schemars(extend("enum" = SENSITIVITIES))]
    pub(super) sensitivity: String,
    /// What was taken out before it was handed in.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) redaction: String,
}

impl From<&Description> for ItemContent {
    fn from(said: &Description) -> Self {
        Self {
            title: said.title.clone(),
            kind: said.kind.word().to_owned(),
            method: said.method.word().to_owned(),
            source: said.source.clone(),
            steps: said.steps.clone(),
            collected_by: said.collected_by.clone(),
            collected_on: said.collected_at.map(|at| at.date()),
            covers_from: said.covers.map(|covers| covers.from.date()),
            covers_to: said.covers.map(|covers| covers.last_day().date()),
            sensitivity: said.sensitivity.word().to_owned(),
            redaction: said.redaction.clone(),
        }
    }
}

impl ItemContent {
    pub(super) fn read(&self) -> Result<Description, Error> {
        let covers = match (&self.covers_from, &self.covers_to) {
            (Some(from), Some(to)) => Some(Covers::days(from, to).map_err(Error::invalid)?),
            (None, None) => None,
            _ => return Err(Error::invalid("covers_from and covers_to go together")),
        };
        let collected_at = self.collected_on.as_deref().map(day).transpose().map_err(Error::invalid)?;
        Ok(Description {
            title: self.title.clone(),
            kind: read("kind", &self.kind)?,
            source: self.source.clone(),
            method: read("method", &self.method)?,
            steps: self.steps.clone(),
            collected_by: self.collected_by.clone(),
            collected_at,
            covers,
            sensitivity: read("sensitivity", &self.sensitivity)?,
            redaction: self.redaction.clone(),
        })
    }
}

/// A file that is handed in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFile {
    /// Its name with its ending, which must be what its bytes are.
    #[schemars(length(min = 1, max = 255))]
    pub(super) name: String,
    /// Its bytes in Base64 (RFC 4648, section 4).
    #[schemars(length(min = 1, max = 12_000_000))]
    pub(super) content: String,
}

/// A new item of evidence: a draft until it is handed in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewItem {
    pub(super) content: ItemContent,
    /// How long it is kept.
    #[serde(default = "usual_retention")]
    #[schemars(extend("enum" = RETENTION))]
    pub(super) retention: String,
    /// Controls that it serves.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 40)))]
    pub(super) controls: Vec<String>,
    /// Its files; 16 MiB in all, as they are written here. Larger ones go through the pages.
    #[schemars(length(min = 1, max = 20))]
    pub(super) files: Vec<NewFile>,
}

fn usual_retention() -> String {
    RETENTION[0].to_owned()
}

/// A new version of an item.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVersion {
    pub(super) content: ItemContent,
    /// Files of the version before that stay, by their number there.
    #[serde(default)]
    #[schemars(length(max = 50), inner(range(min = 1)))]
    pub(super) keep: Vec<i64>,
    /// Files that are new.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub(super) files: Vec<NewFile>,
    /// Why; may be left out while the item is a draft.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    pub(super) reason: String,
}

/// Which controls an item serves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Served {
    #[schemars(length(max = 100), inner(length(min = 1, max = 40)))]
    pub(super) controls: Vec<String>,
}

/// A file of an item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct File {
    /// Its number in the version, from 1.
    pub(super) number: i64,
    pub(super) name: String,
    /// As its bytes say.
    pub(super) media_type: String,
    /// In bytes.
    pub(super) size: u64,
}

impl From<&ItemFile> for File {
    fn from(file: &ItemFile) -> Self {
        Self {
            number: file.seq,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
        }
    }
}

/// An item of evidence, as it is now.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct EvidenceItem {
    pub(super) key: i64,
    /// `draft`, `submitted`, `accepted`, `returned` or `withdrawn`.
    pub(super) state: String,
    /// Number of the newest version.
    pub(super) version: i64,
    pub(super) content: ItemContent,
    pub(super) retention: String,
    pub(super) controls: Vec<String>,
    pub(super) files: Vec<File>,
    pub(super) made_by: String,
    pub(super) made_at: String,
    /// Who handed in the newest version; null if nobody has.
    pub(super) submitted_by: Option<String>,
    /// Who accepted or returned it last.
    pub(super) decided_by: Option<String>,
}

impl From<&Item> for EvidenceItem {
    fn from(item: &Item) -> Self {
        Self {
            key: item.key.0,
            state: item.state.word().to_owned(),
            version: item.version.number,
            content: ItemContent::from(&item.version.description),
            retention: item.retention.clone(),
            controls: item.controls.iter().map(ToString::to_string).collect(),
            files: item.version.files.iter().map(Into::into).collect(),
            made_by: item.made_by.to_string(),
            made_at: item.made_at.to_string(),
            submitted_by: item.submitted.map(|(who, _)| who.to_string()),
            decided_by: item.decided.map(|(who, _)| who.to_string()),
        }
    }
}

/// One version of an item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ItemVersion {
    /// Its number, from 1.
    pub(super) version: i64,
    /// From when.
    pub(super) since: String,
    pub(super) by: String,
    /// Why it took the place of the one before; may be empty.
    pub(super) reason: String,
    pub(super) content: ItemContent,
    pub(super) files: Vec<File>,
}

impl From<&Version> for ItemVersion {
    fn from(version: &Version) -> Self {
        Self {
            version: version.number,
            since: version.at.to_string(),
            by: version.by.to_string(),
            reason: version.reason.clone(),
            content: ItemContent::from(&version.description),
            files: version.files.iter().map(Into::into).collect(),
        }
    }
}

/// Something that happened to an item.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ItemEvent {
    /// Its number, from 1.
    pub(super) number: usize,
    pub(super) at: String,
    pub(super) by: String,
    /// `opened`, `revise`, `submit`, `accept`, `return`, `withdraw`, `linked` or `unlinked`.
    pub(super) event: String,
    /// The version that it was about.
    pub(super) version: i64,
    /// The control, for links; empty else.
    pub(super) control: String,
    /// What a person wrote; may be empty.
    pub(super) note: String,
}

impl ItemEvent {
    pub(super) fn of((at, happening): (usize, &Happening)) -> Self {
        Self {
            number: at + 1,
            at: happening.at.to_string(),
            by: happening.by.to_string(),
            event: happening.event.clone(),
            version: happening.version,
            control: happening.about.clone(),
            note: happening.note.clone(),
        }
    }
}

impl Taken for Served {}
impl Taken for NewItem {
    const BYTES: usize = FILES_BYTES;
}
impl Taken for NewVersion {
    const BYTES: usize = FILES_BYTES;
}
