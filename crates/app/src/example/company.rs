//! The made-up company: its name, its people, its machines. No person, product or address here exists.
//!
//! Names of hosts end in `.example` and addresses come from the blocks kept for documentation (RFC 2606, RFC 5737,
//! RFC 3849), so that nothing in the example can ever point at somebody.

use tickmark_core::Digest;
use tickmark_core::observation::TargetRef;

use super::chance::Chance;

/// Name of the organization; says what it is wherever it is shown.
pub const ORGANIZATION: &str = "Larkspur Ledger (example)";
/// Name of its system.
pub const SYSTEM: &str = "Larkspur Books, invoicing for small shops (example)";

/// A person of the example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// Name as people see it.
    pub(super) name: &'static str,
    /// Account on the hosts; none for those who have none there.
    pub(super) account: Option<&'static str>,
}

/// Leads the security program.
pub(super) const SECURITY: Person = Person { name: "Imani Vale (example)", account: Some("ivale") };
/// Leads the platform team.
pub(super) const PLATFORM: Person = Person { name: "Tomas Quill (example)", account: Some("tquill") };
/// Engineer of the platform team.
pub(super) const ENGINEER: Person = Person { name: "Noor Haverly (example)", account: Some("nhaverly") };
/// Engineer of the platform team, who leaves during the year.
pub(super) const LEAVER: Person = Person { name: "Bram Sandoe (example)", account: Some("bsandoe") };
/// Leads the people team.
pub(super) const PEOPLE: Person = Person { name: "Priya Ashcombe (example)", account: None };
/// Chief executive.
pub(super) const CHIEF: Person = Person { name: "Jonas Merrow (example)", account: None };

/// Those who may log in at the hosts.
pub(super) const OPERATORS: [Person; 4] = [SECURITY, PLATFORM, ENGINEER, LEAVER];

/// What a host is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Takes requests from the internet.
    Web,
    /// Runs the application.
    App,
    /// Keeps data.
    Data,
}

impl Role {
    /// Returns the word in host names.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::App => "app",
            Self::Data => "data",
        }
    }
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// Number among all, from 0.
    pub(super) number: u64,
    /// What it is for.
    pub(super) role: Role,
    /// Number inside its role, from 1.
    pub(super) serial: u32,
    /// First day on which it is expected.
    pub(super) joins: u32,
    /// Digest that stands for its machine id.
    pub(super) machine: Digest,
}

impl Host {
    /// Returns the short name, e.g. `web-03`.
    pub(super) fn name(&self) -> String {
        format!("{}-{:02}", self.role.word(), self.serial)
    }

    /// Returns the name by which people know it.
    pub(super) fn full_name(&self) -> String {
        format!("{}.larkspur.example", self.name())
    }

    /// Returns the target.
    pub(super) fn target(&self) -> TargetRef {
        TargetRef { kind: "host".into(), external_id: self.machine.to_string(), name: self.full_name() }
    }

    /// Tells whether the company has it on a day.
    pub(super) fn is_in_service(&self, day: u32) -> bool {
        self.joins <= day
    }
}

/// Returns the machines of the company: `count` that are there from the first day, in three roles, and two that join.
pub(super) fn hosts(count: u32, days: u32, chance: Chance) -> Vec<Host> {
    let mut serials = [0; 3];
    (0..count + 2)
        .map(|number| {
            // Of eight hosts four are web, three application and one keeps data.
            let role = match number % 8 {
                0 | 3 | 5 | 7 => Role::Web,
                1 | 4 | 6 => Role::App,
                _ => Role::Data,
            };
            let serial = &mut serials[role as usize];
            *serial += 1;
            Host {
                number: u64::from(number),
                role,
                serial: *serial,
                joins: match number.checked_sub(count) {
                    None => 0,
                    Some(late) => days * (4 + 2 * late) / 10,
                },
                machine: Digest(chance.bytes("machine", u64::from(number))),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hosts_join() {
        let hosts = hosts(24, 365, Chance::of(1));
        let on = |day| hosts.iter().filter(|host| host.is_in_service(day)).count();
        assert_eq!((on(0), on(200), on(230), on(364)), (24, 25, 26, 26));
        let names: std::collections::BTreeSet<String> = hosts.iter().map(Host::full_name).collect();
        assert_eq!(names.len(), 26);
        assert!(names.iter().all(|name| name.ends_with(".example")));
        for role in [Role::Web, Role::App, Role::Data] {
            assert!(hosts.iter().any(|host| host.role == role));
        }
    }
}
