// Reads an exported log with Go's own tree, tiles and notes, which Certificate Transparency and Go's module checksums use,
// and says whether it agrees on the root; or prints what that implementation says of small trees, for the tests of this crate.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run check_tiles.go exported-log 'example.org/log+1a2b3c4d+AbCd…'
//	GO111MODULE=off GOPATH=/usr/share/gocode go run check_tiles.go --trees > tests/ledger/published/go-trees.txt
//
// Debian has the library as golang-golang-x-mod-dev.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// folder gives tiles as c2sp.org/tlog-tiles names them: without the height that Go's own paths begin with.
type folder string

func (f folder) Height() int                         { return 8 }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f folder) ReadTiles(all []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range all {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		found = append(found, content)
	}
	return found, nil
}

// entries returns the exact bytes of every entry, in order.
func (f folder) entries(size int64) ([][]byte, error) {
	var found [][]byte
	for n := int64(0); n*256 < size; n++ {
		tile := tlog.Tile{H: 8, L: 0, N: n, W: 256}
		if rest := size - n*256; rest < 256 {
			tile.W = int(rest)
		}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		content, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		for len(content) > 0 {
			end := 2 + int(binary.BigEndian.Uint16(content))
			found = append(found, content[2:end])
			content = content[end:]
		}
	}
	return found, nil
}

func check(dir, key string) error {
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return fmt.Errorf("the checkpoint: %w", err)
	}
	// Go's own trees have another first line; the rest has the same form.
	_, rest, _ := strings.Cut(opened.Text, "\n")
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + rest))
	if err != nil {
		return err
	}
	entries, err := folder(dir).entries(tree.N)
	if err != nil {
		return err
	}
	if int64(len(entries)) != tree.N {
		return fmt.Errorf("%d entries are there, the checkpoint says %d", len(entries), tree.N)
	}
	reader := tlog.TileHashReader(tree, folder(dir))
	for index, entry := range entries {
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		if err != nil {
			return err
		}
		if hashes[0] != tlog.RecordHash(entry) {
			return fmt.Errorf("entry %d is not the one of the tree", index)
		}
	}
	fmt.Printf("%d entries lead to root %s, signed by %s\n", tree.N, hex.EncodeToString(tree.Hash[:]), verifier.Name())
	return nil
}

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		found = append(found, s[index])
	}
	return found, nil
}

func digest(hashes []tlog.Hash) string {
	var all bytes.Buffer
	for _, hash := range hashes {
		all.Write(hash[:])
	}
	sum := sha256.Sum256(all.Bytes())
	return hex.EncodeToString(sum[:])
}

// shown are the sizes of which proofs are printed: of every entry, of larger trees some.
var shown = map[int64]bool{1: true, 2: true, 98: true, 255: true, 256: true, 257: true, 777: true, 2000: true}

// trees prints for trees of up to 2,000 entries, which are their own numbers in eight bytes: roots and digests of proofs.
func trees() error {
	var all stored
	var roots []tlog.Hash
	for size := int64(1); size <= 2000; size++ {
		var entry [8]byte
		binary.BigEndian.PutUint64(entry[:], uint64(size-1))
		hashes, err := tlog.StoredHashes(size-1, entry[:], all)
		if err != nil {
			return err
		}
		all = append(all, hashes...)
		root, err := tlog.TreeHash(size, all)
		if err != nil {
			return err
		}
		roots = append(roots, root)
		if !shown[size] {
			continue
		}
		fmt.Printf("root %d %s\n", size, hex.EncodeToString(root[:]))
		var inclusion, consistency []tlog.Hash
		for index := int64(0); index < size; index += 1 + size/300 {
			proof, err := tlog.ProveRecord(size, index, all)
			if err != nil {
				return err
			}
			inclusion = append(inclusion, proof...)
			steps, err := tlog.ProveTree(size, index+1, all)
			if err != nil {
				return err
			}
			consistency = append(consistency, steps...)
		}
		fmt.Printf("proofs %d %s %s\n", size, digest(inclusion), digest(consistency))
	}
	fmt.Printf("roots 2000 %s\n", digest(roots))
	return nil
}

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "--trees":
		err = trees()
	case len(os.Args) == 3:
		err = check(os.Args[1], os.Args[2])
	default:
		err = fmt.Errorf("usage: check_tiles FOLDER KEY, or --trees")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
