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
             assertions = [\"completeness\", \"accuracy\"]\ntransactions = [\"wages\"]\ncontrols = []\n\
             # is_general_control = true   # for objectives of IT general controls\n"
        }
        ReportKind::Soc2 | ReportKind::Soc3 => {
            "\n# Chosen categories, each with the reason: security, availability, processing-integrity, confidentiality, privacy.\n\
             [categories]\nsecurity = \"customers ask how their data is protected\"\n\n\
             # The others, each with the reason why it is left out.\n[omissions]\n\
             # privacy = \"nothing is promised to people about their data\"\n\n\
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
         # Records of systems by id; needed where there are several: their controls and evidence are in scope.\n\
         # systems = []\n\
         services = [\"What customers get\"]\nboundary = \"\"\"Where the system ends.\"\"\"\n# What could be thought to be inside, with the reason behind a colon.\noutside = []\nfirm = \"\"\n\
         # Principal service commitments and system requirements, by number: SC-1 is 1.\ncommitments = []\n{yardstick}\n\
         # A vendor whose controls are needed, together with your own, to keep the commitments.\n\
         # [[subservices]]\n# name = \"A cloud\"\n# service = \"Hosting\"\n# method = \"carve_out\"   # or \"inclusive\"\n\
         # why = \"It guards the buildings; own controls cannot.\"\n# monitoring = [\"VEN-02\"]\n\
         # [[subservices.assumed]]\n# text = \"Access to the data centers is limited to those who need it.\"\n\
         # criteria = [\"CC6.4\"]\n\n\
         # Who decided that it is one, for this examination, and with which categories in mind.\n\
         # [subservices.decision]\n# approver = \"Name\"\n# decided = \"2026-12-15\"\n# categories = [\"security\"]\n\n\
         # A vendor that was decided to be none.\n\
         # [[vendors]]\n# name = \"A mail service\"\n# service = \"Sends notices\"\n\
         # why = \"What it sends is compared with what was to be sent.\"\n\
         # decision = {{ approver = \"Name\", decided = \"2026-12-15\", categories = [\"security\"] }}\n\n\
         # A control that a vendor's report expects of its customers, with own controls that meet it.\n\
         # [[vendor_controls]]\n# vendor = \"A cloud\"\n# text = \"Customers review who may use the console.\"\n\
         # controls = [\"IAM-07\"]\n# evidence = \"The review of each quarter\"\n\n\
         # Environments (environment), sites (site), teams (team) and types of data (data); outside with the reason.\n\
         # [[elements]]\n# kind = \"data\"\n# name = \"Web statistics\"\n# outside = \"no customer data is in it\"\n\n\
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
    let order = held.map(|description| description.order.as_slice()).unwrap_or_default();
    let words: Vec<String> = order.iter().map(|part| format!("\"{}\"", part.word())).collect();
    let _ = writeln!(
        text,
        "# Parts that come first, in this order; the others follow in the usual one.\norder = [{}]\n",
        words.join(", ")
    );
    for (part, needed) in Part::of(scope.kind, scope.time) {
        let remark = if needed { "" } else { " (may stay empty)" };
        let _ = writeln!(text, "# {}{remark}\n# {}", part.label(scope.kind), part.hint(scope.kind));
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
