//! What pages are made of: nothing foreign, nothing inline, nothing dead, and readable by everyone.

use std::collections::BTreeSet;

use axum::http::StatusCode;

use crate::hostile::poison;
use crate::sample::{empty_views, views};
use crate::visitor::{Visitor, pages};

/// Bytes of a page, uncompressed.
const PAGE_WEIGHT_LIMIT: usize = 150 * 1000;

/// The start tags of a page as (name, attributes).
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut out = Vec::new();
    for piece in html.split('<').skip(1).filter(|piece| piece.starts_with(|c: char| c.is_ascii_alphabetic()))
    {
        let tag = piece.split('>').next().unwrap_or("");
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while !rest.trim_start().is_empty() {
            rest = rest.trim_start();
            let end = rest.find(['=', ' ']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            match after.strip_prefix("=\"").and_then(|after| after.split_once('"')) {
                Some((value, after)) => {
                    attributes.push((key.to_owned(), value.to_owned()));
                    rest = after;
                }
                None => {
                    attributes.push((key.to_owned(), String::new()));
                    rest = after;
                }
            }
        }
        out.push((name.to_owned(), attributes));
    }
    out
}

fn value<'a>(attributes: &'a [(String, String)], key: &str) -> Option<&'a str> {
    attributes.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
}

fn assert_clean(path: &str, html: &str) {
    let all = tags(html);
    for (name, attributes) in &all {
        for (key, value) in attributes {
            assert!(key != "style" && !key.starts_with("on"), "{path}: <{name} {key}>");
            if matches!(key.as_str(), "href" | "src" | "action") {
                let is_ours = (value.starts_with('/') && !value.starts_with("//")) || value.starts_with('#');
                assert!(is_ours, "{path}: <{name} {key}=\"{value}\">");
            }
        }
        assert!(
            !matches!(name.as_str(), "img" | "iframe" | "object" | "embed" | "style" | "base"),
            "{path}: <{name}>"
        );
    }
    let scripts = all.iter().filter(|(name, _)| name == "script").count();
    assert_eq!(scripts, 3, "{path}: our modules and no other");
    assert!(html.contains("></script>"), "{path}: no inline script");
}

#[tokio::test]
async fn pages_ask_nobody_else_and_carry_nothing_inline() {
    let guest = Visitor::guest(views(None)).await;
    let empty = Visitor::guest(empty_views()).await;
    for path in pages() {
        let answer = guest.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_clean(&path, answer.text());
        assert!(answer.bytes.len() < PAGE_WEIGHT_LIMIT, "{path} weighs {}", answer.bytes.len());
        assert_clean(&path, empty.get(&path).await.text());
    }
    assert_clean(
        "401",
        Visitor::stranger(views(None), tickmark_web::Settings::loopback(8143)).get("/").await.text(),
    );
}

#[tokio::test]
async fn hostile_text_stays_text_in_every_view() {
    let mut poisoned = views(None);
    poison(&mut poisoned);
    let guest = Visitor::guest(poisoned).await;
    for path in pages() {
        let answer = guest.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_clean(&path, answer.text());
        let is_shown = answer.text().contains("&lt;script&gt;alert(1)") || path.contains("q=nothing");
        assert!(is_shown, "{path} shows the hostile text, escaped");
    }
}

#[tokio::test]
async fn everyone_can_read_the_pages() {
    let guest = Visitor::guest(views(None)).await;
    for path in pages() {
        let answer = guest.get(&path).await;
        let html = answer.text();
        let all = tags(html);
        let count = |wanted: &str| all.iter().filter(|(name, _)| name == wanted).count();
        assert_eq!((count("main"), count("h1")), (1, 1), "{path}");
        assert!(count("header") == 1 && count("nav") >= 1, "{path}: landmarks");
        assert!(html.contains("<a class=\"skip\" href=\"#main\">"), "{path}: skip link");
        assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\""), "{path}");
        for (name, attributes) in &all {
            match name.as_str() {
                "th" => assert!(value(attributes, "scope").is_some(), "{path}: <th> without scope"),
                "svg" => assert!(
                    value(attributes, "aria-hidden") == Some("true")
                        || value(attributes, "aria-label").is_some(),
                    "{path}: <svg> without a text"
                ),
                "nav" => assert!(value(attributes, "aria-label").is_some(), "{path}: <nav> without a name"),
                _ => {}
            }
        }
        let ids: Vec<&str> = all.iter().filter_map(|(_, attributes)| value(attributes, "id")).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        let twice: Vec<&&str> =
            unique.iter().filter(|id| ids.iter().filter(|other| other == id).count() > 1).collect();
        assert!(twice.is_empty(), "{path}: ids used twice: {twice:?}");
    }
}

