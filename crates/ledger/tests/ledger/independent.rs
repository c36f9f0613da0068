//! Programs that are not ours read an exported log and agree on its root: a short script of Python's standard library and
//! `openssl`, and the tile reader of another implementation.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tickmark_ledger::directory::Export;
use tickmark_ledger::tile::TileError;
use tlog_tiles::tile::{Tile, TileHashReader, TileReader};
use tlog_tiles::tlog::{
    Error, Hash as TheirHash, HashReader as _, record_hash, stored_hash_index, tree_hash,
};

use crate::fixture::{checkpoint, leaves, signer};

/// More than one level of tiles, and a partial tile on each.
const SIZE: u64 = 600;

fn export(folder: &Path, size: u64) {
    let mut export = Export::new();
    let mut emit = |name: String, bytes: Vec<u8>| -> Result<(), TileError> {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("parent")).expect("folder");
        fs::write(file, bytes).expect("written");
        Ok(())
    };
    let leaves = leaves(size);
    for leaf in &leaves {
        export.push(leaf, &mut emit).expect("fits");
    }
    export.finish(&checkpoint(&leaves), &mut emit).expect("written");
}

/// What the script says, and whether it found the log whole.
fn script(folder: &Path) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("check_tiles.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(folder)
        .arg(signer().verifier().to_string())
        .output()
        .expect("python3, which the tests need");
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_script_of_ordinary_tools_agrees_on_the_root_and_finds_changes() {
    for size in [1, 256, SIZE] {
        let folder = tempfile::tempdir().expect("folder");
        export(folder.path(), size);
        let (whole, said) = script(folder.path());
        let root = checkpoint(&leaves(size)).checkpoint.root.hex();
        assert!(whole && said.contains(&format!("{size} entries")) && said.contains(&root), "{said}");
    }
    for (name, expected) in [
        ("tile/entries/001", "IS NOT OVER THE LEVEL BELOW"),
        ("tile/entries/002.p/88", "IS NOT OVER THE LEVEL BELOW"),
        ("tile/0/000", "IS NOT OVER THE LEVEL BELOW"),
        ("tile/1/000.p/2", "IS NOT OVER THE LEVEL BELOW"),
        ("checkpoint", "DOES NOT VERIFY"),
    ] {
        let folder = tempfile::tempdir().expect("folder");
        export(folder.path(), SIZE);
        let file = folder.path().join(name);
        let mut bytes = fs::read(&file).expect(name);
        // In a checkpoint the digits of its size; elsewhere the last byte.
        let place = if name == "checkpoint" {
            bytes.windows(5).position(|window| window == b"\n600\n").expect("the size") + 3
        } else {
            bytes.len() - 1
        };
        bytes[place] ^= 1;
        fs::write(&file, bytes).expect("written");
        let (whole, said) = script(folder.path());
        assert!(!whole && said.contains(expected), "{name}: {said}");
    }
}

/// The tiles of a folder for the other implementation, whose paths have the tile height in them.
struct Folder(PathBuf);

impl TileReader for Folder {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile: &Tile| {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            fs::read(self.0.join(path)).map_err(|_| Error::InvalidTile)
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// Whether the root and every leaf hash that their reader gives are those of the entries.
fn agrees(folder: &Path, leaves: &[Vec<u8>]) -> bool {
    let root = TheirHash(checkpoint(leaves).checkpoint.root.0);
    let tiles = Folder(folder.to_owned());
    let reader = TileHashReader::new(SIZE, root, &tiles);
    let indices: Vec<u64> = (0..SIZE).map(|index| stored_hash_index(0, index)).collect();
    let (Ok(theirs), Ok(hashes)) = (tree_hash(SIZE, &reader), reader.read_hashes(&indices)) else {
        return false;
    };
    // Not every tile they hand out was compared with its parent: the entries decide.
    theirs.0 == root.0 && hashes.iter().zip(leaves).all(|(hash, leaf)| hash.0 == record_hash(leaf).0)
}

#[test]
fn the_tile_reader_of_another_implementation_agrees_on_the_root() {
    let folder = tempfile::tempdir().expect("folder");
    export(folder.path(), SIZE);
    let leaves = leaves(SIZE);
    assert!(agrees(folder.path(), &leaves));
    for name in ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"] {
        let file = folder.path().join(name);
        let whole = fs::read(&file).expect(name);
        fs::write(&file, vec![0; whole.len()]).expect("written");
        assert!(!agrees(folder.path(), &leaves), "{name}");
        fs::write(&file, whole).expect("written");
    }
}
