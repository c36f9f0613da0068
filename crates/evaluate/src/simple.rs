//! Simple checks, made from a field, an operator and a value: the three files, with tests that pass.
//!
//! What is made is Rego like any other, to be read and changed. A field that is absent, of another type, or of an element
//! that cannot be judged is `unknown`, never a pass.

use serde_json::{Value, json};
use tickmark_core::observation::Severity;
use tickmark_core::observation::host::field::{FactField, FieldKind};

use crate::ScaffoldFile;
use crate::program::package_of;
use crate::scaffold::{InvalidScaffold, scaffold_names};
use crate::source::{FILE_MANIFEST, FILE_REGO, FILE_TESTS};

/// Most values of a list.
const VALUES_MAX: usize = 100;
/// Most characters of a value or a text.
const TEXT_MAX: usize = 500;

/// How a field is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// It is the value.
    Is,
    /// It is not the value.
    IsNot,
    /// It is one of the values, one a line.
    OneOf,
    /// It is none of the values, one a line.
    NoneOf,
    /// It is the number or more.
    AtLeast,
    /// It is the number or less.
    AtMost,
}

impl Operator {
    /// All operators.
    pub const ALL: [Self; 6] =
        [Self::Is, Self::IsNot, Self::OneOf, Self::NoneOf, Self::AtLeast, Self::AtMost];

    /// Returns the word used in forms and the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is_not",
            Self::OneOf => "one_of",
            Self::NoneOf => "none_of",
            Self::AtLeast => "at_least",
            Self::AtMost => "at_most",
        }
    }

    /// Returns the words for people.
    #[must_use]
    pub fn plain(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is not",
            Self::OneOf => "is one of",
            Self::NoneOf => "is none of",
            Self::AtLeast => "is at least",
            Self::AtMost => "is at most",
        }
    }

    fn parameter(self) -> &'static str {
        match self {
            Self::Is => "expected",
            Self::IsNot | Self::NoneOf => "refused",
            Self::OneOf => "accepted",
            Self::AtLeast => "minimum",
            Self::AtMost => "maximum",
        }
    }

    /// The condition under which a value is not as asserted.
    fn broken(self, value: &str) -> String {
        let parameter = format!("input.params.{}", self.parameter());
        match self {
            Self::Is => format!("{value} != {parameter}"),
            Self::IsNot => format!("{value} == {parameter}"),
            Self::OneOf => format!("not {value} in {parameter}"),
            Self::NoneOf => format!("{value} in {parameter}"),
            Self::AtLeast => format!("{value} < {parameter}"),
            Self::AtMost => format!("{value} > {parameter}"),
        }
    }

    fn takes(self, kind: FieldKind) -> bool {
        match kind {
            FieldKind::Flag => self == Self::Is,
            FieldKind::Text => !matches!(self, Self::AtLeast | Self::AtMost),
            FieldKind::Number => !matches!(self, Self::OneOf | Self::NoneOf),
        }
    }
}

/// A check as a form asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleCheck {
    /// Id, kebab case, beginning with its group.
    pub id: String,
    /// Title, worded as the passing state.
    pub title: String,
    /// Why it matters.
    pub rationale: String,
    /// What to do when it fails.
    pub remediation: String,
    /// How much a failure matters.
    pub severity: Severity,
    /// Path of the field.
    pub field: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what; one value a line for a list.
    pub value: String,
}

