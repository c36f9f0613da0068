//! Several organizations in one data folder, by the command line.

mod support;

use std::sync::OnceLock;

use support::{Folder, errors};

static FIRST: OnceLock<Folder> = OnceLock::new();

#[test]
fn organizations_are_added_named_and_chosen() {
    let folder = Folder::copy_of(&FIRST, &["init", "--organization", "Acme"]);
    // A folder that is there keeps what it has, and says how to add to it.
    let again = folder.run(&["init", "--organization", "Beta GmbH"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(errors(&again).contains("tickmark organization add \"Beta GmbH\""), "{}", errors(&again));
    assert_eq!(folder.run(&["init", "--organization", "Acme"]).status.code(), Some(0), "as it is");
    assert_eq!(folder.run(&["init"]).status.code(), Some(0), "the one there is");

    let added = folder.json(&["organization", "add", "Beta GmbH", "--system", "Payroll"]);
    assert!(added["link"].as_str().expect("a link").contains("/join/"));
    let twice = folder.run(&["organization", "add", "Beta GmbH"]);
    assert_eq!(twice.status.code(), Some(2));
    let all = folder.json(&["organization", "list"]);
    let names: Vec<_> = all.as_array().expect("a list").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Acme", "Beta GmbH"]);
    assert_eq!(all[1]["systems"][0], "Payroll");

    // Of several, one is named.
    let which = folder.run(&["people", "list"]);
    assert_ne!(which.status.code(), Some(0));
    let says = errors(&which);
    assert!(says.contains("\"Acme\", \"Beta GmbH\"") && says.contains("--organization NAME"), "{says}");
    let none = folder.run(&["people", "list", "--organization", "Gamma"]);
    assert!(errors(&none).contains("\"Acme\", \"Beta GmbH\""), "{}", errors(&none));
    let invited = |organization: &str| {
        folder.json(&["people", "list", "--organization", organization])["invitations"]
            .as_array()
            .expect("a list")
            .len()
    };
    folder.json(&["people", "invite", "ada@example.com", "--role", "owner", "--organization", "Acme"]);
    assert_eq!((invited("Acme"), invited("Beta GmbH")), (1, 1), "Beta's is the link of its first owner");
    let renamed = folder.json(&["organization", "rename", "Beta AG", "--organization", "Beta GmbH"]);
    assert_eq!(renamed["before"], "Beta GmbH");
    assert_eq!(folder.run(&["ledger", "fsck", "--organization", "Beta AG"]).status.code(), Some(0));
    // The log of each is its own.
    let origin = |organization: &str| {
        folder.json(&["ledger", "show", "--organization", organization])["checkpoint"].to_string()
    };
    assert_ne!(origin("Acme"), origin("Beta AG"));
}
