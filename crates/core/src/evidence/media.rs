//! What a file is, by its name and by its bytes; the two must agree.
//!
//! Files are looked at from outside only: nothing is unpacked, so nothing can grow. What a browser might run is kept as
//! bytes and shown as text. Source for the signatures: the specifications of the formats, as listed in the WHATWG MIME
//! Sniffing Standard.

/// Most characters of a file's name.
pub const NAME_CHARS: usize = 120;
/// Most pixels of a picture that is shown in a page: beyond, decoding costs a reader's machine more than it is worth.
pub const SHOWN_PIXELS: u64 = 80_000_000;
/// Names end like this at most.
const EXTENSION_CHARS: usize = 12;

/// How the content of a file can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shown {
    /// As a picture.
    Picture,
    /// As text, never as what it might be to a browser.
    Text,
    /// As pages, in a frame of its own that runs nothing.
    Pages,
    /// By another program.
    Elsewhere,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Its media type.
    pub media_type: &'static str,
    /// What people call it, with its article.
    pub words: &'static str,
    /// How it is shown.
    pub shown: Shown,
}

/// Why a file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Nothing is in it.
    #[error("{0} is empty")]
    Empty(String),
    /// Nobody can tell what it is.
    #[error("{0} has no ending that is known here; accepted are {ACCEPTED}")]
    UnknownEnding(String),
    /// It is what it does not say it is.
    #[error("{name} says it is {says}, and its bytes are those of {is}")]
    Lies {
        /// The file.
        name: String,
        /// What its name says.
        says: &'static str,
        /// What its bytes say.
        is: &'static str,
    },
    /// It could be run.
    #[error("{0} is a program; programs are not evidence, a text or a picture of what they show is")]
    Program(String),
    /// It hides others.
    #[error("{0} is an archive; hand in the files themselves, several at once if you like")]
    Archive(String),
    /// It holds what must stay with whoever has it.
    #[error("{0} holds a private key; take it out first")]
    PrivateKey(String),
}

/// What is accepted, in words.
pub const ACCEPTED: &str =
    "pictures (PNG, JPEG, GIF, WebP), PDF, text, CSV, JSON, XML, HTML and SVG as text, Office documents";

/// Endings of names for file choosers.
pub const ACCEPT: &str = ".png,.jpg,.jpeg,.gif,.webp,.pdf,.txt,.log,.md,.csv,.tsv,.json,.yaml,.yml,.toml,.ini,.conf,.cfg,\
    .eml,.xml,.html,.htm,.svg,.docx,.xlsx,.pptx,.odt,.ods,.odp";

const fn format(media_type: &'static str, words: &'static str, shown: Shown) -> Format {
    Format { media_type, words, shown }
}

const PNG: Format = format("image/png", "a PNG picture", Shown::Picture);
const JPEG: Format = format("image/jpeg", "a JPEG picture", Shown::Picture);
const GIF: Format = format("image/gif", "a GIF picture", Shown::Picture);
const WEBP: Format = format("image/webp", "a WebP picture", Shown::Picture);
const PDF: Format = format("application/pdf", "a PDF document", Shown::Pages);
const TEXT: Format = format("text/plain", "text", Shown::Text);
const CSV: Format = format("text/csv", "a CSV table", Shown::Text);
const JSON: Format = format("application/json", "JSON", Shown::Text);
const XML: Format = format("application/xml", "XML", Shown::Text);
const HTML: Format = format("text/html", "an HTML page", Shown::Text);
const SVG: Format = format("image/svg+xml", "an SVG drawing", Shown::Text);
const DOCX: Format = format(
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "an Office document",
    Shown::Elsewhere,
);
const XLSX: Format = format(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "an Office document",
    Shown::Elsewhere,
);
const PPTX: Format = format(
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "an Office document",
    Shown::Elsewhere,
);
const ODT: Format = format("application/vnd.oasis.opendocument.text", "an Office document", Shown::Elsewhere);
const ODS: Format =
    format("application/vnd.oasis.opendocument.spreadsheet", "an Office document", Shown::Elsewhere);
