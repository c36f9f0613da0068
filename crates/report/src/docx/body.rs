//! What a writing says.

use tickmark_core::report::Writing;
use tickmark_core::report::package::SignedBy;
use tickmark_core::report::writing::{Block, capital};

use super::pictures::Pictures;
use super::xml::{HEAD, escaped, paragraph, run};

/// Width of the text on A4, in twentieths of a point.
pub(super) const TEXT_WIDTH: usize = 9_412;
/// Narrowest column, in the same.
const NARROWEST: usize = 1_100;

pub(super) fn document(writing: &Writing, pictures: &Pictures<'_>) -> String {
    let mut body = String::new();
    body.push_str(&paragraph("Title", &run(&writing.title, "")));
    let about = format!(
        "{}, {}\n{} examination, {}",
        writing.system, writing.organization, writing.report, writing.time
    );
    body.push_str(&paragraph("Subtitle", &run(&about, "")));
    if writing.is_example {
        let says = "An example. The organization and everything about it are made up.";
        body.push_str(&paragraph("Notice", &run(says, "")));
    }
    if let Some(letter) = &writing.letter {
        if !letter.to.is_empty() {
            body.push_str(&paragraph("Address", &run(&letter.to.join("\n"), "")));
        }
        let dated = if letter.dated.is_empty() { "Not dated yet" } else { &letter.dated };
        body.push_str(&paragraph("Address", &run(dated, "")));
    }
    for block in &writing.blocks {
        body.push_str(&set(block, &writing.organization, pictures));
    }
    format!(
        "{HEAD}<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
         xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
         xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" \
         xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
         xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><w:body>{body}<w:sectPr>\
         <w:headerReference w:type=\"default\" r:id=\"rId4\"/><w:footerReference w:type=\"default\" r:id=\"rId5\"/>\
         <w:pgSz w:w=\"11906\" w:h=\"16838\"/>\
         <w:pgMar w:top=\"1531\" w:right=\"1247\" w:bottom=\"1531\" w:left=\"1247\" w:header=\"680\" w:footer=\"567\" w:gutter=\"0\"/>\
         </w:sectPr></w:body></w:document>"
    )
}

fn set(block: &Block, organization: &str, pictures: &Pictures<'_>) -> String {
    match block {
        Block::Heading { level, text } => {
            paragraph(&format!("Heading{}", (*level).clamp(1, 3)), &run(text, ""))
        }
        Block::Paragraph { text } => paragraph("BodyText", &run(text, "")),
        Block::Points { texts } => texts.iter().map(|text| paragraph("ListBullet", &run(text, ""))).collect(),
        Block::Table { head, rows } => table(head, rows),
        // The table that follows tells the same, and can be edited.
        Block::Flow { .. } => String::new(),
        Block::Figure { figure } => pictures.set(figure),
        Block::Signature { name, title, signed } => signature(name, title, signed, organization),
    }
}

/// Shares of the width by how much stands in each column, so that a column of ids stays narrow.
fn widths(head: &[String], rows: &[Vec<String>]) -> Vec<usize> {
    let longest = |at: usize| {
        let texts = rows.iter().filter_map(|row| row.get(at));
        let most = texts.map(|text| text.chars().count()).max().unwrap_or(0);
        most.max(head[at].chars().count()).clamp(6, 60)
    };
    let all: Vec<usize> = (0..head.len()).map(longest).collect();
    let whole: usize = all.iter().sum::<usize>().max(1);
    let mut widths: Vec<usize> = all.iter().map(|one| (one * TEXT_WIDTH / whole).max(NARROWEST)).collect();
    let excess = widths.iter().sum::<usize>().saturating_sub(TEXT_WIDTH);
    if let Some(widest) = widths.iter_mut().max() {
        *widest = widest.saturating_sub(excess).max(NARROWEST);
    }
    widths
}

fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let widths = widths(head, rows);
    let grid: String = widths.iter().map(|width| format!("<w:gridCol w:w=\"{width}\"/>")).collect();
    let cell = |text: &str, width: usize, style: &str| {
        format!(
            "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/></w:tcPr>{}</w:tc>",
            paragraph(style, &run(text, ""))
        )
    };
    let line = |texts: &[String], style: &str, properties: &str| {
        let cells: String = widths
            .iter()
            .enumerate()
            .map(|(at, width)| cell(texts.get(at).map_or("", String::as_str), *width, style))
            .collect();
        format!("<w:tr><w:trPr><w:cantSplit/>{properties}</w:trPr>{cells}</w:tr>")
    };
    let first = line(head, "TableHead", "<w:tblHeader/>");
    let rest: String = rows.iter().map(|row| line(row, "TableText", "")).collect();
    format!(
        "<w:tbl><w:tblPr><w:tblStyle w:val=\"Ledger\"/><w:tblW w:w=\"{TEXT_WIDTH}\" w:type=\"dxa\"/>\
         <w:tblLayout w:type=\"fixed\"/><w:tblLook w:val=\"0020\" w:firstRow=\"1\" w:lastRow=\"0\" w:firstColumn=\"0\" \
         w:lastColumn=\"0\" w:noHBand=\"1\" w:noVBand=\"1\"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{first}{rest}</w:tbl>{}",
        paragraph("AfterTable", "")
    )
}

fn signature(name: &str, title: &str, signed: &[SignedBy], organization: &str) -> String {
    let mut all = paragraph("SignatureLine", "");
    all.push_str(&paragraph("SignatureName", &run(&format!("{name}\n{title}\n{organization}"), "")));
    let adopted = signed.iter().any(|one| one.step == "approved");
    let says = if adopted {
        "Adopted for management in the record of the engagement, as stated below."
    } else {
        "Not adopted by management yet."
    };
    all.push_str(&paragraph("Notice", &run(says, "")));
    let row = |one: &SignedBy| vec![capital(&one.step), one.name.clone(), one.at.minute()];
    let rows: Vec<Vec<String>> = signed.iter().map(row).collect();
    if !rows.is_empty() {
        all.push_str(&table(&["Step".to_owned(), "By".to_owned(), "When".to_owned()], &rows));
    }
    all
}

/// What stands in an attribute.
pub(super) fn attribute(text: &str) -> String {
    escaped(&text.replace(['\n', '\t'], " "))
}
