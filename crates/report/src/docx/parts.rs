//! The parts around the text: types, relations, styles, header, footer, properties.

use tickmark_core::Digest;
use tickmark_core::report::Writing;
use tickmark_core::report::writing::capital;

use super::body::attribute;
use super::pictures::Pictures;
use super::xml::{HEAD, escaped, paragraph, run};

const CONTENT_TYPES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">"#,
    r#"<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>"#,
    r#"<Default Extension="xml" ContentType="application/xml"/>"#,
    r#"<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>"#,
    r#"<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>"#,
    r#"<Override PartName="/word/numbering.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"/>"#,
    r#"<Override PartName="/word/settings.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml"/>"#,
    r#"<Override PartName="/word/header1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/>"#,
    r#"<Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/>"#,
    r#"<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>"#,
    r#"<Override PartName="/docProps/app.xml" ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/>"#,
);

/// The types of all parts.
pub(super) fn content_types(pictures: &Pictures<'_>) -> String {
    let defaults: String = pictures
        .endings()
        .map(|(ending, media_type)| format!("<Default Extension=\"{ending}\" ContentType=\"{media_type}\"/>"))
        .collect();
    format!("{CONTENT_TYPES}{defaults}</Types>")
}

pub(super) const RELATIONS: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#,
    r#"<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>"#,
    r#"<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>"#,
    r#"<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/extended-properties" Target="docProps/app.xml"/>"#,
    "</Relationships>"
);

const DOCUMENT_RELATIONS: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#,
    r#"<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>"#,
    r#"<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/numbering" Target="numbering.xml"/>"#,
    r#"<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/settings" Target="settings.xml"/>"#,
    r#"<Relationship Id="rId4" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/header" Target="header1.xml"/>"#,
    r#"<Relationship Id="rId5" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer" Target="footer1.xml"/>"#,
);

/// What the text refers to.
pub(super) fn document_relations(pictures: &Pictures<'_>) -> String {
    let images: String = pictures
        .all()
        .map(|picture| {
            format!(
                "<Relationship Id=\"{}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image\" \
                 Target=\"{}\"/>",
                picture.relation, picture.target
            )
        })
        .collect();
    format!("{DOCUMENT_RELATIONS}{images}</Relationships>")
}

pub(super) const APP_PROPERTIES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">"#,
    "<Application>Tickmark</Application></Properties>"
);

pub(super) const SETTINGS: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:settings xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">"#,
    r#"<w:zoom w:percent="100"/><w:defaultTabStop w:val="709"/><w:characterSpacingControl w:val="doNotCompress"/>"#,
    r#"<w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>"#,
    "</w:settings>"
);

pub(super) const NUMBERING: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">"#,
    r#"<w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/>"#,
    r#"<w:numFmt w:val="bullet"/><w:lvlText w:val="–"/><w:lvlJc w:val="left"/>"#,
    r#"<w:pPr><w:ind w:left="340" w:hanging="340"/></w:pPr></w:lvl></w:abstractNum>"#,
    r#"<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>"#
);

