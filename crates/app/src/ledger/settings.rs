//! Where checkpoints go: section `[ledger]` of the settings.
//!
//! Secrets stand in files of their own, so nothing here is secret and everything may be printed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use serde::Deserialize;
use tickmark_ledger::note::VerifierKey;
use tickmark_ledger::timestamp::Roots;

use crate::{Error, Result};

/// Places, authorities and witnesses of each kind, at most.
const MAX_PLACES: usize = 16;
/// Length from which the name of a witness' key is refused: sixteen of them fit into one entry.
const MAX_WITNESS_NAME_BYTES: usize = 200;
/// Seconds that an agent may take at most: no checkpoint is signed meanwhile, and no key changed.
const MAX_SIGNER_SECONDS: u32 = 30;
/// Size from which a file of a secret or of certificates is refused.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Section `[ledger]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerSettings {
    /// Hosts that may be contacted, as `host` or `host:port`. Nothing else ever is.
    pub allowed_hosts: Vec<String>,
    /// Minutes between two publications of `serve`.
    pub publish_every_minutes: u32,
    /// Hours between two timestamps of one authority.
    pub anchor_every_hours: u32,
    /// Hours without an answer of somebody outside after which people are told.
    pub alert_after_hours: u32,
    /// How many witnesses make a checkpoint witnessed: `any`, `all` or a number.
    pub quorum: String,
    /// Folders on other disks.
    pub file: Vec<FileTarget>,
    /// Addresses that take a POST.
    pub webhook: Vec<WebhookTarget>,
    /// Mailboxes.
    pub mail: Vec<MailTarget>,
    /// Time-stamping authorities (RFC 3161).
    pub authority: Vec<AuthoritySettings>,
    /// Witnesses (C2SP `tlog-witness`).
    pub witness: Vec<WitnessSettings>,
    /// A program on this machine that holds signing keys; files in the data folder hold them where there is none.
    pub signer: Option<SignerSettings>,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            publish_every_minutes: 10,
            anchor_every_hours: 24,
            alert_after_hours: 24,
            quorum: "all".to_owned(),
            file: Vec::new(),
            webhook: Vec::new(),
            mail: Vec::new(),
            authority: Vec::new(),
            witness: Vec::new(),
            signer: None,
        }
    }
}

/// `[ledger.signer]`: an agent of the SSH agent protocol.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignerSettings {
    /// Its socket.
    pub socket: PathBuf,
    /// The public key that new logs, and the next key of a log, get: a line as `ssh-add -L` prints it, `ssh-ed25519 …`. If it
    /// is left out they get files; the agent is asked for keys that no file holds.
    #[serde(default)]
    pub public_key: Option<String>,
    /// Seconds that a signature may take, at most 30.
    #[serde(default = "signer_seconds")]
    pub timeout_seconds: u32,
}

fn signer_seconds() -> u32 {
    5
}

/// One `[[ledger.file]]`: a folder, best on another disk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTarget {
    /// Name of the place.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
}

/// One `[[ledger.webhook]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookTarget {
    /// Name of the place.
    pub name: String,
    /// Where to post.
    pub url: String,
    /// File with the secret that signs what is posted.
    pub secret_file: PathBuf,
}

/// One `[[ledger.mail]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailTarget {
    /// Name of the place.
    pub name: String,
    /// The mail server, `host` or `host:port`.
    pub server: String,
    /// How the connection is protected.
    #[serde(default)]
    pub security: MailSecurity,
    /// File with the only root certificates in PEM to which the server's may lead; the public ones when left out.
    #[serde(default)]
    pub roots_file: Option<PathBuf>,
    /// User at the mail server, if it asks for one.
    #[serde(default)]
    pub user: Option<String>,
    /// File with the user's password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Sender.
    pub from: String,
    /// Receiver.
    pub to: String,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// STARTTLS, usually on port 587.
    #[default]
    Starttls,
    /// TLS from the first byte, usually on port 465.
    Tls,
    /// None; only to this machine.
    None,
}

/// One `[[ledger.authority]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthoritySettings {
    /// Name of the authority.
    pub name: String,
    /// Where to post requests.
    pub url: String,
    /// File with its root certificates in PEM.
    pub roots_file: PathBuf,
}

