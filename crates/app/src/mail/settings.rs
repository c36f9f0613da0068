//! How mail to people goes out: section `[mail]` of the settings. The password stands in a file of its own, or is kept sealed,
//! so nothing here is secret.

use std::path::PathBuf;

use serde::Deserialize;
use tickmark_core::identity::Email;

use crate::ledger::{MailSecurity, MailTarget, is_loopback};
use crate::{Error, Result};

/// Section `[mail]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
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
    /// File with the user's password; the one that `tickmark mail password` keeps when left out.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Sender: an address, or a name with one as in `Tickmark <tickmark@example.com>`.
    pub from: String,
    /// Where people reach the pages, for the links in letters. `serve --url` says so too.
    #[serde(default)]
    pub address: Option<String>,
}

impl MailSettings {
    /// Refuses settings that cannot be meant.
    ///
    /// # Errors
    /// `Invalid`, with the name of what is wrong.
    pub fn validate(&self) -> Result<()> {
        let invalid = |what: String| Err(Error::invalid(format!("settings, [mail]: {what}")));
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
        if self.server.is_empty() || !self.server.bytes().all(plain) {
            return invalid(format!("server {:?} is no host", self.server));
        }
        if self.security == MailSecurity::None && !is_loopback(&self.server) {
            return invalid(format!("mail to {:?} would go unprotected", self.server));
        }
        if self.user.is_none() && self.password_file.is_some() {
            return invalid("password_file needs a user".to_owned());
        }
        if self.sender().parse::<Email>().is_err() {
            return invalid(format!("from {:?} is no address", self.from));
        }
        if let Some(address) = &self.address {
            let is_meant =
                address.starts_with("https://") || address.strip_prefix("http://").is_some_and(is_loopback);
            if !is_meant
                || address.ends_with('/')
                || address.chars().any(|c| c.is_whitespace() || c.is_control())
            {
                return invalid(format!("address {address:?} is not like https://tickmark.example.com"));
            }
        }
        Ok(())
    }

    /// Returns the sender's address without their name.
    fn sender(&self) -> &str {
        match self.from.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((_, address)) => address,
            None => &self.from,
        }
    }

    /// Returns the domain of the sender.
    pub(super) fn domain(&self) -> &str {
        self.sender().rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }

    /// Returns how a letter gets to an address.
    #[must_use]
    pub fn to(&self, recipient: &str) -> MailTarget {
        MailTarget {
            name: "mail".to_owned(),
            server: self.server.clone(),
            security: self.security,
            roots_file: self.roots_file.clone(),
            user: self.user.clone(),
            password_file: self.password_file.clone(),
            from: self.from.clone(),
            to: recipient.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> MailSettings {
        MailSettings {
            server: "mail.example.com:587".into(),
            security: MailSecurity::Starttls,
            roots_file: None,
            user: Some("tickmark".into()),
            password_file: Some("/etc/tickmark/mail-password".into()),
            from: "Tickmark <tickmark@example.com>".into(),
            address: Some("https://tickmark.example.com".into()),
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        settings().validate().expect("good");
        assert_eq!(settings().domain(), "example.com");
        type Change = fn(&mut MailSettings);
        let cases: [(Change, &str); 8] = [
            (|s| s.server.clear(), "no host"),
            (|s| s.server = "mail example".into(), "no host"),
            (|s| s.security = MailSecurity::None, "unprotected"),
            (|s| s.user = None, "needs a user"),
            (|s| s.from = "Tickmark".into(), "no address"),
            (|s| s.from = "Tickmark <a@b\r\nBcc: c@d>".into(), "no address"),
            (|s| s.address = Some("http://tickmark.example.com".into()), "https"),
            (|s| s.address = Some("https://tickmark.example.com/".into()), "https"),
        ];
        for (change, part) in cases {
            let mut settings = settings();
            change(&mut settings);
            let error = settings.validate().expect_err(part).to_string();
            assert!(error.contains(part), "{error}");
        }
        let local = MailSettings {
            server: "localhost:25".into(),
            security: MailSecurity::None,
            user: None,
            password_file: None,
            address: Some("http://127.0.0.1:7474".into()),
            ..settings()
        };
        local.validate().expect("a mail server on this machine");
    }
}
