//! A list as a workbook.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};
use tickmark_core::report::sheet::{Sheet, SheetCell};

use super::cell::workbook_text;
use super::xlsx::{A4, formats, in_header};
use crate::error::ReportError;

/// Most characters of the name of a worksheet.
const NAME_CHARS: usize = 31;
/// Narrowest and widest column, in characters.
const WIDTH: (usize, usize) = (8, 60);
/// Rows whose texts say how wide a column is.
const MEASURED: usize = 200;

/// Writes a list as a workbook of one sheet with a filter in its head.
///
/// The same list gives the same bytes. All text is written as text cells, so nothing in it becomes a formula or a link;
/// text longer than a cell can hold (32,767 characters) is cut and says so.
///
/// # Errors
/// If its moment is outside the years a workbook knows (1900 to 9999), or it has more rows or columns than a sheet can
/// hold (1,048,576 and 16,384).
pub fn list_xlsx(list: &Sheet) -> Result<Vec<u8>, ReportError> {
    let created =
        ExcelDateTime::from_timestamp(list.at.seconds()).map_err(|_| ReportError::Moment(list.at))?;
    let mut workbook = Workbook::new();
    workbook.set_properties(
        &DocProperties::new()
            .set_title(workbook_text(&list.title))
            .set_company(workbook_text(&list.organization))
            .set_creation_datetime(&created),
    );
    let formats = formats();
    let sheet = workbook.add_worksheet();
    sheet.set_name(
        list.title.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(NAME_CHARS).collect::<String>(),
    )?;
    for (at, head) in list.columns.iter().enumerate() {
        let column = u16::try_from(at).unwrap_or(u16::MAX);
        let texts = list.rows.iter().take(MEASURED).filter_map(|row| match row.get(at) {
            Some(SheetCell::Text(text)) => Some(text.chars().count()),
            Some(SheetCell::Number(_)) | None => None,
        });
        let width = texts.chain([head.chars().count() + 2]).max().unwrap_or(0).clamp(WIDTH.0, WIDTH.1);
        sheet.set_column_width(column, f64::from(u32::try_from(width).unwrap_or(0)))?;
        sheet.write_string_with_format(0, column, workbook_text(head), &formats.head)?;
    }
    for (row, cells) in (1_u32..).zip(&list.rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                SheetCell::Text(text) => {
                    sheet.write_string_with_format(row, column, workbook_text(text), &formats.body)?;
                }
                // Counts are far below 2^53, where a cell's number stops being exact.
                SheetCell::Number(number) => {
                    sheet.write_number_with_format(row, column, *number as f64, &formats.number)?;
                }
            }
        }
    }
    let last_column = u16::try_from(list.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let last_row = u32::try_from(list.rows.len()).unwrap_or(u32::MAX);
    sheet.set_freeze_panes(1, 1)?;
    sheet.autofilter(0, 0, last_row, last_column)?;
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_paper_size(A4);
    sheet.set_landscape();
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_header(format!("&L&9{}&R&9{}", in_header(&list.organization), in_header(&list.title)));
    sheet.set_footer("&R&9&P / &N");
    Ok(workbook.save_to_buffer()?)
}

#[cfg(test)]
mod tests {
    use tickmark_core::Timestamp;
    use tickmark_core::report::SocPackage;
    use tickmark_core::report::own_work::{control_matrix, exception_summary};

    use super::*;
    use crate::sample;

    #[test]
    fn a_list_is_a_workbook_and_the_same_list_the_same_bytes() {
        let list = Sheet {
            title: "Controls: all/now".to_owned(),
            organization: "Acme & Co".to_owned(),
            at: "2026-11-24T10:00:00Z".parse::<Timestamp>().expect("a moment"),
            columns: vec!["Control".to_owned(), "Answers".to_owned()],
            rows: vec![vec![SheetCell::Text("=HYPERLINK(1)".to_owned()), SheetCell::Number(3)]],
        };
        let bytes = list_xlsx(&list).expect("written");
        assert!(bytes.starts_with(b"PK"));
        assert_eq!(bytes, list_xlsx(&list).expect("written"));
        let empty = Sheet { rows: Vec::new(), ..list };
        assert!(list_xlsx(&empty).is_ok());
    }

    #[test]
    fn exceptions_and_the_matrix_of_an_engagement_are_lists() {
        let (package, work) = (sample::package(), sample::own_work());
        let exceptions = exception_summary(&package, &work);
        assert_eq!(exceptions.rows.len(), 2, "one for each deviation");
        let row = &exceptions.rows[0];
        assert_eq!(row.len(), exceptions.columns.len());
        for says in ["IAM-07", "leaver 0017", "Payroll told nobody."] {
            assert!(row.contains(&SheetCell::Text(says.to_owned())), "{says}: {row:?}");
        }
        let matrix = control_matrix(&package, &work);
        let pairs: usize = package.criteria.iter().map(|one| one.controls.len().max(1)).sum();
        assert_eq!(matrix.rows.len(), pairs);
        let says =
            |list: &Sheet, word: &str| list.rows.iter().any(|row| row[2] == SheetCell::Text(word.to_owned()));
        let mut assumed = package.clone();
        assumed.criteria[0].others = vec![assumed.subservices[0].name.clone()];
        let mut examined = assumed.clone();
        examined.subservices.iter_mut().for_each(|one| one.is_inclusive = true);
        let (assumed, examined) = (control_matrix(&assumed, &work), control_matrix(&examined, &work));
        assert!(says(&assumed, "assumed") && !says(&assumed, "run there"));
        assert!(says(&examined, "run there") && !says(&examined, "assumed"), "it is examined");
        // As of one date nothing is said to operate, and no test over a time is told.
        let shown = |list: &Sheet| {
            let cells = list.rows.iter().map(|row| match &row[6] {
                SheetCell::Text(text) => text.clone(),
                _ => String::new(),
            });
            cells.collect::<Vec<_>>().join("\n")
        };
        let dated = control_matrix(&SocPackage { is_period: false, ..package.clone() }, &work);
        assert!(dated.columns[6].ends_with("on that date") && shown(&matrix).contains("Population ("));
        for word in ["Population (", "Occurrence (", ": operating.", ": deviation."] {
            assert!(!shown(&dated).contains(word), "{word}: {}", shown(&dated));
        }
        let payroll = sample::payroll();
        assert_eq!(control_matrix(&payroll, &work).columns[..2], ["Objective", "Control objective"]);
        assert_eq!(exception_summary(&payroll, &work).columns[2], "Objectives");
        for list in [exceptions, matrix] {
            assert!(list_xlsx(&list).expect("written").starts_with(b"PK"));
        }
    }
}