/// Why a simple check cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSimple {
    /// The id or the title.
    #[error(transparent)]
    Name(#[from] InvalidScaffold),
    /// No such field.
    #[error("there is no field {0:?} in the facts of a host")]
    Field(String),
    /// A comparison that the field cannot be asked.
    #[error("{field} cannot be asked whether it {operator} something")]
    Operator {
        /// The field.
        field: String,
        /// The comparison.
        operator: &'static str,
    },
    /// A value that cannot stand in the field.
    #[error("{field} cannot be {value:?}")]
    Value {
        /// The field.
        field: String,
        /// What was given.
        value: String,
    },
    /// No value, or too many.
    #[error("give 1 to {VALUES_MAX} values, one a line")]
    Values,
    /// A comparison that nothing could break, which tests nothing.
    #[error("nothing could fail: whatever stands in {0} is as asserted")]
    AlwaysPasses(String),
    /// A comparison that nothing could meet.
    #[error("nothing could pass: whatever stands in {0} is not as asserted")]
    NeverPasses(String),
    /// A text that is missing or too long.
    #[error("the {0} is empty or has more than {TEXT_MAX} characters")]
    Text(&'static str),
}

/// Makes the files of a simple check over one of the fields of [`tickmark_core::observation::host::field::fields`].
///
/// # Errors
/// If the field cannot be compared so, or nothing could pass or fail.
pub fn simple(of: &SimpleCheck, fields: &[FactField]) -> Result<Vec<ScaffoldFile>, InvalidSimple> {
    let group = of.id.split('-').next().unwrap_or_default();
    scaffold_names(&of.id, &of.title, group)?;
    for (what, text) in [("reason why it matters", &of.rationale), ("remediation", &of.remediation)] {
        if text.trim().is_empty() || text.chars().count() > TEXT_MAX || text.contains("'''") {
            return Err(InvalidSimple::Text(what));
        }
    }
    let field = fields.iter().find(|field| field.path == of.field);
    let field = field.ok_or_else(|| InvalidSimple::Field(of.field.clone()))?;
    if !of.operator.takes(field.kind) {
        let operator = of.operator.plain();
        return Err(InvalidSimple::Operator { field: field.path.clone(), operator });
    }
    let value = value_of(of, field)?;
    let (good, bad) = examples(of.operator, field, &value)?;
    let made = Made { of, field, value, good, bad };
    let file = |name: &str, text: String| ScaffoldFile { path: format!("{group}/{}/{name}", of.id), text };
    Ok(vec![
        file(FILE_MANIFEST, made.manifest()),
        file(FILE_REGO, made.rego()),
        file(FILE_TESTS, made.tests()),
    ])
}

/// Reads what the field is compared with.
fn value_of(of: &SimpleCheck, field: &FactField) -> Result<Value, InvalidSimple> {
    let refuse = |text: &str| InvalidSimple::Value { field: field.path.clone(), value: text.to_owned() };
    let one = |text: &str| match field.kind {
        FieldKind::Flag => text.parse::<bool>().map(Value::from).map_err(|_| refuse(text)),
        FieldKind::Number => text.parse::<i64>().map(Value::from).map_err(|_| refuse(text)),
        FieldKind::Text => {
            let is_known = field.words.is_empty() || field.words.iter().any(|word| word == text);
            let fits = is_known && text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control);
            if fits { Ok(Value::from(text)) } else { Err(refuse(text)) }
        }
    };
    if !matches!(of.operator, Operator::OneOf | Operator::NoneOf) {
        return one(of.value.trim());
    }
    let lines: Vec<&str> = of.value.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() || lines.len() > VALUES_MAX {
        return Err(InvalidSimple::Values);
    }
    lines.into_iter().map(one).collect::<Result<Vec<_>, _>>().map(Value::from)
}

/// A value that is as asserted, and one that is not.
fn examples(operator: Operator, field: &FactField, value: &Value) -> Result<(Value, Value), InvalidSimple> {
    let (passes, fails) = (
        || InvalidSimple::AlwaysPasses(field.path.clone()),
        || InvalidSimple::NeverPasses(field.path.clone()),
    );
    match operator {
        Operator::Is if field.kind == FieldKind::Flag => Ok((value.clone(), json!(value != &json!(true)))),
        Operator::Is => Ok((value.clone(), other(field, std::slice::from_ref(value)).ok_or_else(passes)?)),
        Operator::IsNot => Ok((other(field, std::slice::from_ref(value)).ok_or_else(fails)?, value.clone())),
        Operator::OneOf | Operator::NoneOf => {
            let listed = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let inside = listed.first().cloned().ok_or(InvalidSimple::Values)?;
            let outside = other(field, listed);
            if operator == Operator::OneOf {
                Ok((inside, outside.ok_or_else(passes)?))
            } else {
                Ok((outside.ok_or_else(fails)?, inside))
            }
        }
        Operator::AtLeast | Operator::AtMost => {
            let number = value.as_i64().unwrap_or_default();
            let beyond = if operator == Operator::AtLeast {
                number.checked_sub(1).filter(|less| field.minimum.is_none_or(|least| *less >= least))
            } else {
                number.checked_add(1)
            };
            if operator == Operator::AtMost && field.minimum.is_some_and(|least| number < least) {
                return Err(fails());
            }
            Ok((value.clone(), Value::from(beyond.ok_or_else(passes)?)))
        }
    }
}

