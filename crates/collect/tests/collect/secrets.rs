//! Planted secrets must not come out anywhere: not in facts, not in gaps, not in artifacts or their provenance.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tickmark_collect::host::HostSettings;
use tickmark_core::observation::Collected;

use super::{NOW, look, under, write};

const HASH: &str = "X3DX6M94c7oCanaryHash9agCG9G317";
const PRIVATE: &str = "b3BlbnNzaC1rZXktdjEAAAAACanary";
const WIREGUARD: &str = "yAnz5TF+lXXJteCanaryKeyMNq+hd2rYUIgJBgB3fBm=";
const PRESHARED: &str = "FpCyhws9cxwWoVCanaryKeyJjN+zQVRPISllRWgeopV=";
const PASSWORD: &str = "CanaryPassword77";
const TOKEN: &str = "ghp_CanaryTokenCanaryTokenCanaryToken00";
const ALL: [&str; 6] = [HASH, PRIVATE, WIREGUARD, PRESHARED, PASSWORD, TOKEN];

fn assert_clean(collected: &Collected) {
    let facts = collected.facts.to_string();
    let gaps = serde_json::to_string(&collected.gaps).expect("JSON");
    for secret in ALL {
        assert!(!facts.contains(secret), "{secret} in facts");
        assert!(!gaps.contains(secret), "{secret} in gaps");
        for artifact in &collected.artifacts {
            let text = String::from_utf8_lossy(&artifact.bytes);
            assert!(!text.contains(secret), "{secret} in {}: {text}", artifact.name);
            let provenance = serde_json::to_string(&artifact.provenance).expect("JSON");
            assert!(!provenance.contains(secret), "{secret} in provenance of {}", artifact.name);
        }
    }
    let kinds: Vec<&str> = collected
        .artifacts
        .iter()
        .flat_map(|artifact| &artifact.provenance.redactions)
        .map(|redaction| redaction.kind.as_str())
        .collect();
    assert!(kinds.len() >= 4, "redactions are counted: {kinds:?}");
}

#[test]
fn secrets_in_files_stay_there() {
    let root = tempfile::tempdir().expect("folder");
    let plant = |path: &str, text: &str| write(root.path(), path, text);
    let pem = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{PRIVATE}\n-----END OPENSSH PRIVATE KEY-----\n");
    plant(
        "/etc/passwd",
        &format!("root:x:0:0:root:/root:/bin/bash\nold:$6$salt${HASH}:5:5::/root:/bin/sh\n"),
    );
    plant("/etc/shadow", &format!("root:$y$j9T$salt${HASH}:19675:0:99999:7:::\nold:!{HASH}:1::::::\n"));
    plant("/etc/group", &format!("root:{HASH}:0:\n"));
    plant("/etc/login.defs", &format!("UMASK 022\n# {TOKEN}\n"));
    plant("/etc/nsswitch.conf", "passwd: files\n");
    plant(
        "/etc/sudoers",
        &format!("root ALL=(ALL) /usr/bin/tool --password {PASSWORD}, /usr/bin/x token={PASSWORD}\n"),
    );
    plant("/etc/pam.d/login", &format!("auth required pam_duo.so secret={PASSWORD}\n"));
    plant("/etc/profile", &format!("export API_TOKEN={TOKEN}\nexport DB_PASSWORD='{PASSWORD}'\nTMOUT=5\n"));
    plant("/etc/ssh/sshd_config", &format!("Banner none\n# {TOKEN}\n"));
    plant("/etc/ssh/ssh_host_ed25519_key", &pem);
    plant("/etc/ssh/ssh_host_ed25519_key.pub", &pem);
    plant("/usr/sbin/sshd", "");
    plant(
        "/root/.ssh/authorized_keys",
        &format!(
            "command=\"x --token {PASSWORD}\",environment=\"K_SECRET={PASSWORD}\" ssh-ed25519 AAAA c\n{pem}"
        ),
    );
    plant(
        "/etc/wireguard/wg0.conf",
        &format!("[Interface]\nPrivateKey = {WIREGUARD}\n[Peer]\nPublicKey = a\nPresharedKey={PRESHARED}\n"),
    );
    plant("/etc/wireguard/private.key", WIREGUARD);
    plant(
        "/etc/apt/sources.list",
        &format!("deb https://user:{PASSWORD}@host.example/debian bookworm main\n"),
    );
    plant(
        "/etc/apt/apt.conf.d/90proxy",
        &format!("Acquire::http::Proxy \"http://user:{PASSWORD}@proxy:3128\";\n"),
    );
    plant(
        "/etc/rsyslog.conf",
        &format!("action(type=\"omhttp\" target=\"x\" password=\"{PASSWORD}\")\n*.* @@x\n"),
    );
    plant(
        "/etc/logrotate.conf",
        &format!(
            "/var/log/syslog {{\n postrotate\n curl -H 'Authorization: Bearer {PASSWORD}' x\n endscript\n}}\n"
        ),
    );
    plant(
        "/etc/crontab",
        &format!(
            "0 1 * * * root RESTIC_PASSWORD={PASSWORD} restic -r rest:https://u:{PASSWORD}@h/ backup /\n"
        ),
    );
    plant(
        "/etc/cron.d/b",
        &format!("0 1 * * * root /usr/local/bin/nightly\n0 2 * * * root curl https://h/?token={PASSWORD}\n"),
    );
    let script = plant(
        "/usr/local/bin/nightly",
        &format!(
            "#!/bin/sh\nexport BORG_PASSPHRASE=\"{PASSWORD} x\"\nexport BORG_REPO=ssh://u:{PASSWORD}@h/r\nborg create ::x /\n"
        ),
    );
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).expect("mode");
    plant("/etc/systemd/system/backup.timer", "[Timer]\nOnCalendar=daily\n");
    plant(
        "/etc/systemd/system/backup.service",
        &format!(
            "[Service]\nEnvironment=\"RESTIC_PASSWORD={PASSWORD} with words\"\nEnvironment=AWS_SECRET_ACCESS_KEY={PASSWORD}\nExecStart=/usr/bin/restic backup /\n"
        ),
    );
    plant("/etc/audit/rules.d/x.rules", &format!("-w /etc/passwd -p wa -k x\n# {TOKEN}\n"));
    plant("/etc/chrony/chrony.conf", &format!("server a key 1\n# password={PASSWORD}\n"));
    plant("/etc/modprobe.d/x.conf", &format!("options wifi psk_passphrase={PASSWORD}\n"));
    plant("/etc/issue", &format!("token: {TOKEN}\n"));
    plant(
        "/boot/grub/grub.cfg",
        &format!("set superusers=\"a\"\npassword_pbkdf2 a grub.pbkdf2.sha512.10000.{HASH}.{HASH}\n"),
    );
    let collected = look(&under(root.path()), NOW, None);
    assert_clean(&collected);
    // The facts behind the secrets are there all the same.
    assert_eq!(collected.facts["accounts"]["users"][0]["hash_scheme"], "yescrypt");
    assert_eq!(collected.facts["wireguard"]["interfaces"][0]["peers"][0]["has_preshared_key"], true);
    assert_eq!(collected.facts["hardening"]["boot_loader_password"], true);
    assert_eq!(collected.facts["apt"]["sources"][0]["host"], "host.example");
    let tools: Vec<&str> = collected.facts["backup"]["jobs"]
        .as_array()
        .expect("jobs")
        .iter()
        .filter_map(|job| job["tool"].as_str())
        .collect();
    assert_eq!(tools, ["borg", "restic", "restic"]);
}

