//! What stands on the pages, read from the laid-out document itself.

use std::sync::LazyLock;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Name, Object};
use tickmark_core::Digest;
use tickmark_core::report::lint::lint;
use tickmark_core::report::package::{ConfirmedChange, ConfirmedChanges, PACKAGE_LINE};
use tickmark_core::report::readiness::{DocumentStatus, STATUS_LINE};
use tickmark_core::report::{CopyFor, Files, ReadinessReport, SocPackage, Writing, writing};
use typst::layout::{Frame, FrameItem};
use typst_layout::PagedDocument;
use typst_pdf::PdfStandard;

use super::{package_pdf, readiness_pdf, writing_pdf};
use crate::{sample, typeset, view};

static SAMPLE: LazyLock<PagedDocument> = LazyLock::new(|| document(&sample::readiness()));

fn document(report: &ReadinessReport) -> PagedDocument {
    typeset::compile("readiness.typ", &view::of(report).expect("JSON"), &Files::new()).expect("a document")
}

/// Returns the text of each page, pieces apart by spaces.
fn pages(document: &PagedDocument) -> Vec<String> {
    fn read(frame: &Frame, text: &mut String) {
        for (_, item) in frame.items() {
            match item {
                FrameItem::Group(group) => read(&group.frame, text),
                FrameItem::Text(item) => {
                    text.push_str(&item.text);
                    text.push(' ');
                }
                _ => {}
            }
        }
    }
    let page = |frame: &Frame| {
        let mut text = String::new();
        read(frame, &mut text);
        text
    };
    document.pages().iter().map(|one| page(&one.frame)).collect()
}

/// Returns `text` without spaces and offered breaks, which setting may add and take away.
fn dense(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace() && *character != '\u{200b}').collect()
}

fn assert_accessible(document: &PagedDocument) {
    let options =
        typeset::options(&[PdfStandard::Ua_1], "test", sample::readiness().generated).expect("options");
    if let Err(errors) = typst_pdf::pdf(document, &options) {
        panic!("{}", typeset::messages(&errors));
    }
}

fn assert_status_on_each_page(document: &PagedDocument) {
    for (index, page) in pages(document).iter().enumerate() {
        let page = dense(page);
        assert!(page.contains(&dense(STATUS_LINE)), "page {} lacks the status line", index + 1);
        assert!(page.contains("Workingdraft"), "page {} lacks the status", index + 1);
        let number = dense(&format!("Page {} of {}", index + 1, document.pages().len()));
        assert!(page.contains(&number), "page {} lacks its number", index + 1);
    }
}

#[test]
fn each_page_carries_status_line_cut_off_version_and_digest() {
    assert!(SAMPLE.pages().len() > 10);
    assert_status_on_each_page(&SAMPLE);
    let digest = sample::readiness().digest().expect("digest").short();
    for page in pages(&SAMPLE) {
        let page = dense(&page);
        assert!(page.contains("datacut-off2026-11-2414:35UTC") && page.contains("version3"));
        assert!(page.contains(&digest));
    }
}

#[test]
fn nothing_of_the_model_is_left_out() {
    let report = sample::readiness();
    let text = dense(&pages(&SAMPLE).concat());
    let criteria = report.criteria.iter().flat_map(|row| [&row.id, &row.title, &row.reason]);
    let controls = report.controls.iter().flat_map(|row| [&row.id, &row.title, &row.statement]);
    let checks = report.checks.iter().flat_map(|row| [&row.id, &row.asserts]);
    let findings = report.findings.iter().flat_map(|row| [&row.condition, &row.effect, &row.recommendation]);
    let gaps = report.gaps.iter().flat_map(|row| [&row.what, &row.detail, &row.remedy]);
    for expected in criteria.chain(controls).chain(checks).chain(findings).chain(gaps) {
        assert!(text.contains(&dense(expected)), "{expected:?} is missing");
    }
    for artifact in &report.appendix.evidence {
        assert!(text.contains(&artifact.digest.to_string()));
    }
    assert!(text.contains(&report.appendix.checkpoint.expect("a checkpoint").root));
}

#[test]
fn a_strip_stays_on_the_page_of_its_sources() {
    let mut view = view::of(&sample::readiness()).expect("JSON");
    let strips = view["report"]["period"]["strips"].as_array().cloned().expect("strips");
    let many: Vec<_> = (0..12).flat_map(|_| strips.clone()).collect();
    view["report"]["period"]["strips"] = many.into();
    let document = typeset::compile("readiness.typ", &view, &Files::new()).expect("a document");
    assert_accessible(&document);
    for page in pages(&document) {
        assert!(!dense(&page).contains("Waivedrowsof"), "its sources stand under the head of a page: {page}");
    }
}

