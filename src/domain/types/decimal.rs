//! The one grammar for decimals at every edge: `digits[.digits]`, at most 20 digits before the point and at most the
//! scale after it. No sign, exponent, underscore, space or other digit; nothing is rounded.

/// The maximum number of digits before the decimal point.
pub const INTEGER_DIGITS_MAX: usize = 20;

/// The largest scale an asset may have; 20 + 18 digits still fit 127 bits.
pub const SCALE_MAX: u8 = 18;

/// Why a text is not a decimal of the requested scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text does not follow the grammar.
    #[error("not a plain decimal")]
    Malformed,
    /// More digits after the point than the scale has.
    #[error("too many digits after the point")]
    Precision,
}

/// Reads `text` as an integer number of `10^-scale` units.
///
/// # Errors
/// [`DecimalError::Malformed`] outside the grammar, [`DecimalError::Precision`] with too many fraction digits.
pub fn parse_units(text: &str, scale: u8) -> Result<i128, DecimalError> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(DecimalError::Malformed),
        None => (text, ""),
    };
    if whole.is_empty() || whole.len() > INTEGER_DIGITS_MAX || scale > SCALE_MAX {
        return Err(DecimalError::Malformed);
    }
    let digits = || whole.bytes().chain(fraction.bytes());
    if !digits().all(|byte| byte.is_ascii_digit()) || fraction.len() > INTEGER_DIGITS_MAX {
        return Err(DecimalError::Malformed);
    }
    if fraction.len() > usize::from(scale) {
        return Err(DecimalError::Precision);
    }
    let mantissa = digits().fold(0_i128, |sum, byte| sum * 10 + i128::from(byte - b'0'));
    Ok(mantissa * power_of_ten(scale - fraction.len() as u8))
}

/// Returns `10^exponent`; `exponent` is at most 38.
pub const fn power_of_ten(exponent: u8) -> i128 {
    10_i128.pow(exponent as u32)
}

/// The minimum number of fraction digits the wire prints (Binance prints 8 everywhere).
pub const WIRE_FRACTION_DIGITS: u8 = 8;

/// An integer number of `10^-scale` units that prints as the wire expects: 8 fraction digits, more only where the value
/// needs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// The value in `10^-scale` units.
    pub value: i128,
    /// The number of decimal digits of one whole.
    pub scale: u8,
}

impl std::fmt::Display for Units {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = [0_u8; 64];
        formatter.write_str(self.write_into(&mut text))
    }
}

impl Units {
    /// Writes the text into `buffer` and returns it. Cheaper than `Display` on the order path.
    pub fn write_into(self, buffer: &mut [u8; 64]) -> &str {
        let mut scale = self.scale;
        let mut rest = self.value.unsigned_abs();
        while scale > WIRE_FRACTION_DIGITS && rest.is_multiple_of(10) {
            rest /= 10;
            scale -= 1;
        }
        let mut at = buffer.len();
        let mut put = |byte: u8| {
            at -= 1;
            buffer[at] = byte;
        };
        let mut printed = scale;
        while printed < WIRE_FRACTION_DIGITS {
            put(b'0');
            printed += 1;
        }
        // 64-bit division is several times cheaper than 128-bit, and nearly every amount fits.
        if let Ok(mut small) = u64::try_from(rest) {
            for _ in 0..scale {
                put(b'0' + (small % 10) as u8);
                small /= 10;
            }
            put(b'.');
            loop {
                put(b'0' + (small % 10) as u8);
                small /= 10;
                if small == 0 {
                    break;
                }
            }
        } else {
            for _ in 0..scale {
                put(b'0' + (rest % 10) as u8);
                rest /= 10;
            }
            put(b'.');
            loop {
                put(b'0' + (rest % 10) as u8);
                rest /= 10;
                if rest == 0 {
                    break;
                }
            }
        }
        if self.value < 0 {
            put(b'-');
        }
        std::str::from_utf8(&buffer[at..]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_grammar_is_exactly_digits_point_digits() {
        assert_eq!(parse_units("0", 8), Ok(0));
        assert_eq!(parse_units("1", 8), Ok(100_000_000));
        assert_eq!(parse_units("0001.50", 8), Ok(150_000_000));
        assert_eq!(parse_units("99999999999999999999.999999999999999999", 18), Ok(10_i128.pow(38) - 1));
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e5",
            "1E-5",
            "1_000",
            " 1",
            "1 ",
            "0x10",
            "NaN",
            "inf",
            "١",
            "1.2.3",
            "1,5",
            "100000000000000000000",
            "1.100000000000000000001",
        ] {
            assert_eq!(parse_units(bad, 8), Err(DecimalError::Malformed), "{bad}");
        }
        assert_eq!(parse_units("0.123456789", 8), Err(DecimalError::Precision));
    }

    #[test]
    fn the_wire_prints_eight_digits_and_more_only_where_needed() {
        let text = |value, scale| Units { value, scale }.to_string();
        assert_eq!(text(150_000_000, 8), "1.50000000");
        assert_eq!(text(5, 0), "5.00000000");
        assert_eq!(text(1_500, 3), "1.50000000");
        assert_eq!(text(-1, 8), "-0.00000001");
        assert_eq!(text(1_000_000_000_000_000_000, 18), "1.00000000");
        assert_eq!(text(1_000_000_000_100_000_000, 18), "1.0000000001");
        assert_eq!(text(i128::MAX, 18), "170141183460469231731.687303715884105727");
    }

    proptest! {
            #[test]
    fn parsing_what_was_printed_gives_the_same_value(value in 0..10_i128.pow(28), scale in WIRE_FRACTION_DIGITS..=SCALE_MAX) {
                prop_assert_eq!(parse_units(&Units { value, scale }.to_string(), scale), Ok(value));
            }

            #[test]
            fn a_coarser_scale_prints_the_same_number(value in 0..10_i128.pow(20), scale in 0..WIRE_FRACTION_DIGITS) {
                let wide = value * power_of_ten(WIRE_FRACTION_DIGITS - scale);
                prop_assert_eq!(parse_units(&Units { value, scale }.to_string(), WIRE_FRACTION_DIGITS), Ok(wide));
            }

            #[test]
            fn no_text_makes_the_parser_panic(text in "\\PC*", scale in 0..=SCALE_MAX) {
                let _ = parse_units(&text, scale);
            }
        }
}