/// Programs of our own in place of the real ones, which answer with secrets in output and errors.
fn programs(folder: &Path) {
    let program = |name: &str, script: &str| {
        let place = write(folder, name, &format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o755)).expect("mode");
    };
    let dump = format!(
        "wg0\\t{WIREGUARD}\\tPUB=\\t51820\\toff\\nwg0\\tPEER=\\t{PRESHARED}\\t(none)\\t10.0.0.0/8\\t0\\t0\\t0\\toff\\n"
    );
    program("wg", &format!("printf '{dump}'"));
    program("sshd", &format!("echo 'banner password={PASSWORD}'; echo 'loglevel INFO'"));
    program("nft", &format!("echo 'Authorization: Bearer {PASSWORD}' >&2; echo '{TOKEN}'; exit 1"));
    program("auditctl", &format!("echo '-w /etc/x -p wa -k {TOKEN}'"));
    program(
        "lsblk",
        &format!(
            "echo '{{\"blockdevices\":[{{\"name\":\"https://u:{PASSWORD}@h/\",\"type\":\"disk\",\"size\":1}}]}}'"
        ),
    );
    program("apt-get", &format!("echo 'Inst a [1] (2 https://u:{PASSWORD}@h [amd64])'"));
    program("chronyc", &format!("echo '{TOKEN}' >&2; exit 2"));
    program(
        "iptables-save",
        &format!(
            "printf '*filter\\n:INPUT DROP [0:0]\\n-A INPUT -m comment --comment \"token={PASSWORD}\" -j ACCEPT\\n'"
        ),
    );
}

#[test]
fn secrets_in_answers_of_programs_stay_there() {
    let folder = tempfile::tempdir().expect("folder");
    programs(folder.path());
    let settings = HostSettings {
        search_path: vec![folder.path().to_owned()],
        walk_files: false,
        ..HostSettings::default()
    };
    let collected = look(&settings, NOW, None);
    assert_clean(&collected);
    assert_eq!(collected.facts["sshd"]["log_level"], "INFO");
    assert_eq!(collected.facts["updates"]["pending"][0]["name"], "a");
    assert!(collected.facts["firewall"].get("active").is_none());
}
