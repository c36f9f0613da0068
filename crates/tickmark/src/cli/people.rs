//! `tickmark people` as text.

use clap::{Args, Subcommand};

/// `tickmark people`
#[derive(Debug, Subcommand)]
pub(crate) enum People {
    /// List members, and invitations that still work.
    List,
    /// Make an invitation: prints a link that works once, for 24 hours.
    Invite {
        /// Their e-mail address.
        email: String,
        /// What they will be; several times for several roles. Here also owner and admin.
        #[arg(long, required = true)]
        role: Vec<String>,
        #[command(flatten)]
        at: At,
    },
    /// Give a member a role. Here also owner and admin, without a second person.
    Grant {
        /// Their e-mail address.
        email: String,
        /// The role.
        role: String,
    },
    /// Take a role away.
    Revoke {
        /// Their e-mail address.
        email: String,
        /// The role.
        role: String,
        #[command(flatten)]
        why: Why,
    },
    /// Let a membership rest: whatever they are signed in to ends.
    Suspend {
        /// Their e-mail address.
        email: String,
        #[command(flatten)]
        why: Why,
    },
    /// Let a membership that rests count again.
    Resume {
        /// Their e-mail address.
        email: String,
        #[command(flatten)]
        why: Why,
    },
    /// Remove somebody from the organization. What they did stays theirs.
    Remove {
        /// Their e-mail address.
        email: String,
        #[command(flatten)]
        why: Why,
    },
    /// For somebody who lost password or authenticator: takes both away and prints a link by which they enroll again.
    Reset {
        /// Their e-mail address.
        email: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        at: At,
    },
}

/// Why something is done to somebody.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Why; kept in the audit trail.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// Where the pages are.
#[derive(Debug, Args)]
pub(crate) struct At {
    /// Address under which people reach `tickmark serve --accounts`.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7474")]
    pub(crate) url: String,
}