/// One `[[ledger.witness]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessSettings {
    /// Address; requests go to `add-checkpoint` below it.
    pub url: String,
    /// Its key, `name+id+base64`.
    pub key: String,
}

/// A secret, read from its file or from where it is kept sealed. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text that was kept elsewhere.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl LedgerSettings {
    /// Refuses settings that cannot be meant.
    ///
    /// # Errors
    /// `Invalid`, with the name of what is wrong.
    pub fn validate(&self) -> Result<()> {
        let invalid = |what: String| Err(Error::invalid(format!("settings, [ledger]: {what}")));
        let lists = [
            self.file.len(),
            self.webhook.len(),
            self.mail.len(),
            self.authority.len(),
            self.witness.len(),
            self.allowed_hosts.len() / 4,
        ];
        if lists.iter().any(|count| *count > MAX_PLACES) {
            return invalid(format!("more than {MAX_PLACES} places of a kind"));
        }
        if self.publish_every_minutes == 0 || self.anchor_every_hours == 0 || self.alert_after_hours == 0 {
            return invalid("an interval of 0".to_owned());
        }
        if let Some(signer) = &self.signer {
            if !signer.socket.is_absolute() {
                return invalid("the socket of signer is not an absolute path".to_owned());
            }
            if !(1..=MAX_SIGNER_SECONDS).contains(&signer.timeout_seconds) {
                return invalid(format!("signer, timeout_seconds: not 1 to {MAX_SIGNER_SECONDS}"));
            }
            if signer.public_key.as_deref().is_some_and(|line| super::agent::public_key_of(line).is_none()) {
                return invalid("signer, public_key: not a line of the form ssh-ed25519 BASE64".to_owned());
            }
        }
        let mut names = BTreeSet::new();
        let named = (self.file.iter().map(|place| &place.name))
            .chain(self.webhook.iter().map(|place| &place.name))
            .chain(self.mail.iter().map(|place| &place.name))
            .chain(self.authority.iter().map(|place| &place.name));
        for name in named {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || name.len() > 40 || !name.bytes().all(plain) {
                return invalid(format!("{name:?} is not a name of 1 to 40 small letters, digits and -"));
            }
            if !names.insert(name) {
                return invalid(format!("{name:?} is the name of two places"));
            }
        }
        if let Some(place) = self.file.iter().find(|place| !place.folder.is_absolute()) {
            return invalid(format!("the folder of {:?} is not an absolute path", place.name));
        }
        let urls = (self.webhook.iter().map(|place| &place.url))
            .chain(self.authority.iter().map(|place| &place.url))
            .chain(self.witness.iter().map(|place| &place.url));
        for url in urls {
            if let Err(problem) = self.check_url(url) {
                return invalid(format!("{url:?} {problem}"));
            }
        }
        for place in &self.mail {
            if !self.allows(&place.server) {
                return invalid(format!("mail server {:?} is not one of allowed_hosts", place.server));
            }
            if place.security == MailSecurity::None && !is_loopback(&place.server) {
                return invalid(format!("mail to {:?} would go unprotected", place.server));
            }
        }
        let keys = self.witness_keys()?;
        if self.quorum_of(keys.len()).is_none() {
            return invalid(format!("quorum {:?} is not any, all or 1 to {}", self.quorum, keys.len()));
        }
        Ok(())
    }

    /// Returns the keys of the witnesses in their order.
    ///
    /// # Errors
    /// `Invalid` if one is not the key of a witness.
    pub fn witness_keys(&self) -> Result<Vec<VerifierKey>> {
        let key = |witness: &WitnessSettings| {
            let key = witness.key.parse::<VerifierKey>();
            let is_fit =
                |key: &VerifierKey| key.algorithm().cosigns() && key.name().len() <= MAX_WITNESS_NAME_BYTES;
            let key = key.ok().filter(is_fit);
            key.ok_or_else(|| {
                Error::invalid(format!("settings, [ledger]: {:?} is not the key of a witness", witness.key))
            })
        };
        self.witness.iter().map(key).collect()
    }

    /// Returns how many of `count` witnesses are needed.
    #[must_use]
    pub(super) fn quorum_of(&self, count: usize) -> Option<usize> {
        match self.quorum.as_str() {
            "all" => Some(count),
            "any" => Some(count.min(1)),
            number => number.parse().ok().filter(|number| (1..=count).contains(number)),
        }
    }

    /// Whether anything is to leave the building.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.file.is_empty()
            && self.webhook.is_empty()
            && self.mail.is_empty()
            && self.authority.is_empty()
            && self.witness.is_empty()
    }

    fn allows(&self, host: &str) -> bool {
        self.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }

    fn check_url(&self, url: &str) -> Result<(), &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or("is not an address")?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
        if host.is_empty() || !host.bytes().all(plain) || rest.contains(char::is_whitespace) {
            return Err("has no plain host");
        }
        match scheme {
            "https" => {}
            "http" if is_loopback(host) => {}
            "http" => return Err("is not protected: use https"),
            _ => return Err("is neither https nor http"),
        }
        if self.allows(host) { Ok(()) } else { Err("has a host that is not one of allowed_hosts") }
    }
}

