//! Several organizations in one data folder, by the command line.

mod support;

use std::path::Path;
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

#[test]
fn checks_of_one_organization_are_written_listed_and_tested_for_it_alone() {
    let folder = Folder::copy_of(&FIRST, &["init", "--organization", "Acme"]);
    let alone = folder.json(&["checks", "new", "app-first"]);
    assert_eq!(
        Path::new(alone["folder"].as_str().expect("a folder")),
        folder.data().join("checks/app/app-first")
    );
    folder.json(&["organization", "add", "Beta GmbH"]);
    let beta = ["--organization", "Beta GmbH"];
    let made = folder.json(&[&["checks", "new", "app-second"][..], &beta].concat());
    let below = folder.data().join("organizations");
    assert!(Path::new(made["folder"].as_str().expect("a folder")).starts_with(below), "{made}");
    // Of Acme nobody has a folder: where several share the data folder, each writes its own.
    let ids = |arguments: &[&str]| -> Vec<String> {
        let listed = folder.json(&[&["checks", "list", "--group", "app"], arguments].concat());
        let all = listed.as_array().expect("a list").iter();
        all.map(|one| one["check"]["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids(&["--organization", "Acme"]), ["app-first"]);
    assert_eq!(ids(&beta), ["app-first", "app-second"]);
    let test = |arguments: &[&str]| folder.run(&[&["checks", "test", "app-second"], arguments].concat());
    assert_eq!(test(&beta).status.code(), Some(0), "{}", errors(&test(&beta)));
    assert_eq!(test(&[]).status.code(), Some(2), "it is of none in particular");
    assert_eq!(folder.run(&["checks", "test", "app-first"]).status.code(), Some(0), "it is of all");
    assert_eq!(folder.json(&[&["checks", "show", "app-second"][..], &beta].concat())["origin"], "own");
}
