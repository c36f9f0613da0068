//! Whether a PDF is whole and readable, without understanding what is in it.
//!
//! A signed report is kept as it is, byte for byte; what nobody could open later is refused when it comes. Looked at are
//! the frame of the file: its head, its end, the table of its objects that the end points to, and the trailer of that.
//!
//! Source: ISO 32000-1:2008, sections 7.5 (file structure) and 7.6.1 (the `Encrypt` entry of the trailer).

/// How far from the beginning and the end readers look for the head and the end.
const MARGIN: usize = 1024;

/// Why a file is not taken as a PDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PdfError {
    /// Something else.
    #[error("it is no PDF: it does not begin as one")]
    NoPdf,
    /// Cut off.
    #[error("it is a PDF that breaks off before its end; upload the whole file")]
    CutOff,
    /// Damaged.
    #[error(
        "it is a damaged PDF: the table of its objects is not where its end says; save it again and upload that"
    )]
    Damaged,
    /// Nobody can read it without a password.
    #[error(
        "it is an encrypted PDF; upload the one without a password, as signed, so that it can be read later"
    )]
    Encrypted,
}

/// Checks that a file is a whole PDF that opens without a password.
///
/// # Errors
/// If not.
pub fn check_pdf(bytes: &[u8]) -> Result<(), PdfError> {
    let head = &bytes[..bytes.len().min(MARGIN)];
    find(head, b"%PDF-").ok_or(PdfError::NoPdf)?;
    let tail_at = bytes.len().saturating_sub(MARGIN);
    let tail = &bytes[tail_at..];
    rfind(tail, b"%%EOF").ok_or(PdfError::CutOff)?;
    let start = rfind(tail, b"startxref").ok_or(PdfError::CutOff)?;
    let offset = number(&tail[start + b"startxref".len()..]).ok_or(PdfError::Damaged)?;
    let table = bytes.get(offset..).filter(|table| !table.is_empty()).ok_or(PdfError::Damaged)?;
    let table = trim(table);
    let trailer = if table.starts_with(b"xref") {
        let at = find(table, b"trailer").ok_or(PdfError::Damaged)?;
        dictionary(&table[at + b"trailer".len()..])
    } else {
        // A stream of references is an object: `12 0 obj << … >> stream`.
        let object =
            number(table).and(find(&table[..table.len().min(40)], b" obj")).ok_or(PdfError::Damaged)?;
        dictionary(&table[object + b" obj".len()..])
    };
    let trailer = trailer.ok_or(PdfError::Damaged)?;
    if has_key(trailer, b"/Encrypt") {
        return Err(PdfError::Encrypted);
    }
    if has_key(trailer, b"/Root") { Ok(()) } else { Err(PdfError::Damaged) }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn rfind(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|window| window == what)
}

fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, 0 | 9 | 10 | 12 | 13 | 32);
    let at = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
    &bytes[at..]
}

fn number(bytes: &[u8]) -> Option<usize> {
    let bytes = trim(bytes);
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&bytes[..digits]).ok()?.parse().ok()
}

/// Returns a dictionary with everything inside it: from `<<` to the `>>` that closes it.
fn dictionary(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = trim(bytes);
    if !bytes.starts_with(b"<<") {
        return None;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"<<" => {
                depth += 1;
                at += 2;
            }
            b">>" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(&bytes[..at]);
                }
            }
            _ => at += 1,
        }
    }
    None
}

/// Tells whether a dictionary has a key. A longer name that begins alike is another one.
fn has_key(dictionary: &[u8], key: &[u8]) -> bool {
    let ends = |at: usize| dictionary.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (0..dictionary.len()).any(|at| dictionary[at..].starts_with(key) && ends(at + key.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classic(trailer: &str) -> Vec<u8> {
        let body = "%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n";
        let table = "xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n";
        format!("{body}{table}trailer\n{trailer}\nstartxref\n{}\n%%EOF\n", body.len()).into_bytes()
    }

    fn streamed(keys: &str) -> Vec<u8> {
        let body = "%PDF-1.7\n";
        format!(
            "{body}12 0 obj\n<< /Type /XRef {keys} /W [1 2 1] >>\nstream\nxx\nendstream\nstartxref\n{}\n%%EOF",
            body.len()
        )
        .into_bytes()
    }

    #[test]
    fn whole_files_pass_and_others_are_told_apart() {
        assert_eq!(check_pdf(&classic("<< /Size 2 /Root 1 0 R /EncryptMetadata false >>")), Ok(()));
        assert_eq!(check_pdf(&streamed("/Root 1 0 R /ID [<ab> <cd>]")), Ok(()));
        let encrypted = classic("<< /Size 2 /Root 1 0 R /Encrypt << /Filter /Standard /V 4 >> >>");
        assert_eq!(check_pdf(&encrypted), Err(PdfError::Encrypted));
        assert_eq!(check_pdf(&streamed("/Root 1 0 R/Encrypt 9 0 R")), Err(PdfError::Encrypted));
        assert_eq!(check_pdf(b"PK\x03\x04 a workbook"), Err(PdfError::NoPdf));
        assert_eq!(check_pdf(b""), Err(PdfError::NoPdf));
        let whole = classic("<< /Root 1 0 R >>");
        for end in [20, whole.len() / 2, whole.len() - 8] {
            assert_eq!(check_pdf(&whole[..end]), Err(PdfError::CutOff), "{end}");
        }
        assert_eq!(check_pdf(&classic("<< /Size 2 >>")), Err(PdfError::Damaged), "nothing to begin from");
        let mut moved = whole.clone();
        moved.splice(9..9, b"junk in between ".iter().copied());
        assert_eq!(check_pdf(&moved), Err(PdfError::Damaged));
        assert_eq!(check_pdf(b"%PDF-1.4\nstartxref\n99999999999999999999999\n%%EOF"), Err(PdfError::Damaged));
        assert_eq!(check_pdf(b"%PDF-1.4\nxref trailer <<\nstartxref\n9\n%%EOF"), Err(PdfError::Damaged));
    }
}
