//! People and programs on the machine, and the ways in.

use tickmark_core::observation::host::HostFacts;
use tickmark_core::observation::host::access::{
    AuthorizedKey, AuthorizedKeys, AuthorizedKeysFile, HostKey, Sshd, Wireguard, WireguardFile,
    WireguardInterface, WireguardPeer,
};
use tickmark_core::observation::host::account::{
    Accounts, Group, HashScheme, HomeState, LoginDefs, Pam, PasswordState, SecondFactor, Session, Sudo,
    SudoRule, User,
};

use super::{Look, texts};
use crate::example::chance::Chance;
use crate::example::company::{OPERATORS, Role};

/// First user id of people.
const FIRST_UID: u32 = 1000;

pub(super) fn fill(look: &Look<'_>, facts: &mut HostFacts) {
    facts.accounts = Some(accounts(look));
    facts.sudo = Some(Sudo {
        installed: Some(true),
        rules: Some(vec![rule(1, "root"), rule(2, "%sudo")]),
        parse_errors: Some(Vec::new()),
        defaults: Some(texts(&["env_reset", "use_pty"])),
        full_privilege_users: Some(operators().map(|(_, account)| account.to_owned()).collect()),
        other_routes: Some(Vec::new()),
    });
    facts.pam = Some(pam());
    facts.session = Some(Session {
        shell_timeout_seconds: Some(900),
        shell_timeout_readonly: Some(true),
        umask: Some("0027".into()),
        profile_umasks: Some(texts(&["/etc/profile.d/umask.sh=0027"])),
    });
    facts.sshd = Some(sshd(look));
    facts.authorized_keys = Some(keys(look));
    facts.wireguard = Some(wireguard(look));
}

fn operators() -> impl Iterator<Item = (u32, &'static str)> {
    (FIRST_UID..).zip(OPERATORS.iter().filter_map(|person| person.account))
}

fn accounts(look: &Look<'_>) -> Accounts {
    let service = match look.host.role {
        Role::Web => "www-data",
        Role::App => "larkspur",
        Role::Data => "postgres",
    };
    let mut users = vec![program("root", 0), program("daemon", 1), program(service, 33)];
    users.extend(operators().map(|(uid, name)| person(look, uid, name)));
    let mut groups: Vec<Group> = [("root", 0), ("daemon", 1), (service, 33)]
        .map(|(name, gid)| Group { name: name.into(), gid, members: texts(&[name]) })
        .to_vec();
    let mut members: Vec<String> = operators().map(|(_, name)| name.to_owned()).collect();
    members.sort_unstable();
    groups.push(Group { name: "sudo".into(), gid: 27, members });
    groups.extend(operators().map(|(gid, name)| Group { name: name.into(), gid, members: texts(&[name]) }));
    Accounts {
        users: Some(users),
        groups: Some(groups),
        duplicate_uids: Some(Vec::new()),
        duplicate_user_names: Some(Vec::new()),
        duplicate_gids: Some(Vec::new()),
        duplicate_group_names: Some(Vec::new()),
        malformed_lines: Some(Vec::new()),
        other_sources: Some(Vec::new()),
        login_defs: Some(LoginDefs {
            pass_max_days: Some(99_999),
            pass_min_days: Some(0),
            pass_warn_age: Some(7),
            pass_min_len: None,
            uid_min: Some(FIRST_UID),
            uid_max: Some(60_000),
            umask: Some("0027".into()),
            home_mode: Some("0750".into()),
            encrypt_method: Some("YESCRYPT".into()),
        }),
    }
}

/// An account of a program, and root: no password, and no shell but root's.
fn program(name: &str, uid: u32) -> User {
    let is_root = uid == 0;
    User {
        name: name.into(),
        uid,
        gid: uid,
        comment: name.into(),
        home: if is_root { "/root".into() } else { format!("/var/lib/{name}") },
        shell: if is_root { "/bin/bash" } else { "/usr/sbin/nologin" }.into(),
        is_system: !is_root,
        is_login_capable: is_root,
        groups: texts(&[name]),
        password_state: Some(PasswordState::Disabled),
        hash_scheme: None,
        password_changed_at: None,
        must_change_password: None,
        min_days: None,
        max_days: None,
        warn_days: None,
        inactive_days: None,
        expires_at: None,
        has_logged_in: Some(false),
        last_login_at: None,
        home_state: Some(home(uid)),
    }
}

