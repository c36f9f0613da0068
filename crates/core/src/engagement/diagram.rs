//! A picture in the description of a system: where its parts and boundary are.
//!
//! Readers who do not see it get the same from its alternative text, so there is none without. Only PNG and JPEG are taken:
//! what word processors, readers of PDF and browsers all show, and none of them runs.

use serde::{Deserialize, Serialize};

use super::{EngagementError, needed, title};
use crate::Digest;
use crate::evidence::media::{self, Format, Shown};
use crate::id::EvidenceKey;

/// Most diagrams of a description.
pub const DIAGRAMS_MAX: usize = 8;
/// Largest file of a diagram in bytes.
pub const DIAGRAM_BYTES: usize = 8 << 20;
/// Most pixels along one side.
const DIAGRAM_SIDE: u32 = 8_000;
/// Most pixels: each is unpacked whenever a document is set.
const DIAGRAM_PIXELS: u64 = 24_000_000;
/// Most characters of an alternative text.
pub const ALTERNATIVE_MAX: usize = 2_000;
/// Endings of names for file choosers.
pub const DIAGRAM_ACCEPT: &str = ".png,.jpg,.jpeg";

/// Why a file is not taken as a diagram.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiagramError {
    /// It is not what its name says, or cannot be read.
    #[error(transparent)]
    Media(#[from] media::MediaError),
    /// A kind that is not taken.
    #[error("{0} is neither PNG nor JPEG; save the diagram as one of them")]
    Kind(String),
    /// Too many bytes.
    #[error("{0} is larger than {most} MB", most = DIAGRAM_BYTES >> 20)]
    Large(String),
    /// Not whole.
    #[error("{0} breaks off before its end; upload the whole file")]
    CutOff(String),
    /// Too many pixels.
    #[error(
        "{name} has {width} \u{d7} {height} pixels; a diagram has at most {DIAGRAM_SIDE} along a side and {} million",
        DIAGRAM_PIXELS / 1_000_000
    )]
    Pixels {
        /// The file.
        name: String,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// No head that says how large it is.
    #[error("{0} does not say how many pixels it has; save it again and upload that")]
    NoSize(String),
}

/// A picture of a description. Its bytes are kept as they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagram {
    /// What stands under it.
    pub caption: String,
    /// What it shows, in words, for those who do not see it.
    pub alternative: String,
    /// Name of the file.
    pub name: String,
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// Its bytes.
    pub artifact: EvidenceKey,
    /// SHA-256 of them.
    pub digest: Digest,
    /// How many there are.
    pub size: u64,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// What a file is, once it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its media type.
    pub media_type: &'static str,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Picture {
    /// Looks at a file by its name and its bytes. Nothing is unpacked.
    ///
    /// # Errors
    /// If it is no whole PNG or JPEG, or too large.
    pub fn of(name: &str, bytes: &[u8]) -> Result<Self, DiagramError> {
        let named = || name.to_owned();
        if bytes.len() > DIAGRAM_BYTES {
            return Err(DiagramError::Large(named()));
        }
        let format = Format::of(name, bytes)?;
        let end: &[u8] = match format.media_type {
            "image/png" if format.shown == Shown::Picture => b"IEND\xAE\x42\x60\x82",
            "image/jpeg" => b"\xFF\xD9",
            _ => return Err(DiagramError::Kind(named())),
        };
        let (width, height) = media::dimensions(bytes).ok_or_else(|| DiagramError::NoSize(named()))?;
        let pixels = u64::from(width) * u64::from(height);
        if width.max(height) > DIAGRAM_SIDE || pixels > DIAGRAM_PIXELS {
            return Err(DiagramError::Pixels { name: named(), width, height });
        }
        if pixels == 0 {
            return Err(DiagramError::NoSize(named()));
        }
        // Some writers append a little after the end.
        let tail = &bytes[bytes.len().saturating_sub(64)..];
        if !tail.windows(end.len()).any(|window| window == end) {
            return Err(DiagramError::CutOff(named()));
        }
        Ok(Self { media_type: format.media_type, width, height })
    }
}

impl Diagram {
    /// Brings texts to one form.
    ///
    /// # Errors
    /// If it has no caption or no alternative text, or one is unreadable.
    pub fn checked(mut self) -> Result<Self, EngagementError> {
        self.caption = title("caption of a diagram", &self.caption)?;
        let alternative = self.alternative.replace("\r\n", "\n");
        self.alternative = needed("alternative text of a diagram", &alternative, ALTERNATIVE_MAX)?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a PNG of this size, and an end.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend(b"\x08\x06\0\0\0\0\0\0\0\0\0\0\0IEND\xAE\x42\x60\x82");
        bytes
    }

    fn refused(name: &str, bytes: &[u8]) -> String {
        Picture::of(name, bytes).expect_err(name).to_string()
    }

    #[test]
    fn a_diagram_is_a_whole_picture_of_a_kind_that_every_reader_shows() {
        let whole = png(640, 480);
        let picture = Picture::of("net.png", &whole).expect("a picture");
        assert_eq!((picture.media_type, picture.width, picture.height), ("image/png", 640, 480));
        let jpeg = b"\xFF\xD8\xFF\xE0\x00\x04ab\xFF\xC0\x00\x11\x08\x00\x20\x00\x10\xFF\xD9";
        assert_eq!(Picture::of("net.jpg", jpeg).expect("a picture").height, 32);
        assert!(refused("net.png", &whole[..whole.len() - 3]).contains("breaks off"));
        assert!(refused("net.png", jpeg).contains("its bytes are those of a JPEG"));
        assert!(refused("net.svg", b"<svg onload='x'/>").contains("neither PNG nor JPEG"));
        assert!(refused("net.pdf", b"%PDF-1.7").contains("neither PNG nor JPEG"));
        assert!(refused("net.png", &png(9_000, 10)).contains("9000 \u{d7} 10 pixels"));
        assert!(refused("net.png", &png(7_000, 7_000)).contains("24 million"));
        assert!(refused("net.png", &png(0, 7)).contains("does not say"));
        assert!(refused("net.png", &vec![0; DIAGRAM_BYTES + 1]).contains("larger than 8 MB"));
    }

    #[test]
    fn there_is_none_without_words() {
        let diagram = Diagram {
            caption: "The system and its boundary".into(),
            alternative: "Customers reach the web form.\r\nIt writes to the database.".into(),
            name: "net.png".into(),
            media_type: "image/png".into(),
            artifact: EvidenceKey(1),
            digest: Digest::of(b"net"),
            size: 3,
            width: 640,
            height: 480,
        };
        let read = diagram.clone().checked().expect("readable");
        assert!(read.alternative.contains("form.\nIt"));
        let wordless = Diagram { alternative: " ".into(), ..diagram };
        assert_eq!(wordless.checked(), Err(EngagementError::Missing("alternative text of a diagram")));
    }
}
