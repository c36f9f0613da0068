//! Reading BER, leniently.
//!
//! Timestamp tokens in the field break the rules of DER: sets in another order, lengths with leading zeros, indefinite
//! lengths, octet strings in pieces. The strict parsers of the usual crates refuse what OpenSSL accepts, so the little
//! that a token needs is read here: elements with their exact bytes. Nothing is interpreted, everything is bounded.

/// Nesting from which bytes are refused.
const MAX_DEPTH: u32 = 32;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
const CONSTRUCTED: u8 = 0x20;

/// A context-specific, constructed tag.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// A context-specific, primitive tag.
pub(super) const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Tag, length and content as they stand.
    pub(super) raw: &'a [u8],
}

/// The elements that lie in one content, one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

/// The bytes are not BER, or not what is expected there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotBer;

impl<'a> Element<'a> {
    /// Reads the one element that `bytes` consist of.
    pub(super) fn only(bytes: &'a [u8], tag: u8) -> Result<Self, NotBer> {
        let mut reader = Reader(bytes);
        let element = reader.next(tag)?;
        reader.end()?;
        Ok(element)
    }

    pub(super) fn children(&self) -> Reader<'a> {
        Reader(self.content)
    }

    /// Returns the bytes of an octet string that may come in pieces.
    pub(super) fn octets(&self) -> Result<Vec<u8>, NotBer> {
        if self.tag & CONSTRUCTED == 0 {
            return Ok(self.content.to_vec());
        }
        let mut bytes = Vec::with_capacity(self.content.len());
        let mut pieces = self.children();
        while let Some(piece) = pieces.any()? {
            if piece.tag != OCTETS {
                return Err(NotBer);
            }
            bytes.extend_from_slice(piece.content);
        }
        Ok(bytes)
    }

    /// Returns a number that is not negative and fits.
    pub(super) fn number(&self) -> Result<u64, NotBer> {
        let bytes = self.unsigned()?;
        if bytes.len() > 8 {
            return Err(NotBer);
        }
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Returns the bytes of a number that is not negative, without leading zeros.
    pub(super) fn unsigned(&self) -> Result<&'a [u8], NotBer> {
        if self.content.first().is_none_or(|first| *first >= 0x80) {
            return Err(NotBer);
        }
        let zeros = self.content.iter().take_while(|byte| **byte == 0).count();
        Ok(&self.content[zeros..])
    }
}

impl<'a> Reader<'a> {
    /// Reads the next element, whatever it is; none at the end.
    pub(super) fn any(&mut self) -> Result<Option<Element<'a>>, NotBer> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (element, rest) = read(self.0, 0)?;
        self.0 = rest;
        Ok(Some(element))
    }

    /// Reads the next element, which must have this tag.
    pub(super) fn next(&mut self, tag: u8) -> Result<Element<'a>, NotBer> {
        self.any()?.filter(|element| element.tag == tag).ok_or(NotBer)
    }

    /// Reads the next element if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, NotBer> {
        if self.0.first() == Some(&tag) { self.any() } else { Ok(None) }
    }

    /// Reads an octet string, whole or in pieces.
    pub(super) fn octets(&mut self) -> Result<Vec<u8>, NotBer> {
        let element = self.any()?.ok_or(NotBer)?;
        if element.tag & !CONSTRUCTED == OCTETS { element.octets() } else { Err(NotBer) }
    }

    pub(super) fn end(&self) -> Result<(), NotBer> {
        if self.0.is_empty() { Ok(()) } else { Err(NotBer) }
    }
}

fn read(bytes: &[u8], depth: u32) -> Result<(Element<'_>, &[u8]), NotBer> {
    let &[tag, length, ..] = bytes else { return Err(NotBer) };
    // Tags of several bytes occur in no timestamp.
    if tag & 0x1f == 0x1f || depth > MAX_DEPTH {
        return Err(NotBer);
    }
    let (header, length) = match length {
        0x80 if tag & CONSTRUCTED != 0 => return read_indefinite(bytes, depth),
        short if short < 0x80 => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let digits = bytes.get(2..2 + count).ok_or(NotBer)?;
            let mut length = 0_usize;
            for digit in digits {
                length =
                    length.checked_mul(256).ok_or(NotBer)?.checked_add(usize::from(*digit)).ok_or(NotBer)?;
            }
            if count == 0 {
                return Err(NotBer);
            }
            (2 + count, length)
        }
    };
    let end = header.checked_add(length).filter(|end| *end <= bytes.len()).ok_or(NotBer)?;
    Ok((Element { tag, content: &bytes[header..end], raw: &bytes[..end] }, &bytes[end..]))
}

fn read_indefinite(bytes: &[u8], depth: u32) -> Result<(Element<'_>, &[u8]), NotBer> {
    let mut rest = &bytes[2..];
    while !rest.starts_with(&[0, 0]) {
        rest = read(rest, depth + 1)?.1;
    }
    let content_end = bytes.len() - rest.len();
    let element = Element { tag: bytes[0], content: &bytes[2..content_end], raw: &bytes[..content_end + 2] };
    Ok((element, &rest[2..]))
}

/// Writes an element with its length in the shortest form.
pub(super) fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len();
    if length < 0x80 {
        bytes.push(length.to_be_bytes()[size_of::<usize>() - 1]);
    } else {
        let digits = length.to_be_bytes();
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        let digits = &digits[zeros..];
        bytes.push(0x80 | digits.len().to_be_bytes()[size_of::<usize>() - 1]);
        bytes.extend_from_slice(digits);
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_forms_read_as_the_strict_one() {
        for bytes in [
            &[0x30, 0x03, 0x02, 0x01, 0x05][..],
            &[0x30, 0x81, 0x03, 0x02, 0x01, 0x05],
            &[0x30, 0x82, 0x00, 0x03, 0x02, 0x01, 0x05],
            &[0x30, 0x80, 0x02, 0x01, 0x05, 0x00, 0x00],
        ] {
            let sequence = Element::only(bytes, SEQUENCE).expect("a sequence");
            let mut children = sequence.children();
            assert_eq!(children.next(INTEGER).expect("a number").number(), Ok(5));
            children.end().expect("nothing else");
        }
        let pieces = [0x24, 0x80, 0x04, 0x01, 0x61, 0x04, 0x01, 0x62, 0x00, 0x00];
        assert_eq!(Reader(&pieces).octets(), Ok(b"ab".to_vec()));
    }

    #[test]
    fn other_bytes_are_refused() {
        let nested = [0x30, 0x80].repeat(100);
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x01],
            &[0x30, 0x80],
            &[0x30, 0x80, 0x02, 0x01],
            &[0x04, 0x80, 0x00, 0x00],
            &[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
            &[0x3f, 0x01, 0x00],
            &[0x30, 0xff],
            &nested,
        ] {
            assert!(Element::only(bytes, SEQUENCE).is_err(), "{bytes:x?}");
        }
        assert!(Element::only(&[0x02, 0x01, 0xff], INTEGER).expect("negative").number().is_err());
        assert!(Element::only(&[0x30, 0, 0], SEQUENCE).is_err(), "something behind it");
    }
}
