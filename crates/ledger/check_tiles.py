#!/usr/bin/env python3
"""Reads a log exported in the layout of c2sp.org/tlog-tiles and says whether it is what its checkpoint signs.

    tickmark ledger export DIRECTORY
    python3 check_tiles.py DIRECTORY 'NAME+ID+BASE64'

Python's standard library and the program openssl; nothing of Tickmark. The key is the log's public key, obtained
through another channel than the directory. Every entry is hashed again, every tile compared with what the entries give.
"""
import base64, hashlib, os, subprocess, sys, tempfile

directory, key = sys.argv[1], sys.argv[2]
sha256 = lambda data: hashlib.sha256(data).digest()
read = lambda *path: open(os.path.join(directory, *path), "rb").read()


def number(n):
    """The path of a number: groups of three digits, all but the last with an x."""
    groups = [f"{n % 1000:03}"]
    while n := n // 1000:
        groups.insert(0, f"x{n % 1000:03}")
    return "/".join(groups)


def file(level, n, width):
    return read("tile", str(level), number(n) + (f".p/{width}" if width < 256 else ""))


def root(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"")
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return sha256(b"\1" + root(hashes[:split]) + root(hashes[split:]))


text, signatures = read("checkpoint").decode().split("\n\n", 1)
origin, size, expected = text.split("\n")[0], int(text.split("\n")[1]), base64.b64decode(text.split("\n")[2])

# The signature: base64 of 4 bytes that name the key and 64 bytes of Ed25519 over the text.
name, key_id, public = key.split("+", 2)
line = [s for s in signatures.split("\n") if s.startswith(f"\u2014 {name} ")
        and base64.b64decode(s.split(" ")[2])[:4].hex() == key_id]
if name != origin or not line:
    sys.exit(f"NOT SIGNED by {key} as {origin}")
with tempfile.TemporaryDirectory() as scratch:
    write = lambda n, data: (open(os.path.join(scratch, n), "wb").write(data), os.path.join(scratch, n))[1]
    der = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(public)[1:]
    command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", write("key", der),
               "-in", write("text", (text + "\n").encode()),
               "-sigfile", write("signature", base64.b64decode(line[0].split(" ")[2])[4:])]
    if subprocess.run(command, capture_output=True).returncode != 0:
        sys.exit("THE SIGNATURE OF THE CHECKPOINT DOES NOT VERIFY")

# The entries: 256 to a file, each after its length in two bytes.
leaves = []
for n in range((size + 255) // 256):
    width, data, before = min(256, size - n * 256), file("entries", n, min(256, size - n * 256)), len(leaves)
    while data:
        length = int.from_bytes(data[:2], "big")
        leaves.append(sha256(b"\0" + data[2:2 + length]))
        data = data[2 + length:]
    if len(leaves) - before != width:
        sys.exit(f"tile/entries {n} HAS NOT {width} ENTRIES")

# The tiles: 256 hashes to a file; each hash of a level is the root over one full tile of the level below.
level, hashes, tiles = 0, leaves, 0
while hashes:
    for n in range((len(hashes) + 255) // 256):
        part = hashes[n * 256:(n + 1) * 256]
        tiles += 1
        if file(level, n, len(part)) != b"".join(part):
            sys.exit(f"tile/{level} {n} IS NOT OVER THE LEVEL BELOW")
    hashes = [root(hashes[n * 256:(n + 1) * 256]) for n in range(len(hashes) // 256)]
    level += 1

if root(leaves) != expected:
    sys.exit("THE ENTRIES ARE NOT THOSE OF THE CHECKPOINT")
print(f"{origin}: {size} entries and {tiles} tiles are those of the signed root {expected.hex()}")