const ODP: Format =
    format("application/vnd.oasis.opendocument.presentation", "an Office document", Shown::Elsewhere);

const ALL: [Format; 17] =
    [PNG, JPEG, GIF, WEBP, PDF, TEXT, CSV, JSON, XML, HTML, SVG, DOCX, XLSX, PPTX, ODT, ODS, ODP];

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signature {
    Is(Format),
    /// A ZIP whose first entry is that of an Office document.
    Office,
    Archive,
    Program,
    Binary,
    Text,
}

impl Format {
    /// Recognizes a file by its name and its bytes.
    ///
    /// # Errors
    /// If they do not agree, or it is nothing that is accepted here.
    pub fn of(name: &str, bytes: &[u8]) -> Result<Self, MediaError> {
        let named = || name.to_owned();
        if bytes.is_empty() {
            return Err(MediaError::Empty(named()));
        }
        let ending = ending(name);
        let signature = signature(bytes);
        if signature == Signature::Program || is_program(&ending) {
            return Err(MediaError::Program(named()));
        }
        let says = Self::by_ending(&ending);
        if (signature == Signature::Archive && says.is_none()) || is_archive(&ending) {
            return Err(MediaError::Archive(named()));
        }
        let says = says.ok_or_else(|| MediaError::UnknownEnding(named()))?;
        let lies = |is| Err(MediaError::Lies { name: named(), says: says.words, is });
        match signature {
            Signature::Is(is) if is == says => {}
            Signature::Is(is) => return lies(is.words),
            Signature::Office if says.words == DOCX.words => {}
            Signature::Office => return lies(DOCX.words),
            Signature::Text if says.shown == Shown::Text => {}
            Signature::Text => return lies(TEXT.words),
            Signature::Archive => return lies("an archive"),
            Signature::Program | Signature::Binary => return lies("something else"),
        }
        if says == JSON && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err() {
            return lies("text that is not JSON");
        }
        if says.shown == Shown::Text && holds_private_key(bytes) {
            return Err(MediaError::PrivateKey(named()));
        }
        Ok(says)
    }

    /// Finds a format by its media type, as it is stored.
    #[must_use]
    pub fn by_media_type(media_type: &str) -> Option<Self> {
        ALL.into_iter().find(|format| format.media_type == media_type)
    }

    fn by_ending(ending: &str) -> Option<Self> {
        Some(match ending {
            "png" => PNG,
            "jpg" | "jpeg" => JPEG,
            "gif" => GIF,
            "webp" => WEBP,
            "pdf" => PDF,
            "txt" | "log" | "md" | "yaml" | "yml" | "toml" | "ini" | "conf" | "cfg" | "eml" => TEXT,
            "csv" | "tsv" => CSV,
            "json" => JSON,
            "xml" => XML,
            "html" | "htm" => HTML,
            "svg" => SVG,
            "docx" => DOCX,
            "xlsx" => XLSX,
            "pptx" => PPTX,
            "odt" => ODT,
            "ods" => ODS,
            "odp" => ODP,
            _ => return None,
        })
    }
}

fn is_program(ending: &str) -> bool {
    matches!(
        ending,
        "exe"
            | "dll"
            | "com"
            | "scr"
            | "msi"
            | "msp"
            | "bat"
            | "cmd"
            | "ps1"
            | "psm1"
            | "vbs"
            | "vbe"
            | "js"
            | "mjs"
            | "jse"
            | "wsf"
            | "hta"
            | "lnk"
            | "sh"
            | "bash"
            | "elf"
            | "so"
            | "dylib"
            | "jar"
            | "class"
            | "apk"
            | "app"
            | "deb"
            | "rpm"
            | "pkg"
            | "dmg"
            | "iso"
            | "docm"
            | "xlsm"
            | "pptm"
            | "wasm"
            | "py"
            | "pl"
            | "rb"
            | "php"
    )
}

