//! Files to fill in: a scope, a description.

use std::fmt::Write as _;

use tickmark_core::engagement::{Engagement, Part, ReportKind};

/// Returns a scope to fill in, as TOML with remarks.
pub(super) fn scope(kind: ReportKind) -> String {
    let yardstick = match kind {
        ReportKind::Soc1 => {
            "\n# What controls should achieve for your customers' financial reporting; usually 10 to 25 of them.\n\
             [[objectives]]\nid = \"CO-01\"\n\
             statement = \"Controls provide reasonable assurance that wages are calculated completely and accurately.\"\n\
             assertions = [\"completeness\", \"accuracy\"]\ncontrols = []\n"
        }
        ReportKind::Soc2 | ReportKind::Soc3 => {
            "\n# Chosen categories, each with the reason: security, availability, processing-integrity, confidentiality, privacy.\n\
             [categories]\nsecurity = \"customers ask how their data is protected\"\n\n\
             # Criteria that are not relevant to the system, each with the reason.\n[exclusions]\n\
             # \"CC6.4\" = \"there are no premises of our own\"\n"
        }
    };
    let time = match kind {
        ReportKind::Soc3 => "time = { kind = \"period\", from = \"2027-01-01\", to = \"2027-12-31\" }",
        ReportKind::Soc1 | ReportKind::Soc2 => {
            "# Type 2; for a Type 1: time = { kind = \"as_of\", date = \"2027-06-30\" }\n\
             time = { kind = \"period\", from = \"2027-01-01\", to = \"2027-12-31\" }"
        }
    };
    format!(
        "# Scope of a {} examination.\nkind = \"{}\"\n{time}\nsystem = \"Name of the system\"\n\
         services = [\"What customers get\"]\nboundary = \"\"\"Where the system ends.\"\"\"\noutside = []\nfirm = \"\"\n\
         # Principal service commitments and system requirements, by number: SC-1 is 1.\ncommitments = []\n{yardstick}\n\
         # A vendor whose controls are needed, together with your own, to keep the commitments.\n\
         # [[subservices]]\n# name = \"A cloud\"\n# service = \"Hosting\"\n# method = \"carve_out\"   # or \"inclusive\"\n\
         # why = \"It guards the buildings; own controls cannot.\"\n# monitoring = [\"VEN-02\"]\n\
         # [[subservices.assumed]]\n# text = \"Access to the data centers is limited to those who need it.\"\n\
         # criteria = [\"CC6.4\"]\n\n\
         # What customers do. A control only if your commitment fails without it; else a responsibility.\n\
         # [[user_entities]]\n# kind = \"responsibility\"     # or \"control\"\n\
         # text = \"Customers tell us who may use the system.\"",
        kind.title(),
        kind.word()
    )
}

/// Returns the description as TOML, with a remark for each part.
pub(super) fn description(record: &Engagement) -> String {
    let (scope, mut text) = (record.holds(), String::new());
    let held = record.description.as_ref().map(|document| &document.content);
    for (part, needed) in Part::of(scope.kind, scope.time) {
        let remark = if needed { "" } else { " (may stay empty)" };
        let _ = writeln!(text, "# {}: {}{remark}\n# {}", part.criterion(), part.title(), part.hint());
        let _ = writeln!(text, "[{}]", part.word());
        let said = held.map_or("", |description| description.text(part));
        let _ = writeln!(text, "text = {}", toml::Value::String(said.to_owned()));
        if part.may_be_none() {
            let none = held.is_some_and(|description| description.is_none(part));
            let _ = writeln!(text, "none = {none} # true: there is nothing to tell");
        }
        text.push('\n');
    }
    text
}
