//! Writes the documents of the sample company into a folder, to look at them.
//!
//! `cargo run -p tickmark-report --example readiness -- FOLDER [sample|empty|large]`

use std::error::Error;
use std::path::PathBuf;

use tickmark_core::Digest;
use tickmark_core::report::{CopyFor, Files, SocPackage, writing};
use tickmark_report::{
    matrix_csv, matrix_xlsx, oscal, package_pdf, readiness_pdf, sample, writing_docx, writing_pdf,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name a folder")?);
    let report = match arguments.next().as_deref() {
        None | Some("sample") => sample::readiness(),
        Some("empty") => sample::empty(),
        Some("large") => sample::readiness_with_hosts(24),
        Some(other) => return Err(format!("{other:?} is none of sample, empty, large").into()),
    };
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("readiness.pdf"), readiness_pdf(&report)?)?;
    std::fs::write(folder.join("package.pdf"), package_pdf(&sample::package(), None, &Files::new())?)?;
    let made = report.generated;
    let copy = CopyFor { number: 7, recipient: "Cleo Customer".into(), company: "Customer Ltd".into(), made };
    std::fs::write(folder.join("copy.pdf"), package_pdf(&sample::package(), Some(&copy), &Files::new())?)?;
    let signed = writing_pdf(&sample::bridge_letter(), None, &Files::new())?;
    let issued = SocPackage { section: Some(sample::section(&signed)), ..sample::package() };
    let files = Files::from([(Digest::of(&signed), signed)]);
    std::fs::write(folder.join("issued.pdf"), package_pdf(&issued, None, &files)?)?;
    let (payroll, files) = (sample::payroll(), sample::payroll_files());
    std::fs::write(folder.join("payroll.pdf"), package_pdf(&payroll, None, &files)?)?;
    if let Some(description) = writing::description(&payroll) {
        std::fs::write(folder.join("payroll-description.pdf"), writing_pdf(&description, None, &files)?)?;
        std::fs::write(folder.join("payroll-description.docx"), writing_docx(&description, &files)?)?;
    }
    let (package, files) = (sample::package(), Files::new());
    let parts = [writing::assertion(&package), writing::description(&package)];
    for one in parts.into_iter().flatten().chain([sample::representation(), sample::bridge_letter()]) {
        let name = one.title.to_lowercase().replace(' ', "-");
        std::fs::write(folder.join(format!("{name}.pdf")), writing_pdf(&one, None, &files)?)?;
        std::fs::write(folder.join(format!("{name}.docx")), writing_docx(&one, &files)?)?;
    }
    for file in oscal(&sample::oscal())? {
        std::fs::write(folder.join(file.name), file.bytes)?;
    }
    std::fs::write(folder.join("matrix.xlsx"), matrix_xlsx(&report)?)?;
    std::fs::write(folder.join("matrix.csv"), matrix_csv(&report)?)?;
    Ok(())
}