#[test]
fn suggestions_are_marked_and_figures_name_their_source() {
    let text = dense(&pages(&SAMPLE).concat());
    let suggestions = text.matches(&dense("Suggested by tests, not an answer:")).count();
    let expected = sample::readiness()
        .controls
        .iter()
        .filter(|control| control.questions.iter().any(|row| row.suggestion.is_some()))
        .count();
    assert_eq!(suggestions, expected);
    assert!(text.contains(&dense("Sources of figures")));
    assert!(!text.contains(&dense("no source named")));
}

#[test]
fn the_document_is_accessible_and_the_same_every_time() {
    assert_accessible(&SAMPLE);
    let report = sample::readiness();
    let once = readiness_pdf(&report).expect("a document");
    let twice = readiness_pdf(&report).expect("a document");
    assert!(once.starts_with(b"%PDF-1.7") && once == twice);
    let mut other = report;
    other.version = "4".into();
    assert_ne!(readiness_pdf(&other).expect("a document"), once);
}

#[test]
fn an_organization_that_adopted_nothing_gets_plain_words() {
    let document = document(&sample::empty());
    assert_status_on_each_page(&document);
    assert_accessible(&document);
    let text = dense(&pages(&document).concat());
    for words in [
        "No control is adopted yet.",
        "No automated test has run.",
        "No gap was recorded.",
        "No finding is recorded.",
        "No subservice organization is recorded.",
        "No commitment is recorded.",
        "Nothing has been observed over time yet.",
        "No earliest period start can be named yet.",
        "Nothing is committed to the ledger yet",
        "Type 1, date undecided",
    ] {
        assert!(text.contains(&dense(words)), "{words}");
    }
}

#[test]
fn our_own_words_hold_no_banned_phrase() {
    for document in [&*SAMPLE, &document(&sample::empty())] {
        for page in pages(document) {
            assert_eq!(lint(&page), Vec::new());
        }
    }
}

#[test]
fn foreign_text_is_set_as_it_stands() {
    const MARKUP: &str = "#eval(\"1+1\") *bold* _x_ $a^2$ `raw` @cite <label> \\ // /* ] } ) -> => \"q\" 'q'";
    const HEBREW: &str = "שלום עולם";
    let long = "Donaudampfschifffahrtsgesellschaft".repeat(40);
    let mut report = sample::readiness();
    report.organization.name = MARKUP.into();
    report.system.name = "x".repeat(300);
    report.system.description = format!("{HEBREW} \u{202e}evil\u{202c} 😀👩‍💻 e\u{301}\u{20dd} \u{0} 漢字");
    report.author = String::new();
    report.controls[0].statement = long.clone();
    report.controls[1].statement = format!("{MARKUP}\n\n{}", "word ".repeat(3_000));
    report.controls[2].id = report.controls[1].id.clone();
    report.criteria[1].id = report.criteria[0].id.clone();
    report.findings[0].title = String::new();
    report.findings[1].reference = report.findings[0].reference.clone();
    report.checks[0].results[0].target = "y".repeat(500);
    report.checks[0].results[0].subjects = vec![MARKUP.into(); 200];
    report.gaps[0].detail = "z/".repeat(4_000);
    let document = document(&report);
    assert_status_on_each_page(&document);
    assert_accessible(&document);
    let text = dense(&pages(&document).concat());
    assert!(text.contains(&dense(MARKUP)));
    assert!(text.contains(&long));
    // Words of a line that runs from right to left are set from the right.
    assert!(HEBREW.split(' ').all(|word| text.contains(word)));
    assert!(text.contains("⟨U+202E⟩evil⟨U+202C⟩") && text.contains("⟨U+0000⟩⟨U+6F22⟩⟨U+5B57⟩"));
}

#[test]
fn a_final_document_has_no_watermark() {
    let mut report = sample::empty();
    report.status = DocumentStatus::FinalManagement;
    let text = pages(&document(&report)).concat();
    assert!(!text.contains("WORKING DRAFT") && !text.contains("FINAL"));
    assert!(pages(&SAMPLE).iter().all(|page| page.contains("WORKING DRAFT")));
}

