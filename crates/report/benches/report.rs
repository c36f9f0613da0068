//! Measures the documents of a large company against the budget: a readiness report of 60 pages in under 1 s, a SOC 2
//! package of 150 pages in under 2 s, one of 1,000 pages in under 15 s.
//!
//! `cargo bench -p tickmark-report`

use std::time::{Duration, Instant};

use tickmark_core::report::Files;
use tickmark_report::{matrix_csv, matrix_xlsx, package_pdf, readiness_pdf, sample};

/// Longest time for a report of 60 pages.
const BUDGET: Duration = Duration::from_secs(1);

/// Controls of a SOC 2 package, its pages as the budget counts them, and the budget.
const PACKAGES: [(usize, usize, Duration); 2] =
    [(900, 150, Duration::from_secs(2)), (6_500, 1_000, Duration::from_secs(15))];

/// Hosts that make the sample at least 60 pages long.
const HOSTS: usize = 24;

fn main() {
    let report = sample::readiness_with_hosts(HOSTS);
    let (pdf, cold) = timed(|| readiness_pdf(&report).expect("the sample can be set"));
    let pages = page_count(&pdf);
    let per_60 = cold * 60 / u32::try_from(pages.max(1)).unwrap_or(u32::MAX);
    println!(
        "readiness.pdf  {pages} pages, {} KB, cold {cold:.2?}; 60 pages {per_60:.2?} = {:.2} of the budget of {BUDGET:?}",
        pdf.len() / 1_024,
        per_60.as_secs_f64() / BUDGET.as_secs_f64(),
    );
    let small = sample::readiness();
    let (pdf, warm) = timed(|| readiness_pdf(&small).expect("the sample can be set"));
    println!("readiness.pdf  {} pages, {} KB, fonts loaded {warm:.2?}", page_count(&pdf), pdf.len() / 1_024);
    for (controls, asked, budget) in PACKAGES {
        let package = sample::package_with_controls(controls);
        let (pdf, took) =
            timed(|| package_pdf(&package, None, &Files::new()).expect("the sample can be set"));
        let pages = page_count(&pdf);
        let scaled = took.as_secs_f64() * asked as f64 / pages.max(1) as f64;
        println!(
            "package.pdf    {pages} pages, {} KB, {took:.2?}; {asked} pages {scaled:.2} s = {:.2} of the budget of {budget:?}",
            pdf.len() / 1_024,
            scaled / budget.as_secs_f64(),
        );
    }
    let (xlsx, took) = timed(|| matrix_xlsx(&report).expect("the sample can be written"));
    println!("matrix.xlsx    {} KB in {took:.2?}", xlsx.len() / 1_024);
    let (csv, took) = timed(|| matrix_csv(&report).expect("the sample can be written"));
    println!("matrix.csv     {} KB in {took:.2?}", csv.len() / 1_024);
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// Counts the pages named by the page tree, whose root says how many there are.
fn page_count(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    let counts = text.split("/Count ").skip(1).filter_map(|rest| {
        rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok())
    });
    counts.max().unwrap_or(0)
}
