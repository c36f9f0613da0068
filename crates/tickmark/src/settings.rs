//! Settings: `DATA/tickmark.toml`, overridden by the environment. Unknown keys are refused.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use tickmark_app::ledger::LedgerSettings;
use tickmark_app::mail::MailSettings;
use tickmark_store::Bucket;

use crate::failure::{Failure, Outcome};

/// Name of the file in the data folder.
const FILE: &str = "tickmark.toml";

/// What can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where the database is; the file in the data folder when left out.
    #[serde(default)]
    pub(crate) database: DatabaseSettings,
    /// Where checkpoints go.
    #[serde(default)]
    pub(crate) ledger: LedgerSettings,
    /// How mail to people goes out; none goes out when left out.
    #[serde(default)]
    pub(crate) mail: Option<MailSettings>,
    /// How people sign in.
    #[serde(default)]
    pub(crate) sign_in: SignInSettings,
    /// How evidence is kept.
    #[serde(default)]
    pub(crate) evidence: EvidenceSettings,
    /// In which bucket objects are kept; in the data folder when left out.
    #[serde(default)]
    pub(crate) objects: Option<ObjectsSettings>,
}

/// Section `[sign_in]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInSettings {
    /// Hosts of identity providers that may be asked although their addresses are not public, with a port where only that
    /// one is meant, e.g. `id.internal.example:8443`.
    #[serde(default)]
    pub(crate) private_hosts: Vec<String>,
    /// File of SHA-1 digests, one a line and in order, of passwords that nobody may choose: those known from accounts that
    /// were broken into.
    #[serde(default)]
    pub(crate) broken_passwords_file: Option<PathBuf>,
}

/// Section `[objects]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectsSettings {
    /// Address of the S3-compatible store, e.g. `https://s3.eu-central-1.amazonaws.com`.
    pub(crate) endpoint: String,
    /// Region that the store signs with.
    pub(crate) region: String,
    /// Name of the bucket.
    pub(crate) bucket: String,
    /// Folder in the bucket.
    #[serde(default)]
    pub(crate) prefix: String,
    /// Name of the key.
    pub(crate) access_key: String,
    /// File that holds the key.
    pub(crate) secret_key_file: PathBuf,
}

impl ObjectsSettings {
    /// Returns the bucket, with the key read from its file.
    pub(crate) fn bucket(&self) -> Outcome<Bucket> {
        let file = &self.secret_key_file;
        let secret = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        Ok(Bucket {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            name: self.bucket.clone(),
            prefix: self.prefix.clone(),
            access_key: self.access_key.clone(),
            secret_key: secret.trim().to_owned(),
        })
    }
}

/// Section `[evidence]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvidenceSettings {
    /// File of the wrapping keys, one a line, the one for new artifacts first. When left out, keys are made in the
    /// folder of keys.
    #[serde(default)]
    pub(crate) key_file: Option<PathBuf>,
    /// Gigabytes of evidence that each organization may have before files of people are refused; 500 when left out.
    #[serde(default)]
    pub(crate) quota_gb: Option<u32>,
}

/// Section `[database]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseSettings {
    /// Address of a PostgreSQL database, `postgres://user:password@host/name`. Also `TICKMARK_DATABASE_URL`.
    #[serde(default)]
    pub(crate) url: Option<Secret>,
    /// File that holds the address, so that it need not stand here.
    #[serde(default)]
    pub(crate) url_file: Option<String>,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Settings {
    /// Reads the settings of a data folder; a folder without the file has the defaults.
    pub(crate) fn read(data: &Path, environment: Option<String>) -> Outcome<Self> {
        let path = data.join(FILE);
        let mut settings = match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| Failure::input(format!("{}: {error}", path.display())))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => {
                return Err(Failure::Could(
                    anyhow::Error::from(error).context(format!("reading {}", path.display())),
                ));
            }
        };
        settings.ledger.validate().map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
        if let Some(mail) = &settings.mail {
            mail.validate().map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
        }
        if let Some(file) = settings.database.url_file.take() {
            let text = std::fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
            settings.database.url = Some(Secret(text.trim().to_owned()));
        }
        if let Some(url) = environment {
            settings.database.url = Some(Secret(url));
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused_and_secrets_are_not_printed() {
        let folder = tempfile::tempdir().expect("scratch");
        assert_eq!(Settings::read(folder.path(), None).expect("defaults"), Settings::default());
        let file = folder.path().join(FILE);
        std::fs::write(&file, "[database]\nurl = \"postgres://u:hunter2@h/d\"\n").expect("written");
        let settings = Settings::read(folder.path(), None).expect("read");
        assert!(!format!("{settings:?}").contains("hunter2"));
        std::fs::write(&file, "[database]\nuri = \"x\"\n").expect("written");
        let Err(Failure::Input(error)) = Settings::read(folder.path(), None) else { panic!("accepted") };
        assert!(error.to_string().contains("uri"), "{error}");
    }
}