fn person(look: &Look<'_>, uid: u32, name: &str) -> User {
    // Logins are drawn once a week, so that a look does not differ from the one before by them alone.
    let back = look.chance.below(6, &format!("login/{}/{name}", look.host.number), look.maintained().into());
    let last = look.maintained().saturating_sub(u32::try_from(back).expect("below six"));
    User {
        comment: OPERATORS.iter().find(|p| p.account == Some(name)).map_or("", |p| p.name).into(),
        home: format!("/home/{name}"),
        shell: "/bin/bash".into(),
        is_system: false,
        is_login_capable: true,
        groups: texts(&[name, "sudo"]),
        password_state: Some(PasswordState::Set),
        hash_scheme: Some(HashScheme::Yescrypt),
        password_changed_at: Some(look.on(0).day()),
        must_change_password: Some(false),
        min_days: Some(0),
        warn_days: Some(7),
        has_logged_in: Some(true),
        last_login_at: Some(look.on(last).day()),
        ..program(name, uid)
    }
}

fn home(uid: u32) -> HomeState {
    HomeState {
        exists: true,
        mode: Some("0750".into()),
        owner_uid: Some(uid),
        is_writable_by_others: Some(false),
        writable_dotfiles: Some(Vec::new()),
    }
}

fn rule(line: u32, who: &str) -> SudoRule {
    SudoRule {
        file: "/etc/sudoers".into(),
        line,
        who: texts(&[who]),
        hosts: texts(&["ALL"]),
        run_as: texts(&["ALL"]),
        commands: texts(&["ALL"]),
        nopasswd: false,
        all_commands: true,
        as_root: true,
    }
}

fn pam() -> Pam {
    let services = ["login", "sshd", "su", "sudo"];
    let factor =
        |service: &str| SecondFactor { service: service.into(), module: "pam_u2f".into(), is_required: true };
    Pam {
        password_min_length: Some(14),
        password_quality_module: Some("pam_pwquality".into()),
        password_min_classes: Some(3),
        password_enforced_for_root: Some(true),
        password_history: Some(10),
        allows_empty_password: Some(false),
        hash_method: Some("yescrypt".into()),
        lockout_enabled: Some(true),
        lockout_module: Some("pam_faillock".into()),
        lockout_attempts: Some(5),
        lockout_seconds: Some(900),
        lockout_includes_root: Some(true),
        fail_delay_us: Some(4_000_000),
        su_restricted: Some(true),
        su_group: Some("sudo".into()),
        umask: Some("0027".into()),
        second_factors: Some(["su", "sudo"].map(factor).to_vec()),
        services: Some(texts(&services)),
    }
}

fn sshd(look: &Look<'_>) -> Sshd {
    let host_key = HostKey {
        path: "/etc/ssh/ssh_host_ed25519_key".into(),
        kind: Some("ed25519".into()),
        bits: Some(256),
        fingerprint: Some(fingerprint(look.chance, "host key", look.host.number)),
        mode: Some("0600".into()),
        is_private: Some(true),
    };
    Sshd {
        installed: Some(true),
        running: Some(true),
        ports: Some(vec![22]),
        permit_root_login: Some("no".into()),
        password_authentication: Some(false),
        kbd_interactive_authentication: Some(false),
        pubkey_authentication: Some(true),
        hostbased_authentication: Some(false),
        permit_empty_passwords: Some(false),
        use_pam: Some(true),
        authentication_methods: Some(texts(&["publickey"])),
        ciphers: Some(texts(&["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"])),
        macs: Some(texts(&["hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com"])),
        kex_algorithms: Some(texts(&["sntrup761x25519-sha512@openssh.com", "curve25519-sha256"])),
        host_key_algorithms: Some(texts(&["ssh-ed25519"])),
        max_auth_tries: Some(3),
        max_sessions: Some(4),
        login_grace_seconds: Some(30),
        client_alive_interval_seconds: Some(300),
        client_alive_count_max: Some(2),
        idle_limit_seconds: Some(600),
        x11_forwarding: Some(false),
        agent_forwarding: Some(false),
        tcp_forwarding: Some("no".into()),
        permit_tunnel: Some("no".into()),
        gateway_ports: Some("no".into()),
        permit_user_environment: Some("no".into()),
        allow_users: Some(Vec::new()),
        allow_groups: Some(texts(&["sudo"])),
        deny_users: Some(Vec::new()),
        deny_groups: Some(Vec::new()),
        log_level: Some("VERBOSE".into()),
        authorized_keys_files: Some(texts(&[".ssh/authorized_keys"])),
        has_authorized_keys_command: Some(false),
        has_trusted_user_ca: Some(false),
        has_banner: Some(true),
        host_keys: Some(vec![host_key]),
        match_blocks: Some(Vec::new()),
        match_weakenings: Some(Vec::new()),
    }
}

