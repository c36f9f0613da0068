//! Downloads: foreign bytes never run, and only known names exist.

use axum::http::StatusCode;
use tickmark_web::guard::SANDBOX;
use tickmark_web::routes;

use crate::sample::views;
use crate::visitor::Visitor;

#[tokio::test]
async fn raw_evidence_is_saved_never_shown_by_the_browser() {
    let guest = Visitor::guest(views(None)).await;
    let path = routes().iter().find(|route| route.example.ends_with("/download")).expect("exported").example;
    let answer = guest.get(path).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.bytes, b"Linux ada-01 6.12.57 x86_64\n");
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("content-security-policy"), SANDBOX);
    assert!(answer.header("content-disposition").starts_with("attachment; filename=\"kernel-identity-"));
}

#[tokio::test]
async fn a_document_is_sent_whole() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let content: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(folder.path().join("readiness.pdf"), &content).expect("written");
    std::fs::write(folder.path().join("secret.txt"), "s").expect("written");
    std::fs::create_dir(folder.path().join("bundle.zip")).expect("made");
    let guest = Visitor::guest(views(Some(folder.path().to_owned()))).await;

    let answer = guest.get("/reports/readiness.pdf").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.bytes == content);
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert_eq!(answer.header("content-security-policy"), SANDBOX);
    assert!(answer.header("content-disposition").starts_with("attachment; filename=\"readiness.pdf\""));

    for path in ["/reports/matrix.xlsx", "/reports/secret.txt", "/reports/bundle.zip", "/reports/%2E%2E"] {
        assert_eq!(guest.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_checkpoint_is_saved_exactly_as_signed() {
    let guest = Visitor::guest(views(None)).await;
    let answer = guest.get("/ledger/checkpoint").await;
    assert_eq!(answer.text(), views(None).ledger.checkpoint);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
}

#[tokio::test]
async fn proofs_are_saved_as_text_and_as_json() {
    let guest = Visitor::guest(views(None)).await;
    let text = guest.get("/ledger/leaves/1041/tlog-proof").await;
    assert!(text.text().starts_with("c2sp.org/tlog-proof@v1\nindex 1041\n"));
    assert!(text.header("content-disposition").contains("leaf-1041.tlog-proof"));
    for path in ["/ledger/leaves/1041/proof.json", "/ledger/consistency/1000/1042"] {
        let answer = guest.get(path).await;
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
        assert_eq!(answer.header("content-security-policy"), SANDBOX, "{path}");
        let document: serde_json::Value = serde_json::from_slice(&answer.bytes).expect("JSON");
        let hashes = document["hashes"].as_array().expect("hashes");
        assert!(!hashes.is_empty() && hashes.iter().all(|hash| hash.as_str().is_some_and(|h| h.len() == 64)));
    }
    let page = guest.get("/ledger/consistency?from=1000&to=1042").await;
    assert!(page.text().contains("/ledger/consistency/1000/1042") && page.text().contains("Root of 1000"));
    let odd = guest.get("/ledger/consistency?from=2000&to=1042").await;
    assert!(odd.status.is_success() && odd.text().contains("cannot be compared"));
    assert_eq!(guest.get("/ledger/consistency?from=x").await.status, StatusCode::NOT_FOUND);
    assert_eq!(guest.get("/ledger/consistency/5/1").await.status, StatusCode::NOT_FOUND);
}