fn is_archive(ending: &str) -> bool {
    matches!(
        ending,
        "zip" | "gz" | "tgz" | "bz2" | "xz" | "zst" | "7z" | "rar" | "tar" | "cab" | "lz4" | "br"
    )
}

/// The ending of a name in lower case, without the dot; empty when it has none.
fn ending(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() => end.to_ascii_lowercase(),
        _ => String::new(),
    }
}

fn signature(bytes: &[u8]) -> Signature {
    const PROGRAMS: [&[u8]; 9] = [
        b"\x7fELF",
        b"MZ",
        b"\xCA\xFE\xBA\xBE",
        b"\xFE\xED\xFA\xCE",
        b"\xFE\xED\xFA\xCF",
        b"\xCE\xFA\xED\xFE",
        b"\xCF\xFA\xED\xFE",
        b"\0asm",
        b"#!",
    ];
    const ARCHIVES: [&[u8]; 8] = [
        b"PK",
        b"\x1F\x8B",
        b"BZh",
        b"\xFD7zXZ\0",
        b"\x28\xB5\x2F\xFD",
        b"7z\xBC\xAF\x27\x1C",
        b"Rar!\x1A\x07",
        b"MSCF",
    ];
    let begins = |with: &[u8]| bytes.starts_with(with);
    // `MZ` and `PK` begin sentences as well; programs and archives go on with bytes that no text has.
    let is_binary = !is_text(bytes);
    if begins(b"\x89PNG\r\n\x1A\n") {
        Signature::Is(PNG)
    } else if begins(b"\xFF\xD8\xFF") {
        Signature::Is(JPEG)
    } else if begins(b"GIF87a") || begins(b"GIF89a") {
        Signature::Is(GIF)
    } else if begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Signature::Is(WEBP)
    } else if begins(b"%PDF-") {
        Signature::Is(PDF)
    } else if begins(b"#!") || (is_binary && PROGRAMS.iter().any(|program| begins(program))) {
        Signature::Program
    } else if is_binary && is_office(bytes) {
        Signature::Office
    } else if is_binary
        && (ARCHIVES.iter().any(|archive| begins(archive)) || bytes.get(257..262) == Some(b"ustar"))
    {
        Signature::Archive
    } else if is_binary {
        Signature::Binary
    } else {
        Signature::Text
    }
}

/// Tells whether the first entry of a ZIP is one that Office documents begin with. Nothing is unpacked for it.
fn is_office(bytes: &[u8]) -> bool {
    let Some(head) = bytes.strip_prefix(b"PK\x03\x04") else { return false };
    let Some(rest) = head.get(26..) else { return false };
    let known: [&[u8]; 6] = [b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/"];
    known.iter().any(|name| rest.starts_with(name))
        || rest.starts_with(b"mimetypeapplication/vnd.oasis.opendocument")
}

/// Tells whether bytes are text in some encoding: no control characters but those that lay it out. UTF-16 counts when
/// it says so.
fn is_text(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return bytes.len().is_multiple_of(2);
    }
    !bytes.iter().any(|byte| matches!(byte, 0..=8 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F))
}

fn holds_private_key(bytes: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN ";
    bytes.windows(BEGIN.len()).enumerate().filter(|(_, window)| *window == BEGIN).any(|(at, _)| {
        let line = bytes[at..].split(|byte| *byte == b'\n').next().unwrap_or_default();
        line.len() < 80 && line.windows(11).any(|window| window == b"PRIVATE KEY")
    })
}

/// Returns the last part of a file's name as others sent it, without anything that could mislead a reader or a file
/// system; never empty.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|c| !c.is_control() && !hides(*c))
        .map(|c| if "<>:\"|?*".contains(c) { '_' } else { c })
        .collect();
    let kept = kept.trim().trim_start_matches('.').trim_end_matches(['.', ' ']).trim_start();
    if kept.is_empty() {
        return "file".to_owned();
    }
    if kept.chars().count() <= NAME_CHARS {
        return kept.to_owned();
    }
    let end = match kept.rsplit_once('.') {
        Some((_, end)) if end.chars().count() <= EXTENSION_CHARS => format!(".{end}"),
        _ => String::new(),
    };
    let stem: String = kept.chars().take(NAME_CHARS - end.chars().count()).collect();
    format!("{}{end}", stem.trim_end())
}