/// A value that can stand in the field and is none of these.
fn other(field: &FactField, listed: &[Value]) -> Option<Value> {
    match field.kind {
        FieldKind::Flag => None,
        FieldKind::Number => {
            let from = field.minimum.unwrap_or_default();
            (from..=from.saturating_add(1)).map(Value::from).find(|one| !listed.contains(one))
        }
        FieldKind::Text if !field.words.is_empty() => {
            field.words.iter().map(|word| Value::from(word.as_str())).find(|one| !listed.contains(one))
        }
        FieldKind::Text => {
            let numbered = (0..=VALUES_MAX).map(|number| Value::from(format!("something-else-{number}")));
            numbered.into_iter().find(|one| !listed.contains(one))
        }
    }
}

struct Made<'a> {
    of: &'a SimpleCheck,
    field: &'a FactField,
    value: Value,
    good: Value,
    bad: Value,
}

impl Made<'_> {
    fn parameter(&self) -> &'static str {
        self.of.operator.parameter()
    }

    /// The test that something is of the type of the field.
    fn typed(&self) -> &'static str {
        match self.field.kind {
            FieldKind::Flag => "is_boolean",
            FieldKind::Text => "is_string",
            FieldKind::Number => "is_number",
        }
    }

    /// The test that the parameter is there.
    fn parameter_typed(&self) -> &'static str {
        if self.value.is_array() { "is_array" } else { self.typed() }
    }

    fn needs(&self) -> Vec<String> {
        let mut needs = Vec::new();
        if self.field.has_installed {
            needs.push(format!("{}.installed", self.field.section()));
        }
        needs.push(self.field.in_list().map_or(self.field.path.as_str(), |(list, _)| list).to_owned());
        needs
    }

    fn manifest(&self) -> String {
        let of = self.of;
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let whose = if self.field.in_list().is_some() { "of each element" } else { "as it was seen" };
        let values = match &self.value {
            Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
            one => plain(one),
        };
        let asserts = format!("{}, {whose}, {} {values}.", self.field.path, of.operator.plain());
        let asserts: String = asserts.chars().take(TEXT_MAX).collect();
        format!(
            "id = {id}\ntitle = {title}\nasserts = {asserts}\nrationale = {rationale}\n\n\
             target_kind = \"host\"\nfacts_schema = \"host/1\"\nneeds = {needs}\n\n\
             severity = \"{severity}\"\ncadence_hours = 24\nstale_after_hours = 72\ncriteria = []\ncontrols = []\n\
             depends_on_time = false\n\nremediation = {remediation}\nreferences = []\n\n\
             # Made from a form: field, operator, value. The value may be changed here.\n\
             [parameters]\n{parameter} = {value}\n",
            id = quoted(&of.id),
            title = quoted(of.title.trim()),
            asserts = quoted(&asserts),
            rationale = quoted(of.rationale.trim()),
            needs = toml::Value::from(self.needs()),
            severity = of.severity.word(),
            remediation = quoted(of.remediation.trim()),
            parameter = self.parameter(),
            // Texts, whole numbers, flags and lists of texts read alike in JSON and TOML, but for escapes.
            value = toml_of(&self.value),
        )
    }

    fn rego(&self) -> String {
        let package = package_of(&self.of.id);
        let parameter = format!("{}(input.params.{})", self.parameter_typed(), self.parameter());
        let installed = |word: bool| format!("input.facts.{}.installed == {word}", self.field.section());
        let guard = if self.field.has_installed { format!("\t{}\n", installed(true)) } else { String::new() };
        let typed = self.typed();
        let body = match self.field.in_list() {
            None => {
                let value = format!("input.facts.{}", self.field.path);
                let name = Value::from(self.field.path.as_str());
                format!(
                    "bad contains {name} if {{\n{guard}\t{typed}({value})\n\t{parameter}\n\t{broken}\n}}\n\n\
                     everything_seen if {{\n{guard}\t{typed}({value})\n\t{parameter}\n}}\n",
                    broken = self.of.operator.broken(&value),
                )
            }
            Some((list, inner)) => {
                let value = format!("item.{inner}");
                let called =
                    if self.field.has_name { "item.name" } else { "sprintf(\"element %d\", [index])" };
                let named = if self.field.has_name { "\tis_string(item.name)\n" } else { "" };
                format!(
                    "items := input.facts.{list}\n\n\
                     bad contains {called} if {{\n{guard}\tsome index, item in items\n{named}\t{typed}({value})\n\
                     \t{parameter}\n\t{broken}\n}}\n\n\
                     # Elements that can be judged: every field that is read is there and of its type.\n\
                     judged contains index if {{\n\tsome index, item in items\n{named}\t{typed}({value})\n}}\n\n\
                     everything_seen if {{\n{guard}\tis_array(items)\n\tcount(items) > 0\n\
                     \tcount(judged) == count(items)\n\t{parameter}\n}}\n",
                    broken = self.of.operator.broken(&value),
                )
            }
        };
        let (not_here, reason) = if self.field.has_installed {
            (
                format!("verdict := \"not_applicable\" if {}\n\n", installed(false)),
                "default reason := {}\n\nreason := {\"reason\": \"not_present\"} if verdict == \"not_applicable\"\n\n",
            )
        } else {
            (String::new(), "reason := {}\n\n")
        };
        format!(
            "package {package}\n\nimport rego.v1\n\n{body}\n\
             # Three ways, and the one without proof is the default.\n\
             default verdict := \"unknown\"\n\nverdict := \"fail\" if count(bad) > 0\n\n\
             verdict := \"pass\" if {{\n\tcount(bad) == 0\n\teverything_seen\n}}\n\n{not_here}{reason}\
             result := object.union(reason, {{\"verdict\": verdict, \"subjects\": bad, \"expected\": input.params.{parameter}}})\n",
            parameter = self.parameter(),
        )
    }

    /// The smallest document, with this value in the field; without the field where there is none.
    fn document(&self, value: Option<&Value>) -> Value {
        let mut document = self.field.sample.clone();
        let pointer = format!("/{}", self.field.path.replace("[].", "/0/").replace('.', "/"));
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(Value::Object(fields)) = document.pointer_mut(parent) {
            match value {
                Some(value) => fields.insert(name.to_owned(), value.clone()),
                None => fields.remove(name),
            };
        }
        document
    }

    fn tests(&self) -> String {
        let package = package_of(&self.of.id);
        let section = self.field.section();
        let wrong = match self.field.kind {
            FieldKind::Flag => r#"[null, "true", 0, {}, []]"#,
            FieldKind::Text => "[null, 7, true, {}, []]",
            FieldKind::Number => r#"[null, "7", true, {}, []]"#,
        };
        let (whole, place) = ("with_facts", format!("with_value({})", self.good));
        let mut text = format!(
            "package {package}_test\n\nimport data.{package} as check\nimport rego.v1\n\n\
             {whole}(facts) := {{\n\t\"target\": {{\"kind\": \"host\", \"external_id\": \"h1\", \"name\": \"web1\"}},\n\
             \t\"facts\": facts,\n\t\"params\": {{\"{parameter}\": {value}}},\n}}\n\n\
             with_value(value) := with_facts({template})\n\n\
             test_pass_as_asserted if {{\n\tcheck.result.verdict == \"pass\" with input as {place}\n}}\n\n\
             test_fail_otherwise if {{\n\tcheck.result.verdict == \"fail\" with input as with_value({bad})\n}}\n\n\
             test_canary_otherwise if {{\n\tcheck.result.verdict == \"fail\" with input as with_value({bad})\n}}\n\n\
             test_unknown_missing_data if {{\n\tevery facts in [{{}}, null, [], \"facts\", 7, {{\"{section}\": null}}, {{\"{section}\": {{}}}}] {{\n\
             \t\tcheck.result.verdict == \"unknown\" with input as with_facts(facts)\n\t}}\n}}\n\n\
             test_unknown_absent_field if {{\n\tcheck.result.verdict == \"unknown\" with input as with_facts({without})\n}}\n\n\
             test_unknown_wrong_types if {{\n\tevery value in {wrong} {{\n\
             \t\tcheck.result.verdict == \"unknown\" with input as with_value(value)\n\t}}\n}}\n",
            parameter = self.parameter(),
            value = self.value,
            template = self.template(),
            bad = self.bad,
            without = self.document(None),
        );
        if self.field.in_list().is_some() {
            let empty = self.empty_list();
            text.push_str(&format!(
                "\ntest_unknown_empty_list if {{\n\tcheck.result.verdict == \"unknown\" with input as with_facts({empty})\n}}\n"
            ));
        }
        if self.field.has_installed {
            text.push_str(&format!(
                "\ntest_not_applicable_not_installed if {{\n\tresult := check.result with input as with_facts({{\"schema\": \"host/1\", \"gaps\": [], \"{section}\": {{\"installed\": false}}}})\n\
                 \tresult.verdict == \"not_applicable\"\n\tresult.reason == \"not_present\"\n}}\n"
            ));
        }
        text
    }

    /// The document with a variable called `value` in the field.
    fn template(&self) -> String {
        const PLACE: &str = "\u{1}value\u{1}";
        let written = self.document(Some(&Value::from(PLACE))).to_string();
        written.replace(&Value::from(PLACE).to_string(), "value")
    }

    fn empty_list(&self) -> Value {
        let mut document = self.field.sample.clone();
        if let Some((list, _)) = self.field.in_list()
            && let Some(place) = document.pointer_mut(&format!("/{}", list.replace('.', "/")))
        {
            *place = json!([]);
        }
        document
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn toml_of(value: &Value) -> String {
    match value {
        Value::String(text) => toml::Value::from(text.as_str()).to_string(),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(toml_of).collect();
            format!("[{}]", all.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use tickmark_core::observation::host;
    use tickmark_core::observation::host::field::fields;

    use super::*;
    use crate::{Check, CheckSource, Origin, run_tests};

    fn check(field: &str, operator: Operator, value: &str) -> SimpleCheck {
        SimpleCheck {
            id: "own-simple".to_owned(),
            title: "It is \"so\"".to_owned(),
            rationale: "Otherwise not.".to_owned(),
            remediation: "Set it.".to_owned(),
            severity: Severity::Medium,
            field: field.to_owned(),
            operator,
            value: value.to_owned(),
        }
    }

    fn loaded(of: &SimpleCheck, fields: &[FactField]) -> Check {
        let files = simple(of, fields).unwrap_or_else(|error| panic!("{}: {error}", of.field));
        let text =
            |name: &str| files.iter().find(|file| file.path.ends_with(name)).map(|file| file.text.clone());
        let source = CheckSource {
            group: "own".to_owned(),
            folder: of.id.clone(),
            toml: text(FILE_MANIFEST),
            rego: text(FILE_REGO),
            tests: text(FILE_TESTS),
            origin: Origin::Own,
        };
        let shown = source.clone();
        Check::load(source).unwrap_or_else(|errors| panic!("{}: {errors:#?}\n{shown:#?}", of.field))
    }

    #[test]
    fn what_a_form_makes_loads_and_its_tests_pass() {
        let fields = fields();
        let validate = |facts: &Value| host::validate(facts).map_err(|error| error.to_string());
        for (field, operator, value) in [
            ("sshd.permit_root_login", Operator::Is, "no"),
            ("sshd.permit_root_login", Operator::OneOf, "no\nforced-commands-only\n"),
            ("sshd.permit_root_login", Operator::IsNot, "yes"),
            ("sshd.password_authentication", Operator::Is, "false"),
            ("accounts.users[].shell", Operator::NoneOf, "/bin/csh\n/tmp/shell"),
            ("accounts.users[].uid", Operator::AtLeast, "1"),
            ("accounts.users[].uid", Operator::AtMost, "60000"),
            ("accounts.users[].is_system", Operator::Is, "true"),
        ] {
            let loaded = loaded(&check(field, operator, value), &fields);
            let report = run_tests(&loaded, Some(&validate));
            assert_eq!(report.failures(), Vec::<String>::new(), "{field} {operator:?}\n{}", loaded.rego());
            assert!(report.damaged_documents > 0);
        }
    }

    #[test]
    fn what_would_test_nothing_is_refused() {
        let fields = fields();
        let refuse = |field: &str, operator, value: &str| {
            simple(&check(field, operator, value), &fields).expect_err("refused").to_string()
        };
        assert!(refuse("sshd.nope", Operator::Is, "x").contains("there is no field"));
        assert!(refuse("sshd.permit_root_login", Operator::AtLeast, "1").contains("cannot be asked"));
        assert!(refuse("sshd.password_authentication", Operator::Is, "maybe").contains("cannot be"));
        assert!(refuse("accounts.users[].uid", Operator::AtLeast, "0").contains("nothing could fail"));
        assert!(refuse("accounts.users[].uid", Operator::AtMost, "-1").contains("nothing could pass"));
        assert!(refuse("sshd.permit_root_login", Operator::OneOf, " \n").contains("1 to 100 values"));
        let bad = SimpleCheck { id: "Own".to_owned(), ..check("sshd.permit_root_login", Operator::Is, "no") };
        assert!(simple(&bad, &fields).expect_err("refused").to_string().contains("kebab case"));
    }
}
