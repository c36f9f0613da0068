use std::io::{Cursor, Read as _};

use tickmark_core::Digest;
use tickmark_core::report::readiness::DocumentStatus;
use tickmark_core::report::writing::{self, Block};
use tickmark_core::report::{Files, Writing};

use super::writing_docx;
use crate::sample;

fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut text = String::new();
    archive.by_name(name).expect("the part").read_to_string(&mut text).expect("text");
    text
}

fn written() -> (Writing, Vec<u8>) {
    let writing = writing::description(&sample::package()).expect("a description");
    let bytes = writing_docx(&writing, &Files::new()).expect("written");
    (writing, bytes)
}

#[test]
fn headings_lists_and_tables_are_real() {
    let (writing, bytes) = written();
    let body = part(&bytes, "word/document.xml");
    let headings = writing.blocks.iter().filter(|block| matches!(block, Block::Heading { .. })).count();
    assert_eq!(body.matches("<w:pStyle w:val=\"Heading").count(), headings);
    let tables = writing.blocks.iter().filter(|block| matches!(block, Block::Table { .. })).count();
    assert!(tables > 3);
    assert_eq!(body.matches("<w:tblHeader/>").count(), tables);
    assert!(body.contains("<w:pStyle w:val=\"ListBullet\"/>"));
    let styles = part(&bytes, "word/styles.xml");
    for style in body.split("<w:pStyle w:val=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(styles.contains(&format!("w:styleId=\"{style}\"")), "{style}");
    }
    assert!(styles.contains("<w:outlineLvl w:val=\"0\"/>"));
}

#[test]
fn each_page_says_what_the_draft_is_and_a_final_one_has_no_watermark() {
    let (mut writing, bytes) = written();
    let (header, footer) = (part(&bytes, "word/header1.xml"), part(&bytes, "word/footer1.xml"));
    assert!(header.contains("string=\"MANAGEMENT DRAFT\""), "{header}");
    let digest = writing.digest().expect("a digest").to_string();
    for says in [digest.as_str(), "Management draft", "version 7", "NUMPAGES", "not an auditor's report"] {
        assert!(footer.contains(says), "{says}: {footer}");
    }
    writing.status = DocumentStatus::FinalManagement;
    let last = writing_docx(&writing, &Files::new()).expect("written");
    assert!(!part(&last, "word/header1.xml").contains("v:shape"));
}

#[test]
fn text_of_others_is_text_and_the_same_writing_gives_the_same_bytes() {
    let (mut writing, bytes) = written();
    assert_eq!(bytes, writing_docx(&writing, &Files::new()).expect("written"));
    writing.title = "</w:t><x> & \"y\"".into();
    writing.organization = "A\u{1}B".into();
    writing.blocks = vec![
        Block::Paragraph { text: "one\ntwo <b>".into() },
        Block::Table { head: vec!["A".into(), "B".into()], rows: vec![vec!["only one".into()]] },
    ];
    let bytes = writing_docx(&writing, &Files::new()).expect("written");
    let body = part(&bytes, "word/document.xml");
    assert!(body.contains("&lt;/w:t&gt;&lt;x&gt; &amp; &quot;y&quot;"), "{body}");
    assert!(body.contains("one</w:t><w:br/><w:t xml:space=\"preserve\">two &lt;b&gt;"), "{body}");
    assert!(body.contains("A\u{fffd}B") && !body.contains('\u{1}'));
    assert_eq!(body.matches("<w:tc>").count(), 4, "a row has a cell for each column");
}

#[test]
fn a_picture_is_in_the_archive_with_its_words_and_steps_are_a_table() {
    let (package, files) = (sample::payroll(), sample::payroll_files());
    let writing = writing::description(&package).expect("a description");
    let bytes = writing_docx(&writing, &files).expect("written");
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).expect("an archive");
    let mut kept = Vec::new();
    archive.by_name("word/media/image1.png").expect("the picture").read_to_end(&mut kept).expect("bytes");
    assert_eq!(files.get(&Digest::of(&kept)), Some(&kept));
    let body = part(&bytes, "word/document.xml");
    let figure = writing.figures().next().expect("a figure");
    assert!(body.contains(&format!("descr=\"{}\"", figure.alternative)), "{body}");
    assert!(body.contains("r:embed=\"rId100\"") && body.contains("Figure 1: The payroll system"), "{body}");
    for step in &package.description.as_ref().expect("a description").processes[0].steps {
        assert!(body.contains(&format!("{}: {}", step.act, step.what)), "{}", step.what);
    }
    assert!(part(&bytes, "word/_rels/document.xml.rels").contains("Id=\"rId100\""));
    assert!(part(&bytes, "[Content_Types].xml").contains("Extension=\"png\""));
    let styles = part(&bytes, "word/styles.xml");
    for style in body.split("<w:pStyle w:val=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(styles.contains(&format!("w:styleId=\"{style}\"")), "{style}");
    }
    for name in ["word/document.xml", "word/_rels/document.xml.rels", "[Content_Types].xml"] {
        roxmltree::Document::parse(&part(&bytes, name)).expect(name);
    }
    // Without its bytes it is told in words.
    let body = part(&writing_docx(&writing, &Files::new()).expect("written"), "word/document.xml");
    assert!(body.contains(&figure.alternative) && !body.contains("<w:drawing>"));
}