/// Characters that are not seen, or that turn the order of others around.
fn hides(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// Returns width and height of a picture as its head says; none if it says nothing.
#[must_use]
pub fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let be = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let le16 = |at: usize| Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    match signature(bytes) {
        Signature::Is(is) if is == PNG => Some((be(16)?, be(20)?)),
        Signature::Is(is) if is == GIF => Some((le16(6)?, le16(8)?)),
        Signature::Is(is) if is == JPEG => jpeg_dimensions(bytes),
        Signature::Is(is) if is == WEBP => match bytes.get(12..16)? {
            b"VP8X" => {
                let wide = |at: usize| {
                    Some(u32::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?, *bytes.get(at + 2)?, 0]))
                };
                Some((wide(24)? + 1, wide(27)? + 1))
            }
            b"VP8L" => {
                let bits = u32::from_le_bytes(bytes.get(21..25)?.try_into().ok()?);
                Some(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
            }
            b"VP8 " => Some((le16(26)? & 0x3FFF, le16(28)? & 0x3FFF)),
            _ => None,
        },
        _ => None,
    }
}

/// Tells whether a page may show a picture of these bytes.
#[must_use]
pub fn is_shown(bytes: &[u8]) -> bool {
    dimensions(bytes)
        .is_some_and(|(width, height)| (1..=SHOWN_PIXELS).contains(&(u64::from(width) * u64::from(height))))
}

/// Tells whether these bytes are a document whose pages a browser draws.
#[must_use]
pub fn is_pages(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}

