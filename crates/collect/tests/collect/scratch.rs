//! On folders that hold a copy of a system, with faults planted.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;
use tickmark_core::observation::ReasonClass;

use super::{NOW, look, reason, under, write};

fn system(root: &Path) {
    write(
        root,
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n",
    );
    write(
        root,
        "/etc/shadow",
        "root:$y$j9T$salt$hash:19675:0:99999:7:::\ntoor:*:19675::::::\nann::19675:0:99999:7:::\n",
    );
    write(root, "/etc/group", "root:x:0:\nsudo:x:27:ann\nann:x:1000:\n");
    write(root, "/etc/login.defs", "UID_MIN 1000\nUID_MAX 60000\nUMASK 022\n");
    write(root, "/etc/nsswitch.conf", "passwd: files\n");
    write(root, "/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n");
    write(root, "/etc/sudoers", "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n");
    write(root, "/etc/sudoers.d/team", "%sudo ALL=(ALL) NOPASSWD: ALL\n");
    std::fs::create_dir_all(root.join("home/ann")).expect("folder");
}

#[test]
fn a_second_root_and_an_empty_password_are_seen() {
    let root = tempfile::tempdir().expect("folder");
    system(root.path());
    let collected = look(&under(root.path()), NOW, None);
    let accounts = &collected.facts["accounts"];
    assert_eq!(accounts["duplicate_uids"], json!([0]));
    let uid0: Vec<_> =
        accounts["users"].as_array().expect("users").iter().filter(|user| user["uid"] == 0).collect();
    assert_eq!(uid0.len(), 2);
    assert_eq!(accounts["users"][2]["password_state"], "empty");
    assert_eq!(accounts["users"][0]["hash_scheme"], "yescrypt");
    assert_eq!(collected.facts["sudo"]["full_privilege_users"], json!(["ann"]));
    assert_eq!(collected.facts["sudo"]["rules"][1]["nopasswd"], true);
    assert_eq!(collected.facts["os"]["codename"], "bookworm");
}

#[test]
fn a_copy_claims_nothing_about_what_runs() {
    let root = tempfile::tempdir().expect("folder");
    system(root.path());
    let collected = look(&under(root.path()), NOW, None);
    for (section, field) in
        [("audit", "running"), ("sockets", "listening"), ("firewall", "active"), ("usage", "filesystems")]
    {
        assert!(collected.facts[section].get(field).is_none(), "{section}.{field}");
    }
    assert_eq!(reason(&collected, "audit.running"), Some(ReasonClass::NotPresent));
    assert_eq!(reason(&collected, "firewall.active"), Some(ReasonClass::NotCollected));
}

#[test]
fn files_with_special_rights_are_found() {
    let root = tempfile::tempdir().expect("folder");
    system(root.path());
    let set = |path: &str, mode| {
        let place = write(root.path(), path, "x");
        std::fs::set_permissions(place, std::fs::Permissions::from_mode(mode)).expect("mode");
    };
    set("/usr/bin/rooted", 0o4755);
    set("/etc/open", 0o666);
    set("/usr/bin/plain", 0o755);
    std::fs::create_dir_all(root.path().join("opt/drop")).expect("folder");
    std::fs::set_permissions(root.path().join("opt/drop"), std::fs::Permissions::from_mode(0o777))
        .expect("mode");
    std::fs::create_dir_all(root.path().join("opt/sticky")).expect("folder");
    std::fs::set_permissions(root.path().join("opt/sticky"), std::fs::Permissions::from_mode(0o1777))
        .expect("mode");
    let files = look(&under(root.path()), NOW, None).facts["files"].clone();
    assert_eq!(files["complete"], true);
    assert_eq!(files["set_id"][0]["path"], "/usr/bin/rooted");
    assert_eq!(files["set_id"][0]["mode"], "4755");
    assert_eq!(files["world_writable_files"], json!(["/etc/open"]));
    assert_eq!(files["world_writable_directories"], json!(["/opt/drop"]));
}

#[test]
fn the_first_sight_of_a_key_is_carried_over() {
    let root = tempfile::tempdir().expect("folder");
    system(root.path());
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a\n";
    write(root.path(), "/home/ann/.ssh/authorized_keys", key);
    let first = look(&under(root.path()), NOW, None);
    let second = look(&under(root.path()), NOW + 100_000, Some(&first.facts));
    assert_eq!(first.facts["authorized_keys"]["keys"][0]["first_seen_at"], NOW);
    assert_eq!(first.facts, second.facts);
    // A document of another schema is no memory, and no reason to fail.
    let third = look(&under(root.path()), NOW + 100_000, Some(&json!({"schema": "other/1"})));
    assert_eq!(third.facts["authorized_keys"]["keys"][0]["first_seen_at"], NOW + 100_000);
}

#[test]
fn an_empty_root_gives_gaps_only() {
    let root = tempfile::tempdir().expect("folder");
    let collected = look(&under(root.path()), NOW, None);
    assert_eq!(reason(&collected, "accounts"), Some(ReasonClass::NotPresent));
    assert_eq!(collected.facts["sshd"], json!({"installed": false}));
    assert_eq!(collected.target.name, "unnamed host");
}

#[test]
fn hostile_files_do_no_harm() {
    let root = tempfile::tempdir().expect("folder");
    let garbage: String = (0..2_000_u32).filter_map(|n| char::from_u32(n * 7 % 0x1_0000)).collect();
    for path in [
        "/etc/passwd",
        "/etc/shadow",
        "/etc/group",
        "/etc/login.defs",
        "/etc/sudoers",
        "/etc/pam.d/login",
        "/etc/os-release",
        "/etc/ssh/sshd_config",
        "/etc/nftables.conf",
        "/etc/apt/sources.list",
        "/etc/apt/apt.conf.d/50x",
        "/etc/rsyslog.conf",
        "/etc/logrotate.conf",
        "/etc/crontab",
        "/etc/wireguard/wg0.conf",
        "/etc/audit/rules.d/a.rules",
        "/var/lib/dpkg/status",
        "/proc/self/mountinfo",
        "/proc/swaps",
        "/proc/net/tcp",
        "/proc/net/udp",
        "/proc/modules",
        "/var/log/lastlog",
        "/etc/chrony/chrony.conf",
        "/etc/security/pwquality.conf",
        "/etc/profile",
        "/home/x/.ssh/authorized_keys",
    ] {
        write(root.path(), path, &garbage);
    }
    // A folder where a file is expected, and a link in a circle.
    std::fs::create_dir_all(root.path().join("etc/nsswitch.conf")).expect("folder");
    std::os::unix::fs::symlink("loop", root.path().join("etc/loop")).expect("link");
    look(&under(root.path()), NOW, None);
}
