//! Filters for templates: how dates, sizes and names are put before people.

#![expect(
    clippy::inline_always,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the macro of the templates gives filters this shape"
)]

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Prints a date as `23 November 2026, 08:29 UTC`; a script may say “5 minutes ago” instead.
#[askama::filter_fn]
pub(super) fn date(date: &Timestamp, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(print_date(*date))
}

/// Prints a date as the filter does.
pub(super) fn print_date(date: Timestamp) -> String {
    TimeZone::UTC.to_datetime(date).strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// Prints a number of bytes as people read it: `312 bytes`, `4.2 KiB`.
#[askama::filter_fn]
pub(super) fn size(bytes: &u64, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(print_size(*bytes))
}

/// Prints a size as the filter does.
pub(super) fn print_size(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

/// Prints by how much something grew or shrank: `+312 bytes`, `−4.2 KiB`.
pub(super) fn print_growth(from: u64, to: u64) -> String {
    match to.cmp(&from) {
        std::cmp::Ordering::Greater => format!("+{}", print_size(to - from)),
        std::cmp::Ordering::Less => format!("−{}", print_size(from - to)),
        std::cmp::Ordering::Equal => "same size".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_sizes_read_well() {
        assert_eq!(
            print_date("2026-11-03T08:05:09Z".parse().unwrap()),
            "3 November 2026, 08:05 UTC"
        );
        assert_eq!(print_size(1), "1 byte");
        assert_eq!(print_size(312), "312 bytes");
        assert_eq!(print_size(4_300), "4.2 KiB");
        assert_eq!(print_size(5 << 30), "5.0 GiB");
        assert_eq!(print_growth(0, 1), "+1 byte");
        assert_eq!(print_growth(10_240, 5_120), "−5.0 KiB");
        assert_eq!(print_growth(7, 7), "same size");
    }
}
