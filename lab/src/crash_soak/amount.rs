//! Decimals as whole units of 10^-8, which every asset, price and quantity of the soak fits.

/// How many units make one.
pub(super) const ONE: i64 = 100_000_000;

const DIGITS: usize = 8;

/// Reads a plain decimal with at most eight digits after the point.
pub(super) fn units(text: &str) -> Option<i64> {
    let (is_negative, plain) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > DIGITS || !(whole.bytes().chain(fraction.bytes())).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let parts: i64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let scale = 10_i64.pow(u32::try_from(DIGITS - fraction.len()).ok()?);
    let value = whole.parse::<i64>().ok()?.checked_mul(ONE)?.checked_add(parts.checked_mul(scale)?)?;
    Some(if is_negative { -value } else { value })
}

/// Writes units as a decimal without trailing zeros.
pub(super) fn text(value: impl Into<i128>) -> String {
    let value: i128 = value.into();
    let sign = if value < 0 { "-" } else { "" };
    let (whole, part) = (value.unsigned_abs() / 100_000_000, value.unsigned_abs() % 100_000_000);
    let text = format!("{sign}{whole}.{part:08}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Price times quantity. The ticks and steps of the exchange make every such product whole.
pub(super) fn product(price: i64, quantity: i64) -> i128 {
    i128::from(price) * i128::from(quantity) / i128::from(ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_and_written() {
        for (input, value, written) in [
            ("0.00100000", 100_000, "0.001"),
            ("50000", 5_000_000_000_000, "50000"),
            ("-1.5", -150_000_000, "-1.5"),
            ("0.00000000", 0, "0"),
        ] {
            assert_eq!(units(input), Some(value));
            assert_eq!(text(value), written);
        }
        for bad in ["", "1.123456789", "1e5", "a", "1.-5"] {
            assert_eq!(units(bad), None, "{bad}");
        }
        assert_eq!(product(5_000_000_000_000, 100_000), 5_000_000_000);
    }
}
