//! `README.txt`: how to check a bundle without any program of ours.

pub(super) const TEXT: &str = r#"EVIDENCE BUNDLE
===============

This archive holds evidence, and entries of a log that commits to it. You need not trust whoever gave it to you,
nor the program that made it: everything below can be recomputed with ordinary tools.

What it can show: that the evidence and the entries are exactly those the log had committed to when the checkpoint
in checkpoint.latest was signed. Alteration after that moment is detectable by anyone who holds the checkpoint.
What it cannot show: that what was recorded is true, or that the holder of the signing key never wrote a second,
different log. Against the latter, keep a checkpoint of your own and compare; ask for the log's public key through
another channel than this archive.

WHAT IS HERE
  MANIFEST.json          names every other file with its SHA-256 (an in-toto Statement)
  MANIFEST.sig           the SHA-256 of MANIFEST.json, signed with the log's key
  MANIFEST.dsse.json     MANIFEST.json in a DSSE envelope signed with the log's key, for in-toto tools
  checkpoint.latest      three lines: name of the log, number of entries, root hash in base64; then signatures
  checkpoint.a, .b       the checkpoints at the ends of a period, if the bundle is about one: before the entry
                         period.open and behind the entry period.close, if the log has them
  consistency.txt        RFC 6962 consistency proofs between the checkpoints
  policy                 the public key of the log, as "name+id+base64"
  leaves/<n>.json        exact bytes of entry n; proofs/<n>.tlog-proof is its inclusion proof (c2sp.org/tlog-proof)
  tile/entries/...       every entry of the log, 256 to a file, each after its length in two bytes, if shipped whole
  tile/0/..., tile/1/... the hashes of the tree, 256 to a file (c2sp.org/tlog-tiles)
  blobs/sha256/...       artifacts, each named by the SHA-256 of its content
  salts.json             for each artifact the salt with which it reproduces the commitment in its entry
  records/*.json         texts that entries commit to, such as why a check was waived, each with its salt
  history/stretches.csv  which check failed, or could not see, at which target from when to when, as claimed
  history/targets.json   what the targets are: each is named by the SHA-256 of its line here, written as canonical JSON
  history/*.objects      what the runs found: lists and verdicts that the entries name by SHA-256; the short way below
                         recomputes every stretch from them
  rotations.json         signed statements that one key of the log follows another, if there were any
  report/...             documents made from the evidence, for example report/readiness.pdf
  report/E-*-package.json  management's part of an issued report, as it was frozen; report/E-*-records.json: the records
                         that its figures follow from, each with the SHA-256 that an entry names for its canonical JSON;
                         report/E-*-statement.dsse.json: the signed statement that they were frozen

THE SHORT WAY
  tickmark-verify bundle.zip --key "<the log's public key, obtained elsewhere>"
  It answers five questions: are the bytes whole, are they in the log, since when, is anything left out, and do the
  figures of issued reports follow from their records.

BY HAND
1. Bytes. Unpack the archive and compare every file with MANIFEST.json:

     python3 - <<'END'
     import hashlib, json
     for s in json.load(open("MANIFEST.json"))["subject"]:
         digest = hashlib.sha256(open(s["name"], "rb").read()).hexdigest()
         print("ok     " if digest == s["digest"]["sha256"] else "CHANGED", s["name"])
     END

   One file alone: sha256sum report/readiness.pdf

2. Signature. The text of the checkpoint ends before the blank line; the signature is the base64 after the name,
   without its first 4 bytes; the public key is the base64 at the end of the key, without its first byte:

     sed '/^$/,$d' checkpoint.latest > text
     sed -n '/^$/,$p' checkpoint.latest | sed -n 2p | awk '{print $3}' | base64 -d | tail -c 64 > signature
     KEY="<the log's public key, obtained elsewhere>"
     (printf 302a300506032b6570032100 | xxd -r -p; printf %s "${KEY#*+*+}" | base64 -d | tail -c 32) > key.der
     openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in text -sigfile signature

   MANIFEST.sig is signed in the same way; its third line must be the SHA-256 of MANIFEST.json.
   A DSSE envelope (*.dsse.json) signs "DSSEv1", the length of its type, the type, the length of its payload and the
   payload, with single spaces between. For MANIFEST.dsse.json, with KEY and key.der from above:

     python3 - <<'END'
     import base64, json
     e = json.load(open("MANIFEST.dsse.json"))
     p, t = base64.b64decode(e["payload"]), e["payloadType"].encode()
     open("text", "wb").write(b"DSSEv1 %d %s %d %s" % (len(t), t, len(p), p))
     open("signature", "wb").write(base64.b64decode(e["signatures"][0]["sig"]))
     print("ok" if p == open("MANIFEST.json", "rb").read() else "ANOTHER MANIFEST")
     END
     openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in text -sigfile signature

3. Entries. The hash of an entry is SHA-256 over a zero byte and its bytes; the hash of two neighbours is SHA-256
   over a byte one and both hashes. With the whole log in tile/entries, its root follows:

     python3 - <<'END'
     import base64, hashlib, os
     h = lambda b: hashlib.sha256(b).digest()
     number = lambda path: int("".join(c for c in path.split(".p")[0] if c.isdigit()))
     leaves = []
     for path in sorted((os.path.join(d, f) for d, _, fs in os.walk("tile/entries") for f in fs), key=number):
         data = open(path, "rb").read()
         while data:
             n = int.from_bytes(data[:2], "big")
             leaves.append(h(b"\0" + data[2:2 + n]))
             data = data[2 + n:]
     def root(l):
         if len(l) == 1:
             return l[0]
         k = 1 << ((len(l) - 1).bit_length() - 1)
         return h(b"\1" + root(l[:k]) + root(l[k:]))
     lines = open("checkpoint.latest").read().split("\n")
     ok = len(leaves) == int(lines[1]) and (root(leaves) if leaves else h(b"")) == base64.b64decode(lines[2])
     print("the entries are those of the checkpoint" if ok else "THE ENTRIES ARE NOT THOSE OF THE CHECKPOINT")
     END

   For a single entry follow proofs/<n>.tlog-proof as RFC 9162, section 2.1.3.2, describes.

4. Artifacts. An entry names its artifacts by "stored", the SHA-256 of the stored bytes, and by "commitment", an
   HMAC-SHA-256 under a secret salt. To check the commitments of the artifacts released here:

     python3 - <<'END'
     import hmac, json
     for s in json.load(open("salts.json"))["salts"]:
         hex = s["blob"].removeprefix("sha256:")
         content = open(f"blobs/sha256/{hex[:2]}/{hex}", "rb").read()
         mac = hmac.new(bytes.fromhex(s["salt"]), b"tickmark/artifact/v1\0" + content, "sha256").hexdigest()
         print("ok     " if "sha256:" + mac == s["commitment"] else "CHANGED", s["blob"])
     END

   Then look for the commitment in the entries: grep -r "<commitment>" leaves tile/entries
   The texts in records/*.json are checked in the same way, with "tickmark/record/v1" in place of "tickmark/artifact/v1"
   and "text" in place of the content of a file.
"#;
