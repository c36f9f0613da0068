//! Forms: one field of each kind, with its label, its hint and what is wrong with it beside it.
//!
//! Every form works without script. What was typed stands in the fields again when it is refused.

use std::collections::BTreeMap;

use maud::{Markup, html};

/// What a field takes.
#[derive(Clone, Copy, Debug, Default)]
pub enum Kind<'a> {
    /// One line of text.
    #[default]
    Text,
    /// One line, of an input type: `email`, `password`, `date`, `number`, `url`.
    Input(&'a str),
    /// Several lines, shown this high.
    Area(u8),
    /// One of these: value and words.
    Select(&'a [(String, String)]),
    /// Some of these: value and words. The field's value holds the chosen ones, separated by spaces.
    Several(&'a [(String, String)]),
    /// Yes or no; chosen when the value is `yes`.
    Check,
}

/// One field of a form.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Its name, which is its id too where it has no other.
    pub name: &'a str,
    /// Its id, where several forms of a page have a field of this name.
    pub id: &'a str,
    /// What people call it.
    pub label: &'a str,
    /// What it takes.
    pub kind: Kind<'a>,
    /// What a password manager may fill in.
    pub complete: &'a str,
    /// What stands in it.
    pub value: &'a str,
    /// What helps to fill it in.
    pub hint: &'a str,
    /// What is wrong with it.
    pub fault: Option<&'a str>,
    /// Most characters.
    pub max: usize,
    /// Whether it may be left empty.
    pub optional: bool,
}

impl Default for Field<'_> {
    fn default() -> Self {
        Self {
            name: "",
            id: "",
            label: "",
            kind: Kind::Text,
            complete: "off",
            value: "",
            hint: "",
            fault: None,
            max: 254,
            optional: false,
        }
    }
}

/// Draws a field.
#[must_use]
pub fn field(of: &Field<'_>) -> Markup {
    let is_code = of.name == "code";
    let id = if of.id.is_empty() { of.name } else { of.id };
    let (hint_id, fault_id) = (format!("{id}-hint"), fault_id(id));
    let mut described = Vec::new();
    if !of.hint.is_empty() {
        described.push(hint_id.as_str());
    }
    if of.fault.is_some() {
        described.push(fault_id.as_str());
    }
    let described = (!described.is_empty()).then(|| described.join(" "));
    let invalid = of.fault.map(|_| "true");
    let below = html! {
        (fault_of(id, of.fault))
        @if !of.hint.is_empty() { span.hint id=(hint_id) { (of.hint) } }
    };
    let label = html! { label for=(id) { (of.label) @if of.optional { " " span.optional { "optional" } } } };
    match of.kind {
        Kind::Several(options) => {
            let chosen: Vec<&str> = of.value.split_ascii_whitespace().collect();
            html! {
                fieldset.field aria-describedby=[described] {
                    legend { (of.label) @if of.optional { " " span.optional { "optional" } } }
                    div.choices {
                        @for (value, words) in options {
                            label.choice { input type="checkbox" name=(of.name) value=(value) checked[chosen.contains(&value.as_str())]; span { (words) } }
                        }
                    }
                    (below)
                }
            }
        }
        Kind::Check => html! {
            p.field {
                label.choice { input id=(id) type="checkbox" name=(of.name) value="yes" checked[of.value == "yes"] aria-describedby=[described]; span { (of.label) } }
                (below)
            }
        },
        Kind::Area(rows) => html! {
            p.field {
                (label)
                textarea id=(id) name=(of.name) rows=(rows) maxlength=(of.max) required[!of.optional] aria-invalid=[invalid] aria-describedby=[described] { "\n" (of.value) }
                (below)
            }
        },
        Kind::Select(options) => html! {
            p.field {
                (label)
                select id=(id) name=(of.name) aria-invalid=[invalid] aria-describedby=[described] {
                    @for (value, words) in options { option value=(value) selected[value == of.value] { (words) } }
                }
                (below)
            }
        },
        Kind::Text | Kind::Input(_) => {
            let kind = if let Kind::Input(kind) = of.kind { kind } else { "text" };
            html! {
                p.field {
                    (label)
                    input id=(id) name=(of.name) type=(kind) autocomplete=(of.complete) value=(of.value) maxlength=(of.max) required[!of.optional]
                        spellcheck=[(kind != "text" || is_code).then_some("false")] autocapitalize=[is_code.then_some("none")]
                        aria-invalid=[invalid] aria-describedby=[described];
                    (below)
                }
            }
        }
    }
}