fn package_with(package: &SocPackage, files: &Files) -> PagedDocument {
    let view = view::of_package(package, None, files).expect("JSON");
    typeset::compile("package.typ", &view, files).expect("a document")
}

fn package_document(package: &SocPackage) -> PagedDocument {
    package_with(package, &Files::new())
}

#[test]
fn managements_part_says_on_each_page_that_it_is_no_auditors_report() {
    let package = sample::package();
    let document = package_document(&package);
    assert_accessible(&document);
    for (index, page) in pages(&document).iter().enumerate() {
        let page = dense(page);
        assert!(page.contains(&dense(PACKAGE_LINE)), "page {} lacks the line", index + 1);
        assert!(page.contains("Managementdraft") && page.contains("version7"), "page {}", index + 1);
    }
    let text = dense(&pages(&document).concat()).replace('\u{2019}', "'");
    for expected in [
        "ILLUSTRATIVE–NOTANAUDITOR'SREPORT",
        "SectionI:Independentserviceauditor'sreport",
        "SectionII:Assertionofmanagement",
        "SectionIII:Descriptionofthesystem",
        "Managementstatesthattherewasnothingtoreport.",
        "forthe auditor",
        "Notcoveredbytheauditor'sreport.",
        // A text that changed in the period stands in both wordings, with the day of the change.
        "Until 2026-07-01 (text version 1):",
        "Rules for IPv4 are reviewed each quarter.",
        "Plan: Payroll tells the directory of contractors too.",
        "By 2027-03-31",
        "After the period",
        "The mail provider was changed",
    ] {
        assert!(text.contains(&dense(expected)), "{expected}");
    }
    let named = package.controls.iter().flat_map(|control| [&control.id, &control.statement]);
    for expected in named.chain(package.criteria.iter().map(|criterion| &criterion.text)) {
        assert!(text.contains(&dense(expected)), "{expected}");
    }
    assert_eq!(
        package_pdf(&package, None, &Files::new()).expect("set"),
        package_pdf(&package, None, &Files::new()).expect("set"),
        "the same bytes"
    );
}

#[test]
fn controls_that_changed_since_management_signed_stand_with_who_confirmed_them() {
    let confirmed = ConfirmedChanges {
        signed: "2027-02-01T10:00:00Z".parse().expect("a moment"),
        changes: vec![ConfirmedChange { control: "IAM-07".into(), what: "its text is another one".into() }],
        by: "Eva Example".into(),
        at: "2027-03-02T10:00:00Z".parse().expect("a moment"),
    };
    let package = SocPackage { confirmed: Some(confirmed), ..sample::package() };
    let document = package_document(&package);
    assert_accessible(&document);
    let text = dense(&pages(&document).concat());
    for expected in [
        "1 control changed since management signed on 2027-02-01.",
        "Section IV has the texts that held at the end of the period.",
        "Eva Example confirmed this for management on 2027-03-02:",
        "Its text is another one",
    ] {
        assert!(text.contains(&dense(expected)), "{expected}");
    }
    let text = dense(&pages(&package_document(&sample::package())).concat());
    assert!(!text.contains(&dense("since management signed")), "nothing is said where nothing changed");
}

#[test]
fn each_kind_of_report_has_its_own_sections() {
    let type_1 = SocPackage {
        report: "SOC 2 Type 1".into(),
        is_period: false,
        time: "as of 2026-06-30".into(),
        ..sample::package()
    };
    let text = dense(&pages(&package_document(&type_1)).concat());
    assert!(
        !text.contains("Testperformedbytheauditor") && text.contains("Operatingeffectivenessisnotexamined")
    );
    assert!(text.contains("Whatmanagementfoundandcorrects") && !text.contains("Responsestoexceptions"));
    let soc3 = SocPackage {
        report: "SOC 3".into(),
        description: None,
        criteria: Vec::new(),
        controls: Vec::new(),
        ..sample::package()
    };
    let document = package_document(&soc3);
    assert_accessible(&document);
    let text = dense(&pages(&document).concat());
    assert!(!text.contains("SectionIV") && text.contains("Boundaryofthesystem"));
    assert!(!text.contains("CloudExample"), "a report for general use names no subservice organization");
    assert!(
        text.contains("Thecommitmentsdependoncontrolsof") && text.contains("leftoutoftheevaluation"),
        "{text}"
    );
    let soc1 = SocPackage { report: "SOC 1 Type 2".into(), ..sample::package() };
    let text = dense(&pages(&package_document(&soc1)).concat());
    assert!(text.contains("Controlobjectivesandcontrols") && !text.contains("DC8"));
}

