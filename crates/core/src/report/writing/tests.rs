use super::*;
use crate::engagement::completion::BridgeItem;
use crate::id::ActorId;
use crate::report::lint;
use crate::report::package::PACKAGE_SCHEMA;

fn package() -> SocPackage {
    let at: Timestamp = "2027-03-16T10:00:00Z".parse().expect("a moment");
    SocPackage {
        schema: PACKAGE_SCHEMA.into(),
        engagement: "E-1".into(),
        report: "SOC 2 Type 2".into(),
        is_period: true,
        time: "throughout the period 2026-01-01 to 2026-12-31".into(),
        status: DocumentStatus::WorkingDraft,
        version: "1".into(),
        author: "Ada".into(),
        generated: at,
        cut_off: at,
        generator: "a test".into(),
        organization: "Example Ltd".into(),
        system: "Payroll".into(),
        is_example: false,
        firm: "Example Auditors LLP".into(),
        assertion_first: false,
        section: None,
        services: Vec::new(),
        boundary: String::new(),
        outside: Vec::new(),
        categories: Vec::new(),
        open: Vec::new(),
        assertion: None,
        description: None,
        commitments: Vec::new(),
        subservices: Vec::new(),
        user_controls: Vec::new(),
        responsibilities: Vec::new(),
        excluded: Vec::new(),
        criteria: Vec::new(),
        controls: Vec::new(),
        changes: Vec::new(),
        confirmed: None,
        responses: Vec::new(),
        events: Vec::new(),
    }
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn all_text(writing: &Writing) -> String {
    serde_json::to_string(&writing.blocks).expect("serializes")
}

#[test]
fn a_bridge_letter_names_the_report_and_what_the_registers_hold() {
    let package = package();
    let frame =
        || LetterFrame { package: &package, status: DocumentStatus::WorkingDraft, signed: Vec::new() };
    let mut letter = BridgeLetter {
        to: day("2027-03-15"),
        items: Vec::new(),
        changes: String::new(),
        incidents: String::new(),
        next: "The next period began on 2027-01-01.".into(),
        signatory: "Grace".into(),
        title: "Director".into(),
    };
    let received = Received {
        firm: "Example Auditors LLP".into(),
        day: day("2027-03-01"),
        file: "report.pdf".into(),
        digest: Digest::of(b"pdf"),
        kept: None,
        by: ActorId(uuid::Uuid::from_u128(1)),
        at: package.generated,
    };
    let text = all_text(&bridge(frame(), &letter, Some(&received), day("2026-12-31"), None));
    for says in [
        "by Example Auditors LLP, dated 2027-03-01",
        "from 2027-01-01 to 2027-03-15",
        "we made no change",
        "we know of no significant incident",
        "does not replace the report",
        "not given out from 2027-06-15 on",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
    assert!(lint::lint(&text).is_empty(), "{text}");
    let item = |reference: &str, left_out: &str, is_incident| BridgeItem {
        day: day("2027-02-01"),
        reference: reference.into(),
        says: format!("what {reference} was"),
        is_incident,
        left_out: left_out.into(),
    };
    letter.items = vec![item("one", "", false), item("two", "a typo", false), item("three", "", true)];
    let text = all_text(&bridge(frame(), &letter, Some(&received), day("2026-12-31"), None));
    assert!(text.contains("2027-02-01: what one was") && text.contains("what three was"), "{text}");
    assert!(!text.contains("what two was") && !text.contains("we made no change"), "{text}");
}

#[test]
fn what_nobody_wrote_is_no_writing() {
    assert_eq!((assertion(&package()), description(&package())), (None, None));
}

#[test]
fn controls_that_changed_since_management_signed_stand_with_who_confirmed_them() {
    use crate::report::package::{ConfirmedChange, ConfirmedChanges, DescriptionPart};

    let part = DescriptionPart {
        parts: Vec::new(),
        processes: Vec::new(),
        figures: Vec::new(),
        status: DocumentStatus::FinalManagement,
        signed: Vec::new(),
    };
    let none = SocPackage { description: Some(part), ..package() };
    let text = all_text(&description(&none).expect("written"));
    assert!(!text.contains("since management signed"), "{text}");
    // A model without it is written as it was before there was such.
    assert!(!serde_json::to_string(&none).expect("JSON").contains("confirmed"));
    let confirmed = ConfirmedChanges {
        signed: "2027-02-01T10:00:00Z".parse().expect("a moment"),
        changes: vec![ConfirmedChange { control: "IAM-05".into(), what: "its text is another one".into() }],
        by: "Eva".into(),
        at: "2027-03-02T10:00:00Z".parse().expect("a moment"),
    };
    let package = SocPackage { confirmed: Some(confirmed), ..none };
    let text = all_text(&description(&package).expect("written"));
    for says in [
        "1 control changed since management signed on 2027-02-01",
        "Section IV has the texts that held at the end of the period",
        "Eva confirmed this for management on 2027-03-02",
        "Its text is another one",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
    let open = SocPackage { report: "SOC 3".into(), ..package };
    assert_eq!(open.for_readers().confirmed, None, "a report for general use names no controls");
}

#[test]
fn processes_stand_under_the_transactions_and_diagrams_before_the_parts() {
    use crate::report::package::{DescriptionPart, FigurePart, PassagePart, ProcessPart, StepPart};

    let part = PassagePart {
        part: "transactions".into(),
        title: "Transactions".into(),
        criterion: String::new(),
        paragraphs: Vec::new(),
        none: false,
        needed: true,
    };
    let step = StepPart {
        number: 1,
        act: "Initiate".into(),
        what: "Hours are sent in.".into(),
        who: "Customer".into(),
        system: "Web form".into(),
        input: String::new(),
        output: "Hours".into(),
        controls: vec!["PAY-01".into()],
        objectives: vec!["CO-02".into()],
    };
    let process =
        ProcessPart { name: "Pay run".into(), paragraphs: vec!["Each month.".into()], steps: vec![step] };
    let figure = FigurePart {
        number: 1,
        caption: "The system".into(),
        alternative: "A form and a database.".into(),
        media_type: "image/png".into(),
        digest: Digest::of(b"picture"),
        width: 10,
        height: 10,
    };
    let description = DescriptionPart {
        parts: vec![part],
        processes: vec![process],
        figures: vec![figure.clone()],
        status: DocumentStatus::WorkingDraft,
        signed: Vec::new(),
    };
    let package = SocPackage { report: "SOC 1 Type 2".into(), description: Some(description), ..package() };
    // What may stay empty, and did, has no heading of its own.
    let mut package = package;
    let optional = PassagePart {
        part: "incidents".into(),
        title: "System incidents".into(),
        needed: false,
        ..package.description.as_ref().expect("described").parts[0].clone()
    };
    package.description.as_mut().expect("described").parts.push(optional);
    let writing = description_of(&package);
    assert!(!all_text(&writing).contains("System incidents"));
    assert_eq!(writing.figures().collect::<Vec<_>>(), [&figure]);
    let text = all_text(&writing);
    assert!(!text.contains("Not written yet."), "{text}");
    let row = ["1", "Initiate: Hours are sent in.", "Customer\nWeb form", "Out: Hours", "PAY-01\nCO-02"];
    let is_table = |block: &Block| matches!(block, Block::Table { rows, .. } if rows == &[row.map(str::to_owned).to_vec()]);
    assert!(writing.blocks.iter().any(is_table), "{text}");
    let drawn = writing.blocks.iter().position(|block| matches!(block, Block::Flow { .. })).expect("drawn");
    assert!(is_table(&writing.blocks[drawn + 1]), "the table follows what is drawn");
}

fn description_of(package: &SocPackage) -> Writing {
    description(package).expect("a description")
}
