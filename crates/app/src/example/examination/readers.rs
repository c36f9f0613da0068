//! A report of before, as it was received, and who reads it: one recipient who does, one whose time is over, and one whose
//! grant was taken back.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bytes::Bytes;
use tickmark_core::Digest;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::distribution::{Asked, Class, GrantKey, Item, Origin, Recipient, Relation, drafted};
use tickmark_core::engagement::{EngagementKey, Scope, Time};
use tickmark_core::time::DAY_US;

use super::super::company::{CHIEF, ORGANIZATION, PLATFORM};
use super::firm::{FIRM, origin};
use super::{Play, SOC2, document, done, lost};
use crate::distribution::{self, Changed, Opening};
use crate::engagement::{self, Completed, Receiving};
use crate::{Error, Result};

/// The report of before.
pub(super) const BEFORE: EngagementKey = EngagementKey(3);
/// Days for which somebody reads.
const READS_DAYS: i64 = 120;

/// Somebody outside.
struct Reader {
    name: &'static str,
    company: &'static str,
    email: &'static str,
    relation: Relation,
    basis: &'static str,
    purpose: &'static str,
    /// Days from now on which they read last.
    days: i64,
}

const READERS: [Reader; 3] = [
    Reader {
        name: "Orla Penhale (example)",
        company: "Harrow Lane Books (example)",
        email: "orla.penhale@harrowlane.example",
        relation: Relation::Customer,
        basis: "contract 2041 (fictional)",
        purpose: "Yearly review of vendors (fictional)",
        days: READS_DAYS,
    },
    Reader {
        name: "Felix Ambrose (example)",
        company: "Ambrose & Lund (example)",
        email: "felix@ambroselund.example",
        relation: Relation::Prospect,
        basis: "offer of last month; their head of security knows such reports (fictional)",
        purpose: "Choice of a provider (fictional)",
        days: 1,
    },
    Reader {
        name: "Tilde Marsh (example)",
        company: "Corner Cycles (example)",
        email: "tilde@cornercycles.example",
        relation: Relation::Customer,
        basis: "contract 1988 (fictional)",
        purpose: "Yearly review of vendors (fictional)",
        days: READS_DAYS,
    },
];

/// The report of before is recorded as received, its agreement written, and three recipients come.
pub(super) async fn distribute(play: &Play<'_>) -> Result<()> {
    receive(play).await?;
    let (title, text) = drafted(Class::SpecifiedParties, ORGANIZATION);
    play.app()
        .transact(play.people.lead(), async |cx| {
            distribution::write_agreement(cx, Class::SpecifiedParties, 0, (&title, &text)).await
        })
        .await?;
    for reader in &READERS {
        play.pass(3);
        let grant = admit(play, reader).await?;
        if reader.company.starts_with("Corner") {
            play.pass(30);
            revoke(play, grant).await?;
        }
    }
    Ok(())
}

/// A Type 1 as of the first day of the period under way, over the same system.
async fn receive(play: &Play<'_>) -> Result<()> {
    let (app, catalog) = (play.app(), play.stage.catalog);
    let (lead, chief) = (play.people.lead(), play.people.of(CHIEF));
    let (date, _) = play.period();
    let day = play.day(play.calendar.scoped);
    app.transact(lead, async |cx| {
        let held = engagement::find(cx, SOC2).await?.record.holds().clone();
        let scope = Scope { time: Time::AsOf { date }, firm: FIRM.to_owned(), ..held };
        let why = "The report of before, as customers have it (fictional)";
        let planned = engagement::plan(cx, "example/before", scope, why).await?;
        if planned.key == BEFORE {
            Ok(())
        } else {
            Err(Error::conflict("the example has this report already"))
        }
    })
    .await?;
    play.pass(5);
    app.transact(chief, async |cx| done(&engagement::approve(cx, BEFORE, 1, catalog).await?)).await?;
    play.pass(5);
    document::adopt_assertion(play, BEFORE).await?;
    let bytes = report();
    let receiving = Receiving {
        firm: FIRM.to_owned(),
        day,
        file: "soc-2-type-1-example.pdf".to_owned(),
        digest: Digest::of(&bytes),
        bytes: Some(bytes),
    };
    let generator = concat!("Tickmark ", env!("CARGO_PKG_VERSION"));
    let received = app
        .transact(lead, async |cx| {
            let from = engagement::completion(cx, BEFORE).await?.number;
            engagement::receive_report(cx, BEFORE, from, receiving.clone(), (catalog, generator)).await
        })
        .await?;
    if matches!(received, Completed::Stale(_)) {
        return Err(Error::conflict("somebody changes the example while it is made"));
    }
    Ok(())
}