/// People changed their keys in the second week, when the company began to keep a list of them.
fn keys(look: &Look<'_>) -> AuthorizedKeys {
    let generation = u64::from(look.day >= ROTATION_DAY);
    let first_seen = if generation == 0 { 0 } else { ROTATION_DAY }.max(look.host.joins);
    let mut accounts: Vec<(u32, &str)> = operators().collect();
    accounts.sort_by_key(|(_, name)| *name);
    let path = |name: &str| format!("/home/{name}/.ssh/authorized_keys");
    let keys = accounts.iter().map(|(_, name)| AuthorizedKey {
        user: (*name).into(),
        file: path(name),
        fingerprint: fingerprint(look.chance, name, generation),
        kind: "sk-ed25519".into(),
        bits: Some(256),
        comment: format!("{name}@larkspur.example"),
        options: Vec::new(),
        from: Vec::new(),
        first_seen_at: look.on(first_seen),
    });
    let files = accounts.iter().map(|(uid, name)| AuthorizedKeysFile {
        user: (*name).into(),
        path: path(name),
        mode: "0600".into(),
        owner_uid: *uid,
        is_writable_by_others: false,
    });
    AuthorizedKeys {
        keys: Some(keys.collect()),
        files: Some(files.collect()),
        malformed_lines: Some(Vec::new()),
    }
}

/// Day on which people changed their keys.
const ROTATION_DAY: u32 = 8;

/// Returns the fingerprint of the key of an account; generation 0 until people changed their keys, then 1.
pub(in crate::example) fn fingerprint(chance: Chance, name: &str, generation: u64) -> String {
    // Forty-three characters, as long as a real one; digits and letters a to f are a subset of its alphabet.
    format!("SHA256:{}", &hex::encode(chance.bytes(&format!("key/{name}"), generation))[..43])
}

/// Hosts that keep data speak to each other through a tunnel.
fn wireguard(look: &Look<'_>) -> Wireguard {
    if !look.is(Role::Data) {
        return Wireguard {
            installed: Some(false),
            interfaces: Some(Vec::new()),
            overlapping_allowed_ips: Some(Vec::new()),
            files: Some(Vec::new()),
        };
    }
    let first_seen = look.host.joins.max(ROTATION_DAY.min(look.day));
    let mut peers: Vec<WireguardPeer> = (1..=2)
        .map(|number| WireguardPeer {
            public_key: peer_key(look.chance, number),
            allowed_ips: vec![format!("10.77.0.{number}/32")],
            has_default_route: false,
            has_preshared_key: true,
            has_handshake: Some(true),
            latest_handshake_at: Some(look.on(look.maintained()).day()),
            first_seen_at: look.on(first_seen.min(ROTATION_DAY.max(look.host.joins))),
        })
        .collect();
    peers.sort_by(|a, b| a.public_key.cmp(&b.public_key));
    Wireguard {
        installed: Some(true),
        interfaces: Some(vec![WireguardInterface {
            name: "wg0".into(),
            is_up: true,
            public_key: Some(peer_key(look.chance, 100 + look.host.number)),
            listen_port: Some(51_820),
            peers,
        }]),
        overlapping_allowed_ips: Some(Vec::new()),
        files: Some(vec![WireguardFile {
            path: "/etc/wireguard/wg0.conf".into(),
            mode: "0600".into(),
            owner_uid: 0,
            is_private: true,
        }]),
    }
}

/// Returns the public key of a peer: forty-four characters as a real one has.
pub(in crate::example) fn peer_key(chance: Chance, number: u64) -> String {
    format!("{}=", &hex::encode(chance.bytes("tunnel", number))[..43])
}
