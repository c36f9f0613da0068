//! The log and proofs.

use super::*;

pub(super) fn leaves() -> Vec<LeafView> {
    let kinds = [
        ("run.close", "Run 214 of host 0.1.0 over 3 targets, 6 gaps"),
        ("check.block", "Verdicts of ssh-root-login-disabled on 3 targets"),
        ("evidence.add", "41 artifacts of run 214"),
        ("population.define", "3 hosts, as listed by the settings"),
        ("run.open", "Run 214 began"),
        ("time.anchor", "Timestamp over the checkpoint of size 1,030"),
    ];
    let mut out: Vec<LeafView> = (0..24)
        .map(|n| {
            let (kind, summary) = kinds[n % kinds.len()];
            leaf(1_041 - n as u64, kind, summary, ago((n / 6) as i64, 2))
        })
        .collect();
    out.extend((1_003..1_018).rev().map(|index| leaf(index, "run.close", "A run was closed", ago(20, 2))));
    out.push(leaf(0, "log.genesis", "The log began", ago(320, 3)));
    out
}

pub(super) fn leaf(index: u64, kind: &str, summary: &str, at: Timestamp) -> LeafView {
    let bytes = json!({ "b": { "checks": 26, "gaps": 6, "run": index, "targets": 3 }, "id": format!("0199c1d2-77aa-7c3e-9f00-{index:012}"), "t": kind, "ts": at.to_string(), "v": 1, "who": "collector:host" }).to_string();
    let hash = Digest::of(bytes.as_bytes());
    LeafView {
        row: LeafRow { index, kind: kind.to_owned(), at, summary: summary.to_owned(), hash },
        bytes,
        proof_text: format!("c2sp.org/tlog-proof@v1\nindex {index}\n\nacme.example/t/5f2c9a/1\n1042\n"),
        proof: (0..11).map(|n| Digest::of(format!("{index}/{n}").as_bytes())).collect(),
        size: 1_042,
        root: Digest::of(b"root"),
    }
}

pub(super) fn log(leaves: &[LeafView], token: Digest) -> LedgerView {
    let origin = "acme.example/t/5f2c9a/1";
    LedgerView {
        origin: origin.into(),
        size: 1_042,
        root: Digest::of(b"root"),
        checkpoint: format!(
            "{origin}\n1042\nSIE4zgc0T6TL6a0Mjy1bpyOrZcmUnkoW8LEjhBZMcfI=\n\n\u{2014} {origin} kJ5xEu1S0o3yUPJ8tqfQ0rM2mVnkNCwB5g0Z7l9xQ4yVtJpG1hTQe8Zb0cQk7Jm2l5Wq3nD1sYv6uFhRzXaKbQ8EAw==\n"
        ),
        signed_at: ago(0, 2),
        key: format!("{origin}+909e7112+ARkq0p3f8mE6m4Yk1pY0l7X2b9u0cZ1sT5tqv3e4w6yB"),
        epoch: 1,
        pending: 0,
        scrub: Some(ScrubView { at: ago(1, 0), leaves: 1_030, tiles: 4, objects: 611, differences: 0 }),
        outside: OutsideView {
            anchors: vec![AnchorRow {
                authority: "tsa.example".into(),
                size: 1_030,
                latest: ago(0, 20),
                answer: Some(token),
            }],
            cosignatures: vec![CosignatureRow {
                witness: "witness.example/w1".into(),
                size: 1_030,
                at: ago(0, 19),
            }],
            quorum: (2, 1),
            witnessed: Some(1_030),
            places: vec![PlaceRow {
                name: "vault".into(),
                size: 1_042,
                arrived: None,
                problem: "refused".into(),
            }],
            silent: vec![SilentRow {
                kind: "witness",
                name: "witness.example/w2".into(),
                since: ago(2, 0),
                problem: "connection refused".into(),
            }],
            lacking: Vec::new(),
            open_periods: vec![1],
        },
        keys: vec![
            KeyRow { key: format!("{origin}+11111111+AQ"), epoch: 1, from: 0, to: Some(900) },
            KeyRow { key: format!("{origin}+909e7112+AR"), epoch: 1, from: 901, to: None },
        ],
        policy: PolicyView {
            keys: 1,
            witnesses: vec!["witness.example/w1".into(), "witness.example/w2".into()],
            quorum: 1,
            authorities: vec!["tsa.example".into()],
            places: vec!["vault".into()],
            publish_every_minutes: 10,
            anchor_every_hours: 24,
            alert_after_hours: 24,
            retention: vec![("evidence".into(), 2_555)],
            changes: vec![
                PolicyRow {
                    at: ago(3, 0),
                    leaf: None,
                    by: "Robin Example".into(),
                    what: vec!["how long evidence is kept"],
                },
                PolicyRow {
                    at: ago(40, 0),
                    leaf: Some(1_003),
                    by: String::new(),
                    what: vec!["witnesses", "how many witnesses have to cosign"],
                },
            ],
        },
        leaves: leaves.iter().take(24).map(|leaf| leaf.row.clone()).collect(),
    }
}

pub(super) fn consistency() -> ConsistencyView {
    ConsistencyView {
        old_size: 1_000,
        old_root: Digest::of(b"older root"),
        old_root_base64: "b2xkZXIgcm9vdA==".into(),
        new_size: 1_042,
        new_root: Digest::of(b"root"),
        new_root_base64: "cm9vdA==".into(),
        hashes: (0..7).map(|n| Digest::of(format!("consistency/{n}").as_bytes())).collect(),
        text: Some("old 1000\nAAAA\n\nacme.example/t/5f2c9a/1\n1042\n".into()),
    }
}
