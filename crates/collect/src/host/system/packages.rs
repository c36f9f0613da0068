//! Reads `/var/lib/dpkg/status`.

use std::collections::BTreeMap;

use tickmark_core::observation::host::system::Package;

use crate::host::text::sorted;

/// Packages that bring services with clear-text logins.
const INSECURE: [&str; 19] = [
    "telnetd",
    "telnet-server",
    "inetutils-telnetd",
    "rsh-server",
    "rsh-redone-server",
    "tftpd",
    "tftpd-hpa",
    "atftpd",
    "tftp-server",
    "vsftpd",
    "proftpd",
    "proftpd-basic",
    "proftpd-core",
    "pure-ftpd",
    "ftpd",
    "inetutils-ftpd",
    "nis",
    "ypserv",
    "rwhod",
];

/// What the status file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Status {
    pub(crate) installed: Vec<Package>,
    pub(crate) broken: Vec<String>,
    pub(crate) held: Vec<String>,
}

/// Reads package paragraphs. Only four fields are looked at; descriptions make up most of the file.
pub(crate) fn observe(bytes: &[u8], native: &str) -> Status {
    let mut status = Status::default();
    let mut paragraph = Paragraph::default();
    for line in bytes.split(|byte| *byte == b'\n').chain([&b""[..]]) {
        if line.is_empty() {
            paragraph.file(&mut status, native);
            paragraph = Paragraph::default();
        } else if let Some(value) = line.strip_prefix(b"Package: ") {
            paragraph.name = text(value);
        } else if let Some(value) = line.strip_prefix(b"Status: ") {
            paragraph.status = text(value);
        } else if let Some(value) = line.strip_prefix(b"Version: ") {
            paragraph.version = text(value);
        } else if let Some(value) = line.strip_prefix(b"Architecture: ") {
            paragraph.architecture = text(value);
        }
    }
    status.installed.sort_by(|one, two| (&one.name, &one.version).cmp(&(&two.name, &two.version)));
    status.broken = sorted(status.broken);
    status.held = sorted(status.held);
    status
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[derive(Default)]
struct Paragraph {
    name: String,
    status: String,
    version: String,
    architecture: String,
}

impl Paragraph {
    fn file(&self, status: &mut Status, native: &str) {
        let mut words = self.status.split_whitespace();
        let (Some(wanted), Some(_), Some(state)) = (words.next(), words.next(), words.next()) else { return };
        let is_foreign = self.architecture != "all" && !native.is_empty() && self.architecture != native;
        let name =
            if is_foreign { format!("{}:{}", self.name, self.architecture) } else { self.name.clone() };
        match state {
            "installed" => {
                if wanted == "hold" {
                    status.held.push(name.clone());
                }
                status.installed.push(Package { name, version: self.version.clone() });
            }
            "not-installed" | "config-files" => {}
            _ => status.broken.push(name),
        }
    }
}

/// Names installed packages with clear-text services.
pub(crate) fn insecure(installed: &[Package]) -> Vec<String> {
    let names = installed.iter().map(|package| package.name.clone());
    names.filter(|name| INSECURE.contains(&name.as_str())).collect()
}

/// Versions by name.
pub(crate) fn by_name(installed: &[Package]) -> BTreeMap<String, String> {
    installed.iter().map(|package| (package.name.clone(), package.version.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_packages_count() {
        let text = b"Package: b\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2-3\nDescription: x\n Version: 9\n\nPackage: a\nStatus: hold ok installed\nArchitecture: all\nVersion: 1\n\nPackage: c\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\nPackage: d\nStatus: install reinstreq half-configured\nArchitecture: i386\nVersion: 1\n\nPackage: telnetd\nStatus: install ok installed\nArchitecture: i386\nVersion: 1";
        let status = observe(text, "amd64");
        let names: Vec<_> =
            status.installed.iter().map(|package| format!("{} {}", package.name, package.version)).collect();
        assert_eq!(names, ["a 1", "b 1:2-3", "telnetd:i386 1"]);
        assert_eq!(status.broken, ["d:i386"]);
        assert_eq!(status.held, ["a"]);
        assert_eq!(observe(b"\xff\n\nPackage\n", ""), Status::default());
    }
}