/// Tells whether a host, with or without a port, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// Reads a secret from its file.
///
/// # Errors
/// If it cannot be read, or is empty.
pub(crate) fn read_secret(file: &Path) -> Result<Secret> {
    let bytes = read_file(file)?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    match text.trim() {
        "" => Err(Error::invalid(format!("{} holds no secret", file.display()))),
        secret => Ok(Secret(secret.to_owned())),
    }
}

/// Reads the roots of an authority.
///
/// # Errors
/// If they cannot be read.
pub(super) fn read_roots(authority: &AuthoritySettings) -> Result<Roots> {
    let file = &authority.roots_file;
    Roots::from_pem(&read_file(file)?).map_err(|error| Error::invalid(format!("{}: {error}", file.display())))
}

fn read_file(file: &Path) -> Result<Vec<u8>> {
    let unavailable = |source| Error::Unavailable {
        what: format!("{} cannot be read", file.display()),
        source: Some(Box::new(source)),
    };
    if fs::metadata(file).map_err(unavailable)?.len() > MAX_FILE_BYTES {
        return Err(Error::invalid(format!("{} has more than {MAX_FILE_BYTES} bytes", file.display())));
    }
    fs::read(file).map_err(unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, hosts: &[&str]) -> LedgerSettings {
        LedgerSettings {
            allowed_hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            webhook: vec![WebhookTarget {
                name: "hook".into(),
                url: url.into(),
                secret_file: "/secret".into(),
            }],
            ..LedgerSettings::default()
        }
    }

    #[test]
    fn only_allowed_hosts_are_contacted() {
        for (url, hosts, expected) in [
            ("https://a.example/x", &["a.example"][..], None),
            ("https://A.example:8443/x", &["a.example:8443"], None),
            ("http://127.0.0.1:9/x", &["127.0.0.1:9"], None),
            ("https://a.example/x", &[], Some("allowed_hosts")),
            ("https://a.example:444/x", &["a.example"], Some("allowed_hosts")),
            ("https://a.example@b.example/", &["a.example"], Some("no plain host")),
            ("http://a.example/", &["a.example"], Some("use https")),
            ("http://127.0.0.1.a.example/", &["127.0.0.1.a.example"], Some("use https")),
            ("ftp://a.example/", &["a.example"], Some("neither")),
            ("a.example", &["a.example"], Some("not an address")),
        ] {
            let answer = settings(url, hosts).validate().map_err(|error| error.to_string());
            match expected {
                None => assert_eq!(answer, Ok(()), "{url}"),
                Some(part) => {
                    assert!(answer.clone().is_err_and(|error| error.contains(part)), "{url}: {answer:?}")
                }
            }
        }
    }

    #[test]
    fn contradictions_are_named() {
        let mut twice = settings("https://a.example/", &["a.example"]);
        twice.webhook.push(twice.webhook[0].clone());
        assert!(twice.validate().is_err_and(|error| error.to_string().contains("two places")));
        let quorum = LedgerSettings { quorum: "2".into(), ..LedgerSettings::default() };
        assert!(quorum.validate().is_err_and(|error| error.to_string().contains("quorum")));
        LedgerSettings::default().validate().expect("nothing is fine");
    }
}