/// Walks the segments of a JPEG to its frame.
fn jpeg_dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let be16 = |at: usize| Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let mut at = 2;
    while *bytes.get(at)? == 0xFF {
        match *bytes.get(at + 1)? {
            0xFF => at += 1,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Some((be16(at + 7)?, be16(at + 5)?));
            }
            0x01 | 0xD0..=0xD7 => at += 2,
            _ => at += 2 + usize::try_from(be16(at + 2)?).ok()?.max(2),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PNG_BYTES: &[u8] = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xE0\x08\x06\0\0\0";
    const DOCX_BYTES: &[u8] =
        b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml";

    fn refused(name: &str, bytes: &[u8]) -> String {
        Format::of(name, bytes).expect_err(name).to_string()
    }

    #[test]
    fn name_and_bytes_agree_or_the_file_is_refused() {
        for (name, bytes, media_type) in [
            ("a.png", PNG_BYTES, "image/png"),
            ("A.B.JPG", b"\xFF\xD8\xFF\xE0", "image/jpeg"),
            ("r.pdf", b"%PDF-1.7\n", "application/pdf"),
            ("list.csv", b"a,b\r\n1,2\r\n", "text/csv"),
            ("caf\u{e9}.txt", b"caf\xE9", "text/plain"),
            ("u.csv", b"\xFF\xFEa\0,\0", "text/csv"),
            ("x.json", b"{\"a\": [1, null]}", "application/json"),
            ("p.html", b"<script>alert(1)</script>", "text/html"),
            ("d.svg", b"<svg onload='x'/>", "image/svg+xml"),
            ("w.docx", DOCX_BYTES, DOCX.media_type),
            ("note.txt", b"PK is how this begins, MZ too", "text/plain"),
        ] {
            let format = Format::of(name, bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(format.media_type, media_type, "{name}");
            assert_eq!(Format::by_media_type(media_type).map(|f| f.shown), Some(format.shown), "{name}");
        }
        for (name, bytes, says) in [
            (
                "a.png",
                b"%PDF-1.7\n".as_slice(),
                "says it is a PNG picture, and its bytes are those of a PDF document",
            ),
            ("a.png", b"<html>", "those of text"),
            ("a.txt", PNG_BYTES, "those of a PNG picture"),
            ("a.txt", b"\0\x01\x02\x03", "something else"),
            ("a.pdf", DOCX_BYTES, "those of an Office document"),
            (
                "a.docx",
                b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0x.exe",
                "those of an archive",
            ),
            ("a.json", b"{\"a\": ", "text that is not JSON"),
            ("a.exe", b"anything", "is a program"),
            ("a.png", b"\x7fELF\x02\x01\x01\0", "is a program"),
            ("a.txt", b"MZ\x90\0\x03\0", "is a program"),
            ("a.txt", b"#!/bin/sh\n", "is a program"),
            ("a.xlsm", DOCX_BYTES, "is a program"),
            ("a.zip", DOCX_BYTES, "is an archive"),
            ("bundle", b"\x1F\x8B\x08\0", "is an archive"),
            ("a.bin", b"\0\0", "no ending that is known"),
            ("png", PNG_BYTES, "no ending that is known"),
            ("a.txt", b"", "is empty"),
            ("k.txt", b"x\n-----BEGIN RSA PRIVATE KEY-----\nMII", "holds a private key"),
        ] {
            assert!(refused(name, bytes).contains(says), "{name}: {}", refused(name, bytes));
        }
        assert!(Format::of("k.txt", b"-----BEGIN PUBLIC KEY-----").is_ok());
    }

    #[test]
    fn names_are_cleaned() {
        for (name, clean) in [
            ("/etc/passwd", "passwd"),
            ("C:\\Users\\a\\scan.png", "scan.png"),
            ("../../x.pdf", "x.pdf"),
            ("a\u{202E}gpj.exe", "agpj.exe"),
            (".htaccess", "htaccess"),
            ("a\r\nb\0.txt", "ab.txt"),
            ("what?.txt", "what_.txt"),
            (" . ", "file"),
            ("", "file"),
            ("caf\u{e9} \u{4f60}.png", "caf\u{e9} \u{4f60}.png"),
        ] {
            assert_eq!(clean_name(name), clean, "{name:?}");
        }
        let long = clean_name(&format!("{}.png", "x".repeat(500)));
        assert!(long.ends_with(".png") && long.chars().count() == NAME_CHARS);
    }

    #[test]
    fn dimensions_are_read_from_the_head() {
        assert_eq!(dimensions(PNG_BYTES), Some((640, 480)));
        assert_eq!(dimensions(b"GIF89a\x10\x00\x20\x00"), Some((16, 32)));
        let jpeg = b"\xFF\xD8\xFF\xE0\x00\x04ab\xFF\xC0\x00\x11\x08\x00\x20\x00\x10";
        assert_eq!(dimensions(jpeg), Some((16, 32)));
        assert_eq!(dimensions(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x0F\0\0\x1F\0\0"), Some((16, 32)));
        assert_eq!(dimensions(b"%PDF-"), None);
        assert!(is_pages(b"%PDF-1.7\n") && !is_pages(b"<html>%PDF-") && !is_pages(b""));
        let bomb = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\xFF\xFF\0\0\xFF\xFF\x08\x06\0\0\0";
        assert!(is_shown(PNG_BYTES) && !is_shown(bomb), "a picture that unpacks to 16 GB is not shown");
    }

    proptest! {
        #[test]
        fn nothing_foreign_panics(bytes in prop::collection::vec(any::<u8>(), 0..80), which in 0_usize..6, name in "\\PC{0,40}") {
            let heads: [&[u8]; 6] = [b"", b"\xFF\xD8", b"RIFF\0\0\0\0WEBPVP8 ", b"\x89PNG\r\n\x1A\n", b"PK\x03\x04", b"GIF89a"];
            let bytes = [heads[which], &bytes].concat();
            let _ = dimensions(&bytes);
            let clean = clean_name(&name);
            prop_assert!(!clean.is_empty() && clean.chars().count() <= NAME_CHARS);
            prop_assert_eq!(clean_name(&clean), clean.clone());
            let _ = Format::of(&clean, &bytes);
        }
    }
}