#[test]
fn the_assertion_stands_before_the_auditors_report_where_the_firm_has_it_so() {
    let places = |package: &SocPackage| {
        let document = package_document(package);
        assert_accessible(&document);
        let text = dense(&pages(&document).concat()).replace('\u{2019}', "'");
        // The last of each: before it the contents name it.
        ["Independentserviceauditor'sreport", "Assertionofmanagement", "Descriptionofthesystem"].map(
            |title| {
                let at = text.rfind(title).unwrap_or_else(|| panic!("{title}: {text}"));
                let number = text[..at].rsplit("Section").next().unwrap_or_default().trim_end_matches(':');
                (at, number.to_owned())
            },
        )
    };
    let usual = sample::package();
    let first = SocPackage { assertion_first: true, ..sample::package() };
    let [report, assertion, description] = places(&usual);
    assert_eq!([&report.1, &assertion.1, &description.1], ["I", "II", "III"]);
    assert!(report.0 < assertion.0 && assertion.0 < description.0);
    let [report, assertion, description] = places(&first);
    assert_eq!([&report.1, &assertion.1, &description.1], ["II", "I", "III"]);
    assert!(assertion.0 < report.0 && report.0 < description.0);
    let set = |package: &SocPackage| package_pdf(package, None, &Files::new()).expect("set");
    assert_eq!(set(&first), set(&first), "the same bytes");
    // In the usual order nothing is said of it, so that models from before keep their digest.
    let json = |package: &SocPackage| serde_json::to_string(package).expect("JSON");
    assert!(!json(&usual).contains("assertion_first") && json(&first).contains("assertion_first"));
}

#[test]
fn a_package_in_which_nothing_is_written_says_so() {
    let empty = SocPackage {
        assertion: None,
        description: None,
        commitments: Vec::new(),
        subservices: Vec::new(),
        responsibilities: Vec::new(),
        excluded: Vec::new(),
        criteria: Vec::new(),
        controls: Vec::new(),
        changes: Vec::new(),
        responses: Vec::new(),
        open: Vec::new(),
        ..sample::package()
    };
    let document = package_document(&empty);
    assert_accessible(&document);
    let text = dense(&pages(&document).concat());
    for expected in [
        "Theassertionisnotwrittenyet.",
        "Thedescriptionisnotwrittenyet.",
        "Nocontrolinforceservesthescopeyet.",
    ] {
        assert!(text.contains(expected), "{expected}");
    }
}

#[test]
fn what_the_auditor_shared_stands_in_its_columns_and_the_rest_stays_open() {
    let mut view = view::of_package(&sample::package(), None, &Files::new()).expect("JSON");
    view["report"]["controls"][0]["tests"] = serde_json::json!([{
        "workpaper": "WP-3",
        "nature": "Inspection",
        "procedure": "Inspected the review of the third quarter.",
        "result": "Exception noted: for 1 of 25 items tested, the review was late.",
        "counts": {"tested": 25, "deviations": 1},
    }, {
        "workpaper": "WP-9",
        "nature": "Observation",
        "procedure": "Watched the review of the fourth quarter.",
        "result": "No exceptions noted.",
    }]);
    let document = typeset::compile("package.typ", &view, &Files::new()).expect("a document");
    assert_accessible(&document);
    let text = dense(&pages(&document).concat());
    for says in [
        "Anothertestofthiscontrol.WP-9,ObservationWatchedthereviewofthefourthquarter.WP-9Noexceptionsnoted.",
        "Inspectedthereviewofthethirdquarter.",
        "for1of25itemstested",
        "fortheauditor",
        "theauditorshared",
        "standastheywereshared",
        "controls,testsandresults",
    ] {
        assert!(text.contains(says), "{says}");
    }
    assert!(!text.contains("arenotinhere"), "the cover does not deny them");
    // An exception is visible under each criterion that the control serves.
    let serves = sample::package().controls[0].criteria.len();
    assert_eq!(text.matches("Exceptionsnoted:").count(), serves);
}

