//! Passwords that are known from accounts that were broken into: a file of the operator, looked into when one is chosen.
//!
//! Each line begins with a SHA-1 digest in hexadecimal digits, and the lines are in order; what follows the digest, such as how
//! often it was seen, is passed over. That is how the public collections come. A file may be far larger than memory: a
//! password is looked for by halving, in some forty short reads, and nothing leaves the machine.
//!
//! Source: NIST SP 800-63B-4 section 3.1.1.2; `docs/domain/identity.md` section 1.3.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tickmark_core::identity::password::Password;

use crate::{Error, Result};

/// Hexadecimal digits of a digest.
const DIGITS: usize = 40;
/// Longest line, in bytes.
const MAX_LINE_BYTES: usize = 128;
/// Places at which a file is looked at before it is taken, to see that it is in order.
const SAMPLES: u64 = 1_000;

/// A file of such passwords.
#[derive(Clone, Debug)]
pub struct BrokenPasswords {
    path: PathBuf,
}

type Digits = [u8; DIGITS];

impl BrokenPasswords {
    /// Takes a file, after looking whether it is one.
    ///
    /// # Errors
    /// `Invalid` if it cannot be read, or its lines are no digests in order.
    pub fn take(path: PathBuf) -> Result<Self> {
        let said =
            |what: &str| Error::invalid(format!("the file of broken passwords {}: {what}", path.display()));
        let mut lines = Lines::open(&path).map_err(|error| said(&error.to_string()))?;
        let mut before: Option<Digits> = None;
        for sample in 0..SAMPLES {
            let near = lines.bytes / SAMPLES * sample;
            let Some((_, found)) = lines.after(near).map_err(|error| said(&error.to_string()))? else {
                continue;
            };
            if before.is_some_and(|before| before > found) {
                return Err(said("its lines are not in order of the digests"));
            }
            before = Some(found);
        }
        if before.is_none() {
            return Err(said("it is empty"));
        }
        Ok(Self { path })
    }

    /// Tells whether a password is in it.
    pub(crate) async fn holds(&self, password: &Password) -> Result<bool> {
        let wanted = digits(password.bytes());
        let path = self.path.clone();
        let found = tokio::task::spawn_blocking(move || Lines::open(&path)?.hold(&wanted)).await;
        found
            .map_err(|error| Error::internal("looking into the file of broken passwords", error))?
            .map_err(|error| Error::internal("reading the file of broken passwords", error))
    }
}

fn digits(password: &[u8]) -> Digits {
    let mut digits = [0; DIGITS];
    hex::encode_to_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, password), &mut digits)
        .expect("SHA-1 has 20 bytes");
    digits
}

/// A file of lines that begin with digests in order.
struct Lines {
    file: File,
    bytes: u64,
}

impl Lines {
    fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }

    fn hold(&mut self, wanted: &Digits) -> std::io::Result<bool> {
        // The line begins at `low` or later, and before `high`.
        let (mut low, mut high) = (0, self.bytes);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.after(middle)?.filter(|(at, _)| *at < high) {
                None => high = middle,
                Some((at, found)) => match found.cmp(wanted) {
                    std::cmp::Ordering::Equal => return Ok(true),
                    std::cmp::Ordering::Less => low = at + 1,
                    std::cmp::Ordering::Greater => high = middle,
                },
            }
        }
        Ok(false)
    }

    /// Returns the first line that begins at `at` or later: where, and its digest.
    fn after(&mut self, at: u64) -> std::io::Result<Option<(u64, Digits)>> {
        let mut begins = 0;
        if at > 0 {
            // A line begins after the end of another one, which may be the byte before.
            let part = self.read(at - 1)?;
            match part.iter().position(|byte| *byte == b'\n') {
                Some(end) => begins = at + end as u64,
                None if part.len() < MAX_LINE_BYTES => return Ok(None),
                None => return Err(unfit()),
            }
        }
        if begins >= self.bytes {
            return Ok(None);
        }
        let line = self.read(begins)?;
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let mut digits: Digits =
            line.get(..DIGITS).and_then(|part| part.try_into().ok()).ok_or_else(unfit)?;
        let is_whole = line.get(DIGITS).is_none_or(|next| !next.is_ascii_hexdigit());
        if !is_whole || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(unfit());
        }
        digits.make_ascii_lowercase();
        Ok(Some((begins, digits)))
    }

    fn read(&mut self, at: u64) -> std::io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(at))?;
        let mut part = Vec::with_capacity(MAX_LINE_BYTES);
        self.file.by_ref().take(MAX_LINE_BYTES as u64).read_to_end(&mut part)?;
        Ok(part)
    }
}

fn unfit() -> std::io::Error {
    std::io::Error::new(
        std::io::ErrorKind::InvalidData,
        "a line does not begin with a SHA-1 digest of 40 hexadecimal digits",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("broken.txt");
        std::fs::write(&path, text).expect("written");
        path
    }

    fn lines(passwords: &[String], end: &str) -> String {
        let mut all: Vec<String> = passwords
            .iter()
            .map(|word| String::from_utf8(digits(word.as_bytes()).to_vec()).expect("ASCII").to_uppercase())
            .collect();
        all.sort();
        all.iter().enumerate().map(|(at, digest)| format!("{digest}:{}{end}", at * 37)).collect()
    }

    #[test]
    fn each_line_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().expect("scratch");
        // A known value: SHA-1 of "password".
        assert_eq!(&digits(b"password"), b"5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8");
        for (many, end) in [(1, "\n"), (2, "\r\n"), (3, "\n"), (1_500, "\r\n")] {
            let words: Vec<String> = (0..many).map(|n| format!("word {n}")).collect();
            for text in [lines(&words, end), lines(&words, end).trim_end().to_owned()] {
                let path = written(folder.path(), &text);
                BrokenPasswords::take(path.clone()).expect("taken");
                let mut file = Lines::open(&path).expect("open");
                for word in &words {
                    assert!(file.hold(&digits(word.as_bytes())).expect("read"), "{word} of {many}");
                }
                for other in 0..200 {
                    let wanted = digits(format!("other {other}").as_bytes());
                    assert!(!file.hold(&wanted).expect("read"), "{other} of {many}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let folder = tempfile::tempdir().expect("scratch");
        let says = |path: PathBuf| BrokenPasswords::take(path).expect_err("refused").to_string();
        assert!(says(folder.path().join("none")).contains("none"));
        assert!(says(written(folder.path(), "")).contains("it is empty"));
        assert!(says(written(folder.path(), "password\n")).contains("40 hexadecimal digits"));
        assert!(
            says(written(folder.path(), &format!("{}\n", "ab".repeat(32)))).contains("40 hexadecimal digits")
        );
        let words: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let sorted = lines(&words, "\n");
        let mut turned: Vec<&str> = sorted.lines().collect();
        turned.reverse();
        assert!(says(written(folder.path(), &turned.join("\n"))).contains("not in order"));
    }
}