/// The id of what is wrong with a field, by which the field is described.
#[must_use]
pub fn fault_id(id: &str) -> String {
    format!("{id}-fault")
}

/// What is wrong with the field that has this id.
#[must_use]
pub fn fault_of(id: &str, fault: Option<&str>) -> Markup {
    html! { @if let Some(fault) = fault { span.fault id=(fault_id(id)) { (capital(fault)) "." } } }
}

/// A field for files, with what is taken. Script adds dropping, pasting, the camera of a phone, and a list of what was
/// chosen; without it, it is the field of the browser.
#[derive(Clone, Copy, Debug)]
pub struct FilesField<'a> {
    /// Its name, which is its id too.
    pub name: &'a str,
    /// What people call it.
    pub label: &'a str,
    /// What helps to fill it in.
    pub hint: &'a str,
    /// What is wrong with it.
    pub fault: Option<&'a str>,
    /// Endings of names that are taken.
    pub accept: &'a str,
    /// Bytes of one file.
    pub most_bytes: usize,
    /// Files at once.
    pub most_files: usize,
    /// Whether it may be left empty.
    pub is_optional: bool,
}

/// Draws a field for files.
#[must_use]
pub fn files(of: &FilesField<'_>) -> Markup {
    let (hint_id, fault_id) = (format!("{}-hint", of.name), fault_id(of.name));
    let described = if of.fault.is_some() { format!("{hint_id} {fault_id}") } else { hint_id.clone() };
    html! {
        div.field.drop {
            label for=(of.name) { (of.label) @if of.is_optional { " " span.optional { "optional" } } }
            input.files id=(of.name) name=(of.name) type="file" multiple accept=(of.accept) required[!of.is_optional]
                aria-invalid=[of.fault.map(|_| "true")] aria-describedby=(described)
                data-drop data-most-bytes=(of.most_bytes) data-most-files=(of.most_files);
            (fault_of(of.name, of.fault))
            span.hint id=(hint_id) { (of.hint) }
        }
    }
}

/// Something that is sent along and not shown.
#[must_use]
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// What is wrong with the form as a whole.
#[must_use]
pub fn problem(says: Option<&str>) -> Markup {
    html! { @if let Some(says) = says { p.problem role="alert" { (capital(says)) "." } } }
}

/// A form that is sent to `action`, with the token that says it is from here.
#[must_use]
pub fn form(action: &str, token: &str, body: &Markup) -> Markup {
    html! { form.card method="post" action=(action) { (hidden("form", token)) (body) } }
}

/// A form with files.
#[must_use]
pub fn form_with_files(action: &str, token: &str, body: &Markup) -> Markup {
    html! {
        form.card method="post" action=(action) enctype="multipart/form-data" { (hidden("form", token)) (body) }
    }
}

/// A form that is one button: `words` says what it does, `about` to what, for those who do not see what is beside it.
#[must_use]
pub fn button(action: &str, token: &str, words: &str, about: &str) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            (hidden("form", token))
            button.button type="submit" { (words) @if !about.is_empty() { span.visually-hidden { " " (about) } } }
        }
    }
}

/// The last row of a form: the button that sends it, and the way out.
#[must_use]
pub fn send(words: &str, cancel: &str) -> Markup {
    html! {
        p.row {
            button.button.primary type="submit" { (words) }
            @if !cancel.is_empty() { a.button href=(cancel) { "Cancel" } }
        }
    }
}

/// What is wrong with a form: as a whole, and field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    whole: Option<String>,
    fields: BTreeMap<&'static str, String>,
}

impl Faults {
    /// Something wrong with the whole.
    #[must_use]
    pub fn whole(says: impl ToString) -> Self {
        Self { whole: Some(says.to_string()), fields: BTreeMap::new() }
    }

