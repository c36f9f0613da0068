//! As an ordinary account: what may not be read is a gap, and nothing is claimed about it.
//!
//! When tests run as root the program is started as another account, else it is started as it is.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tickmark_core::observation::host;

use super::write;

/// An account without any rights.
const NOBODY: &str = "65534";

/// Runs the program without rights and returns the facts it prints.
fn facts(arguments: &[&str]) -> Value {
    // A folder of its own, because others may not enter the build folder of an account.
    let folder = tempfile::tempdir().expect("folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("mode");
    let program = folder.path().join("look");
    std::fs::copy(env!("CARGO_BIN_EXE_tickmark-look"), &program).expect("copy");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("mode");
    let mut command = if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]).arg(&program);
        command
    } else {
        Command::new(&program)
    };
    let output = command.args(arguments).current_dir("/").output().expect("started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let facts: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(host::validate(&facts), Ok(()));
    facts
}

fn reason<'a>(facts: &'a Value, path: &str) -> Option<&'a str> {
    facts["gaps"].as_array()?.iter().find(|gap| gap["path"] == path)?["reason"].as_str()
}

#[test]
fn an_ordinary_account_sees_less_and_says_so() {
    let facts = facts(&["--light"]);
    assert_eq!(reason(&facts, "accounts.users.password_state"), Some("not_permitted"));
    let users = facts["accounts"]["users"].as_array().expect("passwd is for everybody");
    assert!(users.iter().all(|user| user.get("max_days").is_none()));
    // Where a firewall tool exists it refuses; where none does there is nothing to refuse.
    if let Some(class) = reason(&facts, "firewall.active") {
        assert_eq!(class, "not_permitted");
        assert!(facts["firewall"].get("open_ports").is_none());
    }
}

fn scratch(root: &Path) {
    write(root, "/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    write(root, "/etc/group", "root:x:0:\n");
    write(root, "/etc/shadow", "root::1::::::\n");
    write(root, "/etc/sudoers", "root ALL=(ALL) ALL\n");
    write(root, "/root/.ssh/authorized_keys", "x\n");
    write(root, "/usr/bin/x", "");
}

#[test]
fn forbidden_files_and_folders_are_gaps() {
    let root = tempfile::tempdir().expect("folder");
    scratch(root.path());
    let forbid = |path: &str, mode| {
        std::fs::set_permissions(root.path().join(path), std::fs::Permissions::from_mode(mode))
            .expect("mode");
    };
    forbid("", 0o755);
    forbid("etc/shadow", 0);
    forbid("etc/sudoers", 0);
    forbid("root", 0);
    forbid("usr/bin", 0);
    let facts = facts(&["--root", root.path().to_str().expect("text")]);
    assert_eq!(reason(&facts, "accounts.users.password_state"), Some("not_permitted"));
    assert!(facts["accounts"]["users"][0].get("password_state").is_none());
    assert_eq!(reason(&facts, "sudo.rules"), Some("not_permitted"));
    assert!(facts["sudo"].get("rules").is_none());
    assert_eq!(reason(&facts, "authorized_keys.keys"), Some("not_permitted"));
    assert_eq!(reason(&facts, "files.set_id"), Some("not_permitted"));
    assert_eq!(facts["files"]["complete"], false);
    // So that the folder can be removed again by whoever made it.
    forbid("root", 0o755);
    forbid("usr/bin", 0o755);
}