pub(super) const STYLES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">"#,
    r#"<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial" w:eastAsia="Arial"/>"#,
    r#"<w:color w:val="1B1D1C"/><w:sz w:val="20"/><w:szCs w:val="20"/><w:lang w:val="en-US"/></w:rPr></w:rPrDefault>"#,
    r#"<w:pPrDefault><w:pPr><w:spacing w:after="0" w:line="276" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>"#,
    r#"<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>"#,
    r#"<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/>"#,
    r#"<w:tblCellMar><w:top w:w="0" w:type="dxa"/><w:left w:w="108" w:type="dxa"/><w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:next w:val="BodyText"/><w:qFormat/>"#,
    r#"<w:pPr><w:spacing w:before="240" w:after="80" w:line="240" w:lineRule="auto"/></w:pPr><w:rPr><w:b/><w:color w:val="0B6E4F"/><w:sz w:val="40"/><w:szCs w:val="40"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Subtitle"><w:name w:val="Subtitle"/><w:basedOn w:val="Normal"/><w:next w:val="BodyText"/><w:qFormat/>"#,
    r#"<w:pPr><w:spacing w:after="320"/></w:pPr><w:rPr><w:color w:val="5C625F"/><w:sz w:val="22"/><w:szCs w:val="22"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:next w:val="BodyText"/><w:qFormat/>"#,
    r#"<w:pPr><w:keepNext/><w:keepLines/><w:spacing w:before="360" w:after="120" w:line="240" w:lineRule="auto"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/><w:sz w:val="28"/><w:szCs w:val="28"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/><w:next w:val="BodyText"/><w:qFormat/>"#,
    r#"<w:pPr><w:keepNext/><w:keepLines/><w:spacing w:before="240" w:after="80" w:line="240" w:lineRule="auto"/><w:outlineLvl w:val="1"/></w:pPr><w:rPr><w:b/><w:sz w:val="23"/><w:szCs w:val="23"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Heading3"><w:name w:val="heading 3"/><w:basedOn w:val="Normal"/><w:next w:val="BodyText"/><w:qFormat/>"#,
    r#"<w:pPr><w:keepNext/><w:keepLines/><w:spacing w:before="200" w:after="60" w:line="240" w:lineRule="auto"/><w:outlineLvl w:val="2"/></w:pPr><w:rPr><w:b/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="BodyText"><w:name w:val="Body Text"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:spacing w:after="140"/></w:pPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="ListBullet"><w:name w:val="List Bullet"/><w:basedOn w:val="BodyText"/><w:qFormat/>"#,
    r#"<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr><w:spacing w:after="60"/><w:ind w:left="340" w:hanging="340"/></w:pPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Picture"><w:name w:val="Picture"/><w:basedOn w:val="Normal"/><w:next w:val="Caption"/><w:pPr><w:keepNext/><w:spacing w:before="120" w:line="240" w:lineRule="auto"/></w:pPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Caption"><w:name w:val="caption"/><w:basedOn w:val="BodyText"/><w:next w:val="BodyText"/><w:qFormat/><w:pPr><w:spacing w:before="80" w:after="240"/></w:pPr><w:rPr><w:color w:val="5C625F"/><w:sz w:val="17"/><w:szCs w:val="17"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Address"><w:name w:val="Address"/><w:basedOn w:val="BodyText"/><w:pPr><w:spacing w:after="240"/></w:pPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Notice"><w:name w:val="Notice"/><w:basedOn w:val="BodyText"/><w:rPr><w:color w:val="7A5200"/><w:sz w:val="18"/><w:szCs w:val="18"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="SignatureLine"><w:name w:val="Signature Line"/><w:basedOn w:val="Normal"/>"#,
    r#"<w:pPr><w:keepNext/><w:pBdr><w:bottom w:val="single" w:sz="6" w:space="1" w:color="1B1D1C"/></w:pBdr><w:spacing w:before="800"/><w:ind w:right="5400"/></w:pPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="SignatureName"><w:name w:val="Signature Name"/><w:basedOn w:val="BodyText"/><w:pPr><w:keepNext/><w:spacing w:before="60"/></w:pPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="TableText"><w:name w:val="Table Text"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="50" w:after="50" w:line="252" w:lineRule="auto"/></w:pPr><w:rPr><w:sz w:val="17"/><w:szCs w:val="17"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="TableHead"><w:name w:val="Table Head"/><w:basedOn w:val="TableText"/><w:pPr><w:keepNext/></w:pPr><w:rPr><w:b/><w:color w:val="5C625F"/><w:sz w:val="16"/><w:szCs w:val="16"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="AfterTable"><w:name w:val="After Table"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:line="160" w:lineRule="exact"/></w:pPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Header"><w:name w:val="header"/><w:basedOn w:val="Normal"/>"#,
    r#"<w:pPr><w:pBdr><w:bottom w:val="single" w:sz="4" w:space="4" w:color="E4E4E0"/></w:pBdr><w:tabs><w:tab w:val="right" w:pos="9412"/></w:tabs></w:pPr><w:rPr><w:color w:val="5C625F"/><w:sz w:val="15"/><w:szCs w:val="15"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Footer"><w:name w:val="footer"/><w:basedOn w:val="Normal"/>"#,
    r#"<w:pPr><w:tabs><w:tab w:val="right" w:pos="9412"/></w:tabs></w:pPr><w:rPr><w:color w:val="5C625F"/><w:sz w:val="15"/><w:szCs w:val="15"/></w:rPr></w:style>"#,
    r#"<w:style w:type="table" w:styleId="Ledger"><w:name w:val="Ledger"/><w:basedOn w:val="TableNormal"/><w:tblPr>"#,
    r#"<w:tblBorders><w:bottom w:val="single" w:sz="4" w:space="0" w:color="E4E4E0"/><w:insideH w:val="single" w:sz="4" w:space="0" w:color="E4E4E0"/></w:tblBorders></w:tblPr>"#,
    r#"<w:tblStylePr w:type="firstRow"><w:tcPr><w:tcBorders><w:bottom w:val="single" w:sz="8" w:space="0" w:color="1B1D1C"/></w:tcBorders></w:tcPr></w:tblStylePr></w:style>"#,
    "</w:styles>"
);