#[test]
fn a_soc_1_lists_controls_under_each_objective_and_an_exception_under_all_that_it_concerns() {
    let mut package = sample::payroll();
    // FR-05 serves another objective as well, and its test found something.
    package.criteria[1].controls.push("FR-05".into());
    let says = "Exception noted: for 1 of 25 items tested, hours were not matched.";
    package.controls[2].tests[0].result = says.into();
    let document = package_with(&package, &sample::payroll_files());
    assert_accessible(&document);
    let text = dense(&pages(&document).concat());
    assert_eq!(text.matches(&dense(says)).count(), 2, "under both objectives");
    assert!(text.contains(&dense("As described under CO-02.")), "{text}");
    assert_eq!(text.matches(&dense(&package.controls[2].statement)).count(), 1, "told once");
    let at = |what: &str| text.rfind(&dense(what)).unwrap_or_else(|| panic!("{what} is missing"));
    assert!(at(&package.criteria[0].text) < at(&package.controls[0].statement));
    assert!(at(&package.controls[0].statement) < at(&package.criteria[1].text), "objective by objective");

    let type_1 = SocPackage { report: "SOC 1 Type 1".into(), is_period: false, ..package };
    let document = package_with(&type_1, &sample::payroll_files());
    assert_accessible(&document);
    let text = dense(&pages(&document).concat());
    assert!(!text.contains("Testperformedbytheauditor") && !text.contains(&dense(says)));
}

#[test]
fn a_copy_says_on_each_page_for_whom_it_is() {
    let made = sample::readiness().generated;
    let copy = CopyFor { number: 7, recipient: "Cleo Customer".into(), company: "Customer Ltd".into(), made };
    let view = view::of_package(&sample::package(), Some(&copy), &Files::new()).expect("JSON");
    let document = typeset::compile("package.typ", &view, &Files::new()).expect("a document");
    assert_accessible(&document);
    for (index, page) in pages(&document).iter().enumerate() {
        assert_eq!(
            dense(page).matches(&dense(&copy.words())).count(),
            2,
            "page {}: across and below",
            index + 1
        );
    }
    let one = package_pdf(&sample::package(), Some(&copy), &Files::new()).expect("set");
    assert_ne!(one, package_pdf(&sample::package(), None, &Files::new()).expect("set"));
}

fn writing_with(writing: &Writing, files: &Files) -> PagedDocument {
    let view = view::of_writing(writing, None, files).expect("JSON");
    typeset::compile("letter.typ", &view, files).expect("a document")
}

fn writing_document(writing: &Writing) -> PagedDocument {
    writing_with(writing, &Files::new())
}

#[test]
fn letters_and_single_parts_are_set_with_their_status_on_each_page() {
    let package = sample::package();
    let parts = [writing::assertion(&package), writing::description(&package)];
    for writing in parts.into_iter().flatten().chain([sample::representation(), sample::bridge_letter()]) {
        let document = writing_document(&writing);
        assert_accessible(&document);
        let digest = writing.digest().expect("a digest");
        for page in pages(&document) {
            let page = dense(&page);
            for says in [writing.status_line.as_str(), &digest.short(), writing.status.words(), "version7"] {
                let says = dense(says);
                assert!(
                    page.to_lowercase().contains(&says.to_lowercase()),
                    "{}: {says}: {page}",
                    writing.title
                );
            }
        }
        let text = dense(&pages(&document).concat());
        assert!(text.contains(&dense(&writing.title)));
        assert_eq!(
            writing_pdf(&writing, None, &Files::new()).expect("set"),
            writing_pdf(&writing, None, &Files::new()).expect("set")
        );
    }
    let text = dense(&pages(&writing_document(&sample::bridge_letter())).concat());
    assert!(text.contains("Nobodyexaminedwhatitsays"), "{text}");
    assert!(text.contains("SOC2Type2reportonthesecurityofthesystemcalled"), "{text}");
}

/// Returns the files that are attached to a PDF, as another reader finds them.
fn attached(pdf: Vec<u8>) -> Vec<Vec<u8>> {
    let pdf = Pdf::new(pdf).expect("a PDF");
    let is_file = |name: Name<'_>| name.as_ref() == b"EmbeddedFile";
    let mut found = Vec::new();
    for object in pdf.objects() {
        if let Object::Stream(stream) = object
            && stream.dict().get::<Name<'_>>(b"Type").is_some_and(is_file)
        {
            found.push(stream.decoded().expect("its bytes").into_owned());
        }
    }
    found
}