/// A file that says that it is none: one page with one line.
fn report() -> Bytes {
    let stream =
        "BT /F1 14 Tf 60 760 Td (Example company - fictional data. This is no auditor's report.) Tj ET";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
    ];
    let mut text = "%PDF-1.7\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (number, object) in (1..).zip(&objects) {
        let _ = writeln!(table, "{:010} 00000 n ", text.len());
        let _ = write!(text, "{number} 0 obj\n{object}\nendobj\n");
    }
    let size = objects.len() + 1;
    let start = text.len();
    let _ = write!(
        text,
        "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    text.into()
}

/// A recipient is entered, checked, accepts, and is approved by somebody else.
async fn admit(play: &Play<'_>, reader: &Reader) -> Result<GrantKey> {
    let (app, lead) = (play.app(), play.people.lead());
    let (date, _) = play.period();
    let uses = matches!(reader.relation, Relation::Customer);
    let asked = Asked {
        origin: Origin::Requested,
        recipient: Recipient {
            name: reader.name.to_owned(),
            company: reader.company.to_owned(),
            email: reader.email.to_owned(),
            relation: reader.relation,
            serves: String::new(),
            used_from: uses.then_some(date),
            used_to: None,
            basis: reader.basis.to_owned(),
        },
        purpose: reader.purpose.to_owned(),
        documents: BTreeSet::from([Item::Report]),
        until: Day::of(app.now().plus_micros(reader.days * DAY_US)),
    };
    let (version, link) = app
        .transact(lead, async |cx| distribution::enter(cx, reader.email, BEFORE, asked.clone()).await)
        .await?;
    let grant = version.record.key;
    let secret = link.ok_or_else(|| lost("link of a recipient"))?.secret;
    play.pass(2);
    let platform = play.people.of(PLATFORM);
    step(play, grant, async |from| {
        let how = "Their office was called back at the number of the contract (fictional).";
        app.transact(platform, async |cx| distribution::check(cx, BEFORE, grant, from, how).await).await
    })
    .await?;
    accept(play, grant, &secret, reader.name).await?;
    let chief = play.people.of(CHIEF);
    step(play, grant, async |from| {
        app.transact(chief, async |cx| distribution::approve(cx, BEFORE, grant, from).await).await
    })
    .await?;
    Ok(grant)
}

/// The recipient asks for a code, is told it, and accepts the agreement.
async fn accept(play: &Play<'_>, grant: GrantKey, secret: &[u8; 32], name: &str) -> Result<()> {
    let (app, lead, origin) = (play.app(), play.people.lead(), origin());
    let browser = Digest::of(name.as_bytes());
    app.ask_for_code(secret, browser, &origin).await?;
    play.pass(1);
    let waiting = app
        .read(lead, async |view| distribution::codes_to_make(view, BEFORE, grant).await)
        .await?
        .into_iter()
        .next();
    let number = waiting.ok_or_else(|| lost("code of a recipient"))?.number;
    let code =
        app.transact(lead, async |cx| distribution::make_code(cx, BEFORE, grant, number).await).await?;
    if app.open_shared(secret, browser, &code, &origin).await? != Opening::Open {
        return Err(lost("code of a recipient"));
    }
    play.pass(1);
    app.accept_agreement(secret, browser, (1, name), &origin).await
}

async fn revoke(play: &Play<'_>, grant: GrantKey) -> Result<()> {
    let (app, lead) = (play.app(), play.people.lead());
    step(play, grant, async |from| {
        let why = "The contract ended (fictional).";
        app.transact(lead, async |cx| distribution::revoke(cx, BEFORE, grant, from, why).await).await
    })
    .await
}

/// Takes a step from the version that there is.
async fn step(
    play: &Play<'_>,
    grant: GrantKey,
    take: impl AsyncFnOnce(i64) -> Result<Changed>,
) -> Result<()> {
    let lead = play.people.lead();
    let from =
        play.app().read(lead, async |view| distribution::find(view, BEFORE, grant).await).await?.number;
    match take(from).await? {
        Changed::Done(_) => Ok(()),
        Changed::Stale(_) => Err(Error::conflict("somebody changes the example while it is made")),
    }
}

#[cfg(test)]
mod tests {
    use tickmark_core::engagement::fieldwork::check_pdf;

    use super::*;

    #[test]
    fn the_file_is_a_whole_pdf_and_says_what_it_is_not() {
        let bytes = report();
        assert_eq!(check_pdf(&bytes), Ok(()));
        assert!(String::from_utf8_lossy(&bytes).contains("no auditor's report"));
    }

    #[test]
    fn one_stops_reading_before_the_story_ends() {
        // Fieldwork opens at least three days before the end.
        let days = READERS.map(|reader| reader.days);
        assert_eq!(days.iter().filter(|days| **days < 2).count(), 1, "{days:?}");
    }
}