/// Title, author and the moment of the model.
pub(super) fn core_properties(writing: &Writing) -> String {
    let at = format!("{}Z", &writing.generated.to_string()[..19]);
    format!(
        "{HEAD}<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><dc:title>{}</dc:title><dc:subject>{}</dc:subject>\
         <dc:creator>{}</dc:creator><dc:description>{}</dc:description><dc:language>en-US</dc:language>\
         <cp:contentStatus>{}</cp:contentStatus>\
         <dcterms:created xsi:type=\"dcterms:W3CDTF\">{at}</dcterms:created>\
         <dcterms:modified xsi:type=\"dcterms:W3CDTF\">{at}</dcterms:modified></cp:coreProperties>",
        escaped(&format!("{}: {}", writing.organization, writing.title)),
        escaped(&writing.system),
        escaped(&writing.author),
        escaped(&writing.status_line),
        escaped(writing.status.words()),
    )
}

const WORD: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";

/// Whose it is on each page, and while it is a draft its status across it.
pub(super) fn header(writing: &Writing) -> String {
    let mark = if writing.status.is_draft() { watermark(writing.status.words()) } else { String::new() };
    let left = run(&format!("{} / {}", writing.organization, writing.system), "");
    let right = run(&format!("{}, {}", writing.title, writing.report), "");
    format!(
        "{HEAD}<w:hdr {WORD} xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\">{}</w:hdr>",
        paragraph("Header", &format!("{left}<w:r><w:tab/></w:r>{right}{mark}"))
    )
}

/// A word across the page, as word processors draw it.
fn watermark(words: &str) -> String {
    let words = attribute(&words.to_uppercase());
    format!(
        "<w:r><w:pict><v:shapetype id=\"_x0000_t136\" coordsize=\"21600,21600\" o:spt=\"136\" adj=\"10800\" \
         path=\"m@7,l@8,m@5,21600l@6,21600e\"><v:formulas><v:f eqn=\"sum #0 0 10800\"/><v:f eqn=\"prod #0 2 1\"/>\
         <v:f eqn=\"sum 21600 0 @1\"/><v:f eqn=\"sum 0 0 @2\"/><v:f eqn=\"sum 21600 0 @3\"/><v:f eqn=\"if @0 @3 0\"/>\
         <v:f eqn=\"if @0 21600 @1\"/><v:f eqn=\"if @0 0 @2\"/><v:f eqn=\"if @0 @4 21600\"/><v:f eqn=\"mid @5 @6\"/>\
         <v:f eqn=\"mid @8 @5\"/><v:f eqn=\"mid @7 @8\"/><v:f eqn=\"mid @6 @7\"/><v:f eqn=\"sum @6 0 @5\"/></v:formulas>\
         <v:path textpathok=\"t\" o:connecttype=\"custom\" o:connectlocs=\"@9,0;@10,10800;@11,21600;@12,10800\" \
         o:connectangles=\"270,180,90,0\"/><v:textpath on=\"t\" fitshape=\"t\"/></v:shapetype>\
         <v:shape id=\"Draft\" o:spid=\"_x0000_s2049\" type=\"#_x0000_t136\" alt=\"{words}\" \
         style=\"position:absolute;margin-left:0;margin-top:0;width:480pt;height:60pt;rotation:315;z-index:-251658752;\
         mso-position-horizontal:center;mso-position-horizontal-relative:margin;mso-position-vertical:center;\
         mso-position-vertical-relative:margin\" fillcolor=\"#ededea\" stroked=\"f\">\
         <v:textpath style=\"font-family:&quot;Arial&quot;;font-size:1pt\" string=\"{words}\"/></v:shape></w:pict></w:r>"
    )
}

/// What the draft is, on each page: status line, status, version, cut-off, digest, page.
pub(super) fn footer(writing: &Writing, digest: &Digest) -> String {
    let field = |name: &str| {
        format!(
            "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText xml:space=\"preserve\"> {name} </w:instrText></w:r>\
             <w:r><w:fldChar w:fldCharType=\"separate\"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r>"
        )
    };
    let first = format!(
        "{}<w:r><w:tab/></w:r>{}{}{}{}",
        run(&writing.status_line, "<w:b/><w:color w:val=\"1B1D1C\"/>"),
        run("Page ", ""),
        field("PAGE"),
        run(" of ", ""),
        field("NUMPAGES")
    );
    let second = run(
        &format!(
            "{} \u{b7} version {} \u{b7} data cut-off {} \u{b7} written out {} by {} \u{b7} model {}",
            capital(writing.status.words()),
            writing.version,
            writing.cut_off.minute(),
            writing.generated.minute(),
            writing.generator,
            digest
        ),
        "",
    );
    format!("{HEAD}<w:ftr {WORD}>{}{}</w:ftr>", paragraph("Footer", &first), paragraph("Footer", &second))
}