#[tokio::test]
async fn no_link_is_dead() {
    let guest = Visitor::guest(views(None)).await;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for path in pages() {
        let answer = guest.get(&path).await;
        for (name, attributes) in tags(answer.text()) {
            if let Some(href) = value(&attributes, "href").filter(|href| href.starts_with('/')) {
                // Documents are files of the output folder, which this sample has not.
                let is_document = href.starts_with("/reports/");
                // Who has no account is not shown the way to a look on a page, but the command.
                let is_for_accounts = href == "/jobs";
                if name == "a" && !is_document && !is_for_accounts {
                    seen.insert(href.split('#').next().unwrap_or("").replace("&amp;", "&"));
                }
            }
        }
    }
    assert!(seen.len() > 150, "{} links", seen.len());
    for href in &seen {
        assert_eq!(guest.get(href).await.status, StatusCode::OK, "{href}");
    }
}

#[tokio::test]
async fn made_up_data_is_said_to_be_made_up_on_every_page() {
    let mut example = views(None);
    example.context.notice = "Example company: all data is fictional".into();
    let (guest, real) = (Visitor::guest(example).await, Visitor::guest(views(None)).await);
    for path in pages() {
        assert!(guest.get(&path).await.text().contains("role=\"note\">Example company"), "{path}");
        assert!(!real.get(&path).await.text().contains("Example company"), "{path}");
    }
}

#[tokio::test]
async fn figures_lead_to_as_many_rows_as_they_say() {
    let guest = Visitor::guest(views(None)).await;
    let overview = guest.get("/").await.text().to_owned();
    assert_eq!(overview.matches("<a class=\"figure\"").count(), 16, "four questions with four answers");
    for (at, piece) in overview.split("<a class=\"figure\" href=\"").skip(1).enumerate() {
        let href = piece.split('"').next().unwrap_or("").replace("&amp;", "&");
        let stated: usize = piece
            .split("<span>")
            .nth(1)
            .and_then(|rest| rest.split('<').next())
            .and_then(|figure| figure.parse().ok())
            .unwrap_or_else(|| panic!("figure {at} of {href}"));
        let page = guest.get(&href).await.text().to_owned();
        let found =
            page.split("data-shown>").nth(1).and_then(|rest| rest.split('<').next()).expect("a count");
        assert_eq!(found, stated.to_string(), "{href}");
    }
}

#[tokio::test]
async fn every_empty_page_says_the_next_action() {
    let guest = Visitor::guest(empty_views()).await;
    for path in [
        "/",
        "/targets",
        "/runs",
        "/evidence",
        "/ledger",
        "/reports",
        "/checks/ssh-root-login-disabled",
        "/controls/IAM-08",
    ] {
        let answer = guest.get(path).await;
        assert!(answer.text().contains("<code class=\"command\">tickmark "), "{path}");
    }
}

#[tokio::test]
async fn pages_read_the_same_as_when_they_were_reviewed() {
    let guest = Visitor::guest(views(None)).await;
    let empty = Visitor::guest(empty_views()).await;
    for (name, visitor, path) in [
        ("target_gaps", &guest, "/targets/1?part=gaps"),
        ("leaf", &guest, "/ledger/leaves/0"),
        ("evidence", &guest, "/evidence/"),
        ("overview_empty", &empty, "/"),
    ] {
        let path = if path == "/evidence/" { tickmark_web::routes()[5].example } else { path };
        let html = visitor.get(path).await.text().to_owned();
        let main =
            html.split("<main").nth(1).and_then(|rest| rest.split("</main>").next()).expect("a main part");
        // One tag a line, so that a change is reviewed as a change of lines.
        insta::assert_snapshot!(name, main.replace("><", ">\n<"));
    }
}