    /// What a refusal says, beside the field that the first of these words in it stands for; above them all where none does.
    #[must_use]
    pub fn about(says: impl ToString, words: &[(&str, &'static str)]) -> Self {
        let says = says.to_string();
        let Some((_, field)) = words.iter().copied().find(|(word, _)| says.contains(word)) else {
            return Self::whole(says);
        };
        let mut faults = Self::default();
        faults.add(field, says);
        faults
    }

    /// Says what is wrong with a field; the first thing said about it counts.
    pub fn add(&mut self, field: &'static str, says: impl ToString) {
        self.fields.entry(field).or_insert_with(|| says.to_string());
    }

    /// Tells whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.whole.is_none() && self.fields.is_empty()
    }

    /// Returns what is wrong with a field.
    #[must_use]
    pub fn of(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(String::as_str)
    }

    /// What stands over the form: what is wrong with the whole, and once more what is wrong with its fields, as one of them
    /// may be out of sight.
    #[must_use]
    pub fn summary(&self) -> Markup {
        let beside = match self.fields.len() {
            0 => return problem(self.whole.as_deref()),
            1 => "one field needs another answer",
            _ => "some fields need another answer",
        };
        html! {
            div.problem role="alert" {
                p { (capital(self.whole.as_deref().unwrap_or(beside))) "." }
                ul.problems { @for says in self.fields.values() { li { (capital(says)) "." } } }
            }
        }
    }
}

/// The text with a capital at its beginning, but for the name of a file, which stays as it is.
#[must_use]
pub fn capital(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default().trim_end_matches([':', ',', ';', '.']);
    let is_file = first.rsplit_once('.').is_some_and(|(name, ending)| !name.is_empty() && ending.len() > 1);
    if is_file {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_and_the_name_of_a_file_does_not() {
        assert_eq!(capital("choose the file"), "Choose the file");
        assert_eq!(capital("broken.pdf: it is a damaged PDF"), "broken.pdf: it is a damaged PDF");
        assert_eq!(capital("nothing."), "Nothing.");
        assert_eq!(capital(""), "");
    }

    #[test]
    fn what_was_typed_and_what_is_wrong_stand_in_the_field() {
        let options = [("a".to_owned(), "First".to_owned()), ("b".to_owned(), "Second".to_owned())];
        let draw = |kind, value| {
            field(&Field {
                name: "x",
                label: "X",
                kind,
                value,
                fault: Some("no good"),
                hint: "Like so.",
                ..Field::default()
            })
            .0
        };
        let text = draw(Kind::Text, "<b>");
        assert!(text.contains("value=\"&lt;b&gt;\"") && text.contains("aria-invalid=\"true\""), "{text}");
        assert!(text.contains("aria-describedby=\"x-hint x-fault\"") && text.contains("No good."), "{text}");
        // A line feed right behind the tag is eaten by browsers, so one of ours comes first.
        assert!(draw(Kind::Area(3), "\nsecond").contains(">\n\nsecond</textarea>"));
        assert!(draw(Kind::Select(&options), "b").contains("<option value=\"b\" selected>Second"));
        let several = draw(Kind::Several(&options), "b a");
        assert_eq!(several.matches(" checked").count(), 2);
        assert!(!draw(Kind::Check, "no").contains(" checked"));
    }

    #[test]
    fn two_forms_of_a_page_may_have_a_field_of_one_name() {
        let drawn =
            field(&Field { name: "reason", id: "end-reason", fault: Some("say why"), ..Field::default() });
        for says in [
            "label for=\"end-reason\"",
            "id=\"end-reason\" name=\"reason\"",
            "aria-describedby=\"end-reason-fault\"",
            "id=\"end-reason-fault\">Say why.",
        ] {
            assert!(drawn.0.contains(says), "{says}: {}", drawn.0);
        }
    }

    #[test]
    fn the_first_fault_of_a_field_counts() {
        let mut faults = Faults::default();
        assert!(faults.is_empty());
        faults.add("title", "it is empty");
        faults.add("title", "it is short");
        assert_eq!((faults.of("title"), faults.of("other")), (Some("it is empty"), None));
        let above = faults.summary().0;
        assert!(
            above.contains("One field needs another answer.") && above.contains("<li>It is empty.</li>"),
            "{above}"
        );
        assert!(Faults::whole("somebody was faster").summary().0.contains("Somebody was faster."));
    }

    #[test]
    fn a_refusal_stands_beside_the_field_that_it_is_about() {
        let words = [("a later day", "to"), ("reason", "why")];
        let of = |says: &str| {
            let faults = Faults::about(says, &words);
            (faults.of("to").is_some(), faults.of("why").is_some(), faults.summary().0)
        };
        let (to, why, above) = of("it needs a later day, whatever the reason");
        assert!(to && !why && above.contains("One field needs another answer."), "{above}");
        assert!(of("it needs its reason").1);
        let (to, why, above) = of("somebody was faster");
        assert!(!to && !why && above.contains("Somebody was faster."), "{above}");
    }
}
