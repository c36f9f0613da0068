//! Names of files in a bundle.

use crate::Hash;
use crate::tile::TilePath;

/// Length from which a name is refused.
pub(super) const MAX_NAME_BYTES: usize = 240;

pub(super) const MANIFEST: &str = "MANIFEST.json";
/// A signed note over the digest of the manifest, so that no byte of a bundle can change unnoticed.
pub(super) const MANIFEST_SIGNATURE: &str = "MANIFEST.sig";
/// The manifest in a DSSE envelope, for tools that read in-toto statements.
pub(super) const MANIFEST_ENVELOPE: &str = "MANIFEST.dsse.json";
pub(super) const README: &str = "README.txt";
pub(super) const POLICY: &str = "policy";
pub(super) const CHECKPOINT: &str = "checkpoint.latest";
pub(super) const CHECKPOINT_A: &str = "checkpoint.a";
pub(super) const CHECKPOINT_B: &str = "checkpoint.b";
pub(super) const CONSISTENCY: &str = "consistency.txt";
pub(super) const SALTS: &str = "salts.json";
/// Folder of timestamps: files that vouch for themselves.
pub(super) const TIMESTAMPS: &str = "tsa";
/// Signed statements that one key of the log follows another.
pub(super) const ROTATIONS: &str = "rotations.json";
/// Failing and unseen stretches as the operator's index has them.
pub(super) const STRETCHES: &str = "history/stretches.csv";
/// What the identities in populations stand for.
pub(super) const TARGETS: &str = "history/targets.json";

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// One of the fixed names.
    Structure,
    /// Bytes of a cited entry.
    Leaf(u64),
    /// Its inclusion proof.
    Proof(u64),
    /// Part of the log in the tile layout.
    Tile(TilePath),
    /// A released artifact.
    Blob(Hash),
    /// A pack of objects that entries name by digest.
    Objects,
    /// Texts that entries commit to.
    Records,
    /// Inside a folder of the format, but not a name of the format.
    Misplaced,
    /// Anything else: carried along.
    Other,
}

pub(super) fn classify(name: &str) -> FileKind {
    match name {
        MANIFEST | MANIFEST_SIGNATURE | MANIFEST_ENVELOPE | README | POLICY | CHECKPOINT | CHECKPOINT_A
        | CHECKPOINT_B | CONSISTENCY | SALTS | ROTATIONS | STRETCHES | TARGETS => {
            return FileKind::Structure;
        }
        _ => {}
    }
    let (folder, rest) = name.split_once('/').unwrap_or(("", name));
    let kind = match folder {
        "leaves" => rest.strip_suffix(".json").and_then(index).map(FileKind::Leaf),
        "proofs" => rest.strip_suffix(".tlog-proof").and_then(index).map(FileKind::Proof),
        "tile" => TilePath::parse(name).ok().map(FileKind::Tile),
        "blobs" => blob(rest).map(FileKind::Blob),
        "history" => is_pack(rest).then_some(FileKind::Objects),
        "records" => number(rest, ".json", records_name).then_some(FileKind::Records),
        _ => Some(FileKind::Other),
    };
    kind.unwrap_or(FileKind::Misplaced)
}

/// Whether a file is the manifest, or stands beside it and so cannot be named by it.
pub(super) fn is_of_manifest(name: &str) -> bool {
    matches!(name, MANIFEST | MANIFEST_SIGNATURE | MANIFEST_ENVELOPE)
}

pub(super) fn leaf_name(index: u64) -> String {
    format!("leaves/{index}.json")
}

pub(super) fn proof_name(index: u64) -> String {
    format!("proofs/{index}.tlog-proof")
}

pub(super) fn blob_name(digest: &Hash) -> String {
    let hex = digest.hex();
    format!("blobs/sha256/{}/{hex}", &hex[..2])
}

pub(super) fn objects_name(number: usize) -> String {
    format!("history/{number:04}.objects")
}

pub(super) fn records_name(number: usize) -> String {
    format!("records/{number:04}.json")
}

fn is_pack(rest: &str) -> bool {
    number(rest, ".objects", objects_name)
}

/// Tells whether the rest of a name is a number in its one spelling.
fn number(rest: &str, ending: &str, name: fn(usize) -> String) -> bool {
    rest.strip_suffix(ending)
        .and_then(|digits| digits.parse::<usize>().ok())
        .is_some_and(|number| name(number).split_once('/').is_some_and(|(_, expected)| expected == rest))
}

fn index(digits: &str) -> Option<u64> {
    digits.parse::<u64>().ok().filter(|index| index.to_string() == digits)
}

fn blob(rest: &str) -> Option<Hash> {
    let (folder, hex) = rest.strip_prefix("sha256/")?.split_once('/')?;
    Hash::parse_hex(hex).ok().filter(|_| hex.starts_with(folder) && folder.len() == 2)
}

/// Whether a file of this name lands where it says on every system: relative, plain ASCII, no way up, no empty or
/// dotted parts, nothing a shell or a file system treats specially.
#[must_use]
pub fn is_safe_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let part = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && part.bytes().all(plain)
    };
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let digest = Hash::of(b"");
        assert_eq!(classify(&leaf_name(12)), FileKind::Leaf(12));
        assert_eq!(classify(&proof_name(0)), FileKind::Proof(0));
        assert_eq!(classify(&blob_name(&digest)), FileKind::Blob(digest));
        assert!(matches!(classify("tile/entries/000.p/3"), FileKind::Tile(_)));
        assert_eq!(classify("report/readiness.pdf"), FileKind::Other);
        assert_eq!(classify("salts.json"), FileKind::Structure);
        assert_eq!(classify(&objects_name(12)), FileKind::Objects);
        for misplaced in [
            "leaves/012.json",
            "leaves/x.json",
            "leaves/1",
            "proofs/1",
            "tile/0/1",
            "blobs/x",
            "blobs/sha256/00/e3b0",
            "history/1.objects",
            "history/0001.pack",
            "history/other.csv",
        ] {
            assert_eq!(classify(misplaced), FileKind::Misplaced, "{misplaced}");
        }
    }

    #[test]
    fn unsafe_names_are_refused() {
        for name in ["report/readiness.pdf", "tile/0/x001/002.p/1", "MANIFEST.json"] {
            assert!(is_safe_name(name), "{name}");
        }
        let long = "a".repeat(MAX_NAME_BYTES + 1);
        for name in [
            "",
            "/",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            "./a",
            "a\\b",
            "C:/x",
            "C:x",
            "a\0b",
            "a\nb",
            "é",
            ".hidden",
            "trailing.",
            "a b",
            "~root",
            &long,
        ] {
            assert!(!is_safe_name(name), "{name:?}");
        }
    }
}
