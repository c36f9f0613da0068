//! Reads LUKS headers (LUKS on-disk format specifications 1.2.3 and 2). Key slots' material is never read.

use serde_json::Value;
use tickmark_core::observation::host::storage::Luks;

use crate::host::text::sorted;

const MAGIC: [u8; 6] = *b"LUKS\xba\xbe";
/// Bytes needed to tell the version and how much more to read.
pub(crate) const FIRST_BYTES: usize = 4096;
/// Largest JSON area the format allows.
const JSON_LIMIT: u64 = 4 * 1024 * 1024;
/// Mark of a key slot in use, version 1.
const SLOT_IN_USE: u32 = 0x00ac_71f3;

/// Tells how many bytes from the start hold everything that is needed; none when it is no LUKS container.
pub(crate) fn header_bytes(first: &[u8]) -> Option<u64> {
    match version(first)? {
        1 => Some(FIRST_BYTES as u64),
        _ => Some(u64::from_be_bytes(first.get(8..16)?.try_into().ok()?).min(JSON_LIMIT)),
    }
}

fn version(bytes: &[u8]) -> Option<u16> {
    let bytes = bytes.strip_prefix(&MAGIC)?;
    Some(u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?))
}

/// Reads a header.
pub(crate) fn observe(device: &str, header: &[u8]) -> Option<Luks> {
    match version(header)? {
        1 => version_1(device, header),
        2 => version_2(device, header),
        _ => None,
    }
}

fn version_1(device: &str, header: &[u8]) -> Option<Luks> {
    let text = |from: usize| {
        let bytes = header.get(from..from + 32)?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(32);
        std::str::from_utf8(&bytes[..end]).ok()
    };
    let number = |from: usize| Some(u32::from_be_bytes(header.get(from..from + 4)?.try_into().ok()?));
    let in_use = (0..8).any(|slot| number(208 + slot * 48) == Some(SLOT_IN_USE));
    Some(Luks {
        device: device.to_owned(),
        version: 1,
        cipher: Some(format!("{}-{}", text(8)?, text(40)?)),
        key_bits: number(108).and_then(|bytes| bytes.checked_mul(8)),
        key_derivations: Some(if in_use { vec!["pbkdf2".to_owned()] } else { Vec::new() }),
    })
}

fn version_2(device: &str, header: &[u8]) -> Option<Luks> {
    let json = header.get(FIRST_BYTES..)?;
    let end = json.iter().position(|byte| *byte == 0).unwrap_or(json.len());
    let document: Value = serde_json::from_slice(&json[..end]).ok()?;
    let values = |name: &str| {
        document
            .get(name)
            .and_then(Value::as_object)
            .map(|items| items.values().collect::<Vec<_>>())
            .unwrap_or_default()
    };
    let cipher =
        values("segments").iter().find_map(|segment| segment.get("encryption")?.as_str().map(str::to_owned));
    let slots = values("keyslots");
    let key_bytes = slots.iter().filter_map(|slot| slot.get("key_size")?.as_u64()).min();
    let derivations =
        slots.iter().filter_map(|slot| slot.get("kdf")?.get("type")?.as_str().map(str::to_owned));
    Some(Luks {
        device: device.to_owned(),
        version: 2,
        cipher,
        key_bits: key_bytes.and_then(|bytes| u32::try_from(bytes.checked_mul(8)?).ok()),
        key_derivations: Some(sorted(derivations.collect())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_2_headers_are_read() {
        let json = br#"{"keyslots":{"0":{"type":"luks2","key_size":64,"kdf":{"type":"argon2id","salt":"secret"}},"1":{"key_size":64,"kdf":{"type":"pbkdf2"}}},"segments":{"0":{"type":"crypt","encryption":"aes-xts-plain64"}}}"#;
        let mut header = vec![0; FIRST_BYTES];
        header[..6].copy_from_slice(&MAGIC);
        header[7] = 2;
        header[8..16].copy_from_slice(&16_384_u64.to_be_bytes());
        assert_eq!(header_bytes(&header), Some(16_384));
        header.extend_from_slice(json);
        header.resize(16_384, 0);
        let luks = observe("sda1", &header).expect("header");
        assert_eq!((luks.version, luks.key_bits), (2, Some(512)));
        assert_eq!(luks.cipher.as_deref(), Some("aes-xts-plain64"));
        assert_eq!(luks.key_derivations.expect("slots"), ["argon2id", "pbkdf2"]);
    }

    #[test]
    fn version_1_headers_are_read() {
        let mut header = vec![0; FIRST_BYTES];
        header[..6].copy_from_slice(&MAGIC);
        header[7] = 1;
        header[8..11].copy_from_slice(b"aes");
        header[40..51].copy_from_slice(b"xts-plain64");
        header[108..112].copy_from_slice(&64_u32.to_be_bytes());
        header[208..212].copy_from_slice(&SLOT_IN_USE.to_be_bytes());
        let luks = observe("sda1", &header).expect("header");
        assert_eq!(luks.cipher.as_deref(), Some("aes-xts-plain64"));
        assert_eq!((luks.key_bits, luks.key_derivations), (Some(512), Some(vec!["pbkdf2".to_owned()])));
    }

    #[test]
    fn other_bytes_are_no_container() {
        for bytes in [
            &b""[..],
            b"LUKS",
            b"LUKS\xba\xbe",
            b"LUKS\xba\xbe\x00\x02",
            b"LUKS\xba\xbe\x00\x01short",
            &[0; 5000],
        ] {
            assert!(observe("a", bytes).is_none());
        }
    }
}