#[test]
fn the_auditors_signed_file_is_attached_byte_for_byte() {
    let signed = writing_pdf(&sample::bridge_letter(), None, &Files::new()).expect("set");
    let digest = Digest::of(&signed);
    let pages_signed = Pdf::new(signed.clone()).expect("a PDF").pages().len();
    let package = SocPackage { section: Some(sample::section(&signed)), ..sample::package() };
    let files = Files::from([(digest, signed.clone())]);
    let document = package_with(&package, &files);
    assert_accessible(&document);
    let text = dense(&pages(&document).concat()).replace('\u{2019}', "'");
    let size = format!("Size{}bytes", signed.len());
    let count = format!("Pages{pages_signed}");
    for says in ["Theauditor'sown.", "SectionI,signed.pdf", &digest.hex(), &size, &count, "2027-02-10"] {
        assert!(text.contains(&dense(says)), "{says}: {text}");
    }
    assert!(!text.contains("thispageholdsitsplace"), "{text}");
    assert!(text.contains("Recorded") && text.contains("wasopenwhenthepartwasfrozen"), "{text}");

    let pdf = package_pdf(&package, None, &files).expect("set");
    assert!(pdf.windows(14).any(|window| window == b"pdfuaid:part>1"), "still PDF/UA-1");
    let found = attached(pdf.clone());
    assert_eq!(found.len(), 1);
    assert_eq!(Digest::of(&found[0]), digest);
    assert_eq!(found[0], signed);
    assert_eq!(package_pdf(&package, None, &files).expect("set"), pdf, "the same bytes");

    // Whoever may not hand it out gets the page and not the file.
    let without = package_pdf(&package, None, &Files::new()).expect("set");
    assert!(attached(without.clone()).is_empty());
    assert_ne!(without, pdf);
    let text = dense(&pages(&package_document(&package)).concat());
    assert!(text.contains("isnotattachedtothisdocument") && text.contains(&digest.hex()), "{text}");
    assert!(attached(package_pdf(&sample::package(), None, &files).expect("set")).is_empty());
}

/// Checks that text tells the pay run with who, where, what and which controls, and the picture's caption.
fn assert_tells_the_pay_run(text: &str) {
    let package = sample::payroll();
    let description = package.description.expect("a description");
    assert!(!text.contains("Notwrittenyet."), "processes tell of transactions: {text}");
    for process in &description.processes {
        for told in process.paragraphs.iter().chain([&process.name]) {
            assert!(text.contains(&dense(told)), "{told}");
        }
        for step in &process.steps {
            for told in [&step.what, &step.who, &step.system, &step.input, &step.output] {
                assert!(text.contains(&dense(told)), "{told}");
            }
            for told in step.controls.iter().chain(&step.objectives) {
                assert!(text.contains(&dense(told)), "{told}");
            }
        }
    }
    assert!(text.contains(&dense("Figure 1: The payroll system and its boundary")), "{text}");
}

#[test]
fn a_description_of_payroll_draws_its_steps_and_its_system() {
    let (package, files) = (sample::payroll(), sample::payroll_files());
    let document = package_with(&package, &files);
    assert_accessible(&document);
    assert_tells_the_pay_run(&dense(&pages(&document).concat()).replace('\u{a0}', ""));
    let pdf = package_pdf(&package, None, &files).expect("set");
    assert_eq!(package_pdf(&package, None, &files).expect("set"), pdf, "the same bytes");
    assert_eq!(pictures(pdf), 1);

    let writing = writing::description(&package).expect("a description");
    let document = writing_with(&writing, &files);
    assert_accessible(&document);
    assert_tells_the_pay_run(&dense(&pages(&document).concat()).replace('\u{a0}', ""));
    assert_eq!(pictures(writing_pdf(&writing, None, &files).expect("set")), 1);

    // Without its bytes, what the picture shows is told in words.
    let without = writing_with(&writing, &Files::new());
    assert_accessible(&without);
    assert!(dense(&pages(&without).concat()).contains("Customerssendinputtothewebform"));
}

/// Counts the pictures in a PDF.
fn pictures(pdf: Vec<u8>) -> usize {
    let pdf = Pdf::new(pdf).expect("a PDF");
    let is_image = |name: Name<'_>| name.as_ref() == b"Image";
    let is_picture = |object: &Object<'_>| match object {
        Object::Stream(stream) => stream.dict().get::<Name<'_>>(b"Subtype").is_some_and(is_image),
        _ => false,
    };
    pdf.objects().into_iter().filter(is_picture).count()
}
