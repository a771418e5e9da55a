//! Days and months of the Gregorian calendar, counted from 1970-01-01.

/// Returns the first day of the month that contains a day, both as days since 1970-01-01.
pub(crate) fn month_start(day: i64) -> i64 {
    let (year, month) = month_of(day);
    first_day(year, month)
}

/// Returns the first day of the month after the one that contains a day.
pub(crate) fn next_month_start(day: i64) -> i64 {
    let (year, month) = month_of(day);
    if month == 12 { first_day(year + 1, 1) } else { first_day(year, month + 1) }
}

/// Returns year and month (1 to 12) of a day.
fn month_of(day: i64) -> (i64, i64) {
    // Years that start in March have their leap day last, so a month's first day follows from its number alone. Day 0
    // is then 1 March of the year 0, and 400 years have 146,097 days.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096).div_euclid(365);
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let year = era * 400 + year_of_era;
    if march_month < 10 { (year, march_month + 3) } else { (year + 1, march_month - 9) }
}

/// Returns the first day of a month as days since 1970-01-01.
fn first_day(year: i64, month: i64) -> i64 {
    let (year, march_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * march_month + 2) / 5;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other_for_four_centuries() {
        let length = |year: i64, month: i64| match month {
            2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let mut day = 0;
        for year in 1970..2370 {
            for month in 1..=12 {
                let next = day + length(year, month);
                for inside in [day, day + 14, next - 1] {
                    assert_eq!(month_of(inside), (year, month));
                    assert_eq!((month_start(inside), next_month_start(inside)), (day, next));
                }
                day = next;
            }
        }
    }
}
