//! Reviews of access at the example company: one of a quarter with one removal shown in time and one late, one that is open
//! at the end, and one conflict of duties with an exception.

use std::fmt::Write as _;

use tickmark_core::program::access::{Answer as Used, Columns, Exclusion, Tier};
use tickmark_core::program::access_review::{Decision, ReviewKey, Scope, ScopedSystem, Step, Unanswered};
use tickmark_core::program::population::Ipe;
use tickmark_core::program::segregation::Grant;
use tickmark_core::time::DAY_US;

use super::company::{CHIEF, ENGINEER, PEOPLE, PLATFORM, Person, SECURITY};
use super::people::People;
use super::{Settings, Stage};
use crate::program::access::{self, NewList};
use crate::program::access_review::{self, Answer, Whole};
use crate::program::segregation::{self, NewException, Ruling};
use crate::{Actor, Error, Result, identity};

/// Days before the end on which the review opens, and after which lists show what is gone.
const OPENS_BEFORE: u32 = 40;
const SECOND_AFTER: u32 = 4;
const THIRD_AFTER: u32 = 13;
/// Days before the end on which the next review opens, and in which it is to be decided: two thirds are over at the end.
const NEXT_BEFORE: u32 = 9;
const NEXT_DAYS: i64 = 12;
const HEADING: &str = "account,entitlement,person,kind,tier,last_used,mfa,manager,owner,status,given\n";
/// Rights of the two systems: account, right, whose, kind, tier, days since it was used, manager, status. The owner answers
/// for programs.
type Row = (&'static str, &'static str, Option<Person>, &'static str, &'static str, i64, &'static str);
const CODE: [Row; 6] = [
    ("ines", "maintain: platform", Some(ENGINEER), "human", "1", 2, "active"),
    ("ines", "write: platform", Some(ENGINEER), "human", "2", 1, "active"),
    ("ops", "admin", Some(PLATFORM), "human", "0", 6, "active"),
    ("former-contractor", "write: website", None, "vendor", "2", 120, "leaver"),
    ("release-bot", "write: platform", None, "service", "2", 1, ""),
    ("security", "read: all", Some(SECURITY), "human", "3", 9, "active"),
];
const CLOUD: [Row; 4] = [
    ("ops", "production-admin", Some(PLATFORM), "human", "0", 3, "active"),
    ("ines", "production-deploy", Some(ENGINEER), "human", "1", 4, "active"),
    ("old-admin", "production-admin", Some(PEOPLE), "human", "1", 210, "mover"),
    ("security", "read-only", Some(SECURITY), "human", "3", 12, "active"),
];

/// Does what is done on a day; in a short story nothing is.
pub(super) async fn work(stage: &Stage<'_>, settings: &Settings, people: &People, day: u32) -> Result<()> {
    let Some(opens) = settings.days.checked_sub(OPENS_BEFORE) else { return Ok(()) };
    let lead = people.lead();
    let key = ReviewKey(1);
    if day == opens {
        lists(stage, lead, &[]).await?;
        place(stage, lead).await?;
        conflicts(stage, people).await?;
        review(stage, people).await?;
    } else if day == settings.days - NEXT_BEFORE {
        lists(stage, lead, &["former-contractor", "old-admin"]).await?;
        next(stage, people).await?;
    } else if day == opens + SECOND_AFTER {
        // What was not privileged is gone; the other is not, and late by now.
        lists(stage, lead, &["former-contractor"]).await?;
    } else if day == opens + THIRD_AFTER {
        lists(stage, lead, &["former-contractor", "old-admin"]).await?;
        stage
            .app
            .transact(lead, async |cx| {
                access_review::step(cx, key, Step::Verify, "").await?;
                let statement =
                    "Every account of both systems was reviewed; one removal was late (fictional).";
                access_review::sign(cx, key, statement).await
            })
            .await?;
    }
    Ok(())
}

async fn lists(stage: &Stage<'_>, lead: &Actor, gone: &[&str]) -> Result<()> {
    for (system, rows) in [("GitHub", CODE.as_slice()), ("AWS production", CLOUD.as_slice())] {
        let now = stage.app.now();
        let kept: Vec<&Row> = rows.iter().filter(|row| !gone.contains(&row.0)).collect();
        let mut text = HEADING.to_owned();
        for (account, right, who, kind, tier, days, status) in &kept {
            let used = now.plus_micros(-days * DAY_US).date();
            let (person, manager) = who.map_or(("", CHIEF.name), |who| (who.name, CHIEF.name));
            let owner = if *kind == "service" { PLATFORM.name } else { "" };
            let _ = writeln!(
                text,
                "{account},{right},{person},{kind},{tier},{used},yes,{manager},{owner},{status},role"
            );
        }
        let accounts: std::collections::BTreeSet<&str> = kept.iter().map(|row| row.0).collect();
        let new = NewList {
            system: system.to_owned(),
            ipe: Ipe {
                source: format!("{system} (fictional)"),
                query: "members with their roles, all states".into(),
                parameters: String::new(),
                time_zone: "UTC".into(),
                run_by: SECURITY.name.into(),
                run_at: now,
                row_count: kept.len() as u64,
                control_total: String::new(),
                completeness: "Accounts were counted in the console.".into(),
                accuracy: String::new(),
            },
            columns: Columns::default(),
            accounts_in_source: accounts.len() as u64 + 1,
            exclusions: vec![Exclusion {
                account: "break-glass".into(),
                reason: "Sealed; reviewed after each use.".into(),
            }],
            list: access::open(None, "members.csv", text.into())?,
        };
        stage.app.transact(lead, async |cx| access::hand_in(cx, new.clone()).await).await?;
    }
    Ok(())
}

async fn conflicts(stage: &Stage<'_>, people: &People) -> Result<()> {
    let grant = |system: &str, right: &str, duty: Option<&str>| Grant {
        system: system.into(),
        entitlement: right.into(),
        duty: duty.map(str::to_owned),
    };
    let grants = vec![
        grant("GitHub", "write*", Some("write-code")),
        grant("GitHub", "maintain*", Some("approve-own-change")),
        grant("GitHub", "maintain*", Some("approve-change")),
        grant("GitHub", "admin", Some("provision-access")),
        grant("AWS production", "production-deploy", Some("deploy")),
        grant("AWS production", "production-admin", Some("administer-logs")),
        grant("*", "read*", None),
    ];
    let lead = people.lead();
    let expires_at = stage.app.now().plus_micros(180 * DAY_US);
    let control = "CHG-02".parse().map_err(Error::invalid)?;
    let asked = stage
        .app
        .transact(lead, async |cx| {
            let first = segregation::adopt(cx, stage.catalog, "The usual conflicts (fictional).").await?;
            let matrix =
                tickmark_core::program::segregation::Matrix { grants: grants.clone(), ..first.matrix };
            segregation::decide(cx, matrix, "What grants what in our systems.", first.written.version)
                .await?;
            let new = NewException {
                conflict: "code-approval".into(),
                holder: ENGINEER.name.into(),
                reason: "Two people maintain the platform; a second reviewer is enforced (fictional).".into(),
                control,
                expires_at,
            };
            segregation::request(cx, new).await
        })
        .await?;
    let ruled = stage
        .app
        .transact(people.of(CHIEF), async |cx| segregation::rule(cx, asked.key, Ruling::Approve, "").await);
    ruled.await.map(|_| ())
}

/// Both belong to the one system of the company.
async fn place(stage: &Stage<'_>, lead: &Actor) -> Result<()> {
    stage
        .app
        .transact(lead, async |cx| {
            let systems: std::collections::BTreeSet<_> =
                identity::systems(cx).await?.into_iter().map(|system| system.id).collect();
            for name in ["GitHub", "AWS production"] {
                access::place(cx, name, systems.clone()).await?;
            }
            Ok(())
        })
        .await
}

/// Begins a review of both systems and opens it.
async fn begin(stage: &Stage<'_>, people: &People, title: &str, days: i64) -> Result<Whole> {
    let system = |name: &str| ScopedSystem {
        name: name.into(),
        owner: people.of(PLATFORM).id,
        provisioners: [people.of(ENGINEER).id].into(),
    };
    let scope = Scope {
        title: title.into(),
        systems: vec![system("GitHub"), system("AWS production")],
        tiers: Tier::ALL.iter().copied().collect(),
        stand_in: people.of(PEOPLE).id,
        second_stand_in: people.of(CHIEF).id,
        due_at: stage.app.now().plus_micros(days * DAY_US),
        unanswered: Unanswered::Revoke,
        control: None,
        window: None,
    };
    stage
        .app
        .transact(people.lead(), async |cx| {
            let key = access_review::draft(cx, scope.clone()).await?.key;
            access_review::confirm(cx, key).await?;
            access_review::freeze(cx, key).await?;
            access_review::open(cx, key).await?;
            access_review::whole(cx, key).await
        })
        .await
}

/// Some of the reviewers decide about what is theirs.
async fn decide(stage: &Stage<'_>, people: &People, whole: &Whole, who: &[Person]) -> Result<()> {
    let key = whole.review.key;
    for item in &whole.items {
        for seat in &item.seats {
            let Some(by) = who.iter().map(|one| people.of(*one)).find(|one| one.id == seat.reviewer) else {
                continue;
            };
            let has_to_go = ["former-contractor", "old-admin"].contains(&item.holding.account.as_str());
            let (decision, why) = if has_to_go {
                (Decision::Revoke, "It is not needed any more (fictional).")
            } else {
                (Decision::Keep, "It is needed for the work (fictional).")
            };
            let answer = Answer { item: item.number, decision, why: why.into() };
            stage.app.transact(by, async |cx| access_review::decide(cx, key, answer.clone()).await).await?;
        }
    }
    Ok(())
}

async fn review(stage: &Stage<'_>, people: &People) -> Result<()> {
    let whole = begin(stage, people, "Access to code and production (fictional)", 14).await?;
    let key = whole.review.key;
    decide(stage, people, &whole, &[SECURITY, PLATFORM, ENGINEER, PEOPLE, CHIEF]).await?;
    stage
        .app
        .transact(people.lead(), async |cx| {
            access_review::step(cx, key, Step::Close, "").await?;
            access_review::step(cx, key, Step::Remediate, "").await?;
            let removed = access_review::whole(cx, key).await?;
            for (number, removal) in (1..).zip(&removed.removals) {
                access_review::ticket(cx, key, removal.item, &format!("OPS-{number}")).await?;
                let seen = "Its sign-ins of the last 90 days: none (fictional).";
                access_review::look_back(cx, key, removal.item, Used::No, seen).await?;
            }
            Ok(())
        })
        .await
}

/// The next review: one reviewer has decided, the others have not.
async fn next(stage: &Stage<'_>, people: &People) -> Result<()> {
    let whole =
        begin(stage, people, "Access to code and production, the next (fictional)", NEXT_DAYS).await?;
    decide(stage, people, &whole, &[PLATFORM]).await
}
