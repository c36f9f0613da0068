//! The matrix as a workbook.

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
};
use tickmark_core::report::ReadinessReport;
use tickmark_core::report::readiness::STATUS_LINE;

use super::cell::{Cell, workbook_text};
use super::sheet::{self, Sheet};
use crate::error::ReportError;

/// Paper size 9 is A4.
pub(super) const A4: u8 = 9;

/// Height of the header row of the first sheet, where control ids stand upright, in points.
const UPRIGHT_HEIGHT: f64 = 54.0;

pub(super) struct Formats {
    pub(super) head: Format,
    upright: Format,
    pub(super) body: Format,
    key: Format,
    pub(super) number: Format,
}

/// Writes the matrix of controls and criteria as a workbook with four sheets: criteria by controls with key marks,
/// controls with answers and tests, test results, sources.
///
/// The same model gives the same bytes. All text is written as text cells, so nothing in it becomes a formula or a
/// link; text longer than a cell can hold (32,767 characters) is cut and says so.
///
/// # Errors
/// If the model cannot be written as JSON, its moment is outside the years a workbook knows (1900 to 9999), or it
/// has more rows or columns than a sheet can hold (1,048,576 and 16,384).
pub fn matrix_xlsx(report: &ReadinessReport) -> Result<Vec<u8>, ReportError> {
    let digest = report.digest()?.to_string();
    let formats = formats();
    let sheets = [
        sheet::criteria(report),
        sheet::controls(report),
        sheet::results(report),
        sheet::sources(report, &digest, STATUS_LINE),
    ];
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(report)?);
    for (index, sheet) in sheets.iter().enumerate() {
        let upright_from = if index == 0 { 6 } else { u16::MAX };
        write(workbook.add_worksheet(), sheet, report, &formats, upright_from)?;
    }
    Ok(workbook.save_to_buffer()?)
}

fn properties(report: &ReadinessReport) -> Result<DocProperties, ReportError> {
    let created = ExcelDateTime::from_timestamp(report.generated.seconds())
        .map_err(|_| ReportError::Moment(report.generated))?;
    Ok(DocProperties::new()
        .set_title("Readiness assessment: controls and criteria")
        .set_subject(workbook_text(&report.system.name))
        .set_company(workbook_text(&report.organization.name))
        .set_author(workbook_text(&report.author))
        .set_comment(STATUS_LINE)
        .set_status(report.status.words())
        .set_creation_datetime(&created))
}

pub(super) fn formats() -> Formats {
    let line = Color::RGB(0xE4E4E0);
    let base = || Format::new().set_font_size(10).set_align(FormatAlign::Top);
    let body = || base().set_text_wrap().set_border_bottom(FormatBorder::Thin).set_border_bottom_color(line);
    let head = || {
        base()
            .set_bold()
            .set_text_wrap()
            .set_font_color(Color::White)
            .set_background_color(Color::RGB(0x0B6E4F))
            .set_align(FormatAlign::VerticalCenter)
    };
    Formats {
        head: head(),
        upright: head().set_rotation(90).set_align(FormatAlign::Center),
        body: body(),
        key: body().set_bold().set_align(FormatAlign::Center).set_font_color(Color::RGB(0x0B6E4F)),
        number: body().set_align(FormatAlign::Right).set_num_format("0"),
    }
}

fn write(
    worksheet: &mut Worksheet,
    sheet: &Sheet,
    report: &ReadinessReport,
    formats: &Formats,
    upright_from: u16,
) -> Result<(), ReportError> {
    worksheet.set_name(sheet.name)?;
    for (column, (name, width)) in (0_u16..).zip(&sheet.columns) {
        let is_upright = column >= upright_from;
        let format = if is_upright { &formats.upright } else { &formats.head };
        worksheet.set_column_width(column, if is_upright { 5.0 } else { f64::from(*width) })?;
        worksheet.write_string_with_format(0, column, workbook_text(name), format)?;
    }
    if sheet.columns.len() > usize::from(upright_from) {
        worksheet.set_row_height(0, UPRIGHT_HEIGHT)?;
    }
    for (row, cells) in (1_u32..).zip(&sheet.rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Text(text) => {
                    let format = if column >= upright_from { &formats.key } else { &formats.body };
                    worksheet.write_string_with_format(row, column, workbook_text(text), format)?;
                }
                // Counts are far below 2^53, where a cell's number stops being exact.
                Cell::Number(number) => {
                    worksheet.write_number_with_format(row, column, *number as f64, &formats.number)?;
                }
            }
        }
    }
    set_up(worksheet, sheet, report)
}

fn set_up(worksheet: &mut Worksheet, sheet: &Sheet, report: &ReadinessReport) -> Result<(), ReportError> {
    let last_column = u16::try_from(sheet.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let last_row = u32::try_from(sheet.rows.len()).unwrap_or(u32::MAX);
    worksheet.set_freeze_panes(1, sheet.frozen_columns)?;
    worksheet.autofilter(0, 0, last_row, last_column)?;
    worksheet.set_repeat_rows(0, 0)?;
    worksheet.set_paper_size(A4);
    worksheet.set_landscape();
    worksheet.set_print_fit_to_pages(1, 0);
    worksheet.set_header(format!("&L&9{}&R&9{}", in_header(&report.organization.name), sheet.name));
    worksheet.set_footer(format!("&L&9{STATUS_LINE} {}&R&9&P / &N", in_header(report.status.words())));
    Ok(())
}

/// Ampersands begin a code in headers and footers, and a header holds 255 characters.
pub(super) fn in_header(text: &str) -> String {
    text.chars().take(60).collect::<String>().replace('&', "&&")
}
