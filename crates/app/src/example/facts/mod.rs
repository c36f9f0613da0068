//! Facts of a host of the example in good order, built from the typed schema, so that they conform to it.
//!
//! What a look finds changes once a week (package lists, updates, scans, logins) and, where a host makes backups, once a
//! day. The story then changes single fields.

mod access;
mod network;
mod operation;
mod system;

use tickmark_core::Timestamp;
use tickmark_core::observation::host::{HostFacts, Moment};
use tickmark_core::time::{DAY_US, HOUR_US};

use super::chance::Chance;
use super::company::{Host, Role};

pub(super) use access::{fingerprint, peer_key};
pub(super) use network::{APPROVED_SETS, any_source, ruleset};
pub(super) use operation::UNITS;
pub(super) use system::update;

/// A look at a host on a day of the story.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    /// The host.
    pub(super) host: &'a Host,
    /// Day of the story, from 0.
    pub(super) day: u32,
    /// When the look begins.
    pub(super) at: Timestamp,
    /// What details are drawn from.
    pub(super) chance: Chance,
}

impl Look<'_> {
    /// Returns the moment `hours` before the look.
    pub(super) fn ago(&self, hours: i64) -> Moment {
        self.at.plus_micros(-hours * HOUR_US).into()
    }

    /// Returns the moment of the look on another day.
    pub(super) fn on(&self, day: u32) -> Moment {
        self.at.plus_micros((i64::from(day) - i64::from(self.day)) * DAY_US).into()
    }

    /// Returns the day of the newest weekly maintenance of this host, which is not before it joined.
    pub(super) fn maintained(&self) -> u32 {
        let phase = u32::try_from(self.host.number % 5).expect("below five");
        let since = (self.day + 7 - phase) % 7;
        self.day.saturating_sub(since).max(self.host.joins)
    }

    /// Returns the moment of the newest weekly maintenance, some hours before the look of that day.
    pub(super) fn maintenance(&self, hours_before: i64) -> Moment {
        Moment(self.on(self.maintained()).0 - hours_before * 3600)
    }

    pub(super) fn is(&self, role: Role) -> bool {
        self.host.role == role
    }
}

/// Builds the facts of a host in good order.
pub(super) fn base(look: &Look<'_>) -> HostFacts {
    let mut facts = HostFacts::default();
    system::fill(look, &mut facts);
    access::fill(look, &mut facts);
    network::fill(look, &mut facts);
    operation::fill(look, &mut facts);
    facts
}

/// Owns a list of texts.
pub(super) fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}
