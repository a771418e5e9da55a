//! Writes JSON into one string: no tree, no reflection, money only as text.

use crate::domain::types::decimal::Units;

/// JSON in progress. Values follow a [`field`](Json::field) or an [`item`](Json::item).
#[derive(Debug, Default)]
pub(crate) struct Json {
    text: String,
}

impl Json {
    /// Starts with room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { text: String::with_capacity(capacity) }
    }

    /// Returns the text.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// Writes an object whose fields `fill` writes.
    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.text.push('{');
        fill(self);
        self.text.push('}');
    }

    /// Writes an array whose items `fill` writes.
    pub(crate) fn array(&mut self, fill: impl FnOnce(&mut Self)) {
        self.text.push('[');
        fill(self);
        self.text.push(']');
    }

    /// Writes the name of an object's next field.
    pub(crate) fn field(&mut self, name: &str) -> &mut Self {
        self.separate();
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
        self
    }

    /// Prepares for an array's next item.
    pub(crate) fn item(&mut self) -> &mut Self {
        self.separate();
        self
    }

    // A value ends in a quote, a brace or a letter; only an opening bracket needs no comma after it.
    fn separate(&mut self) {
        if !matches!(self.text.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.text.push(',');
        }
    }

    /// Writes text, escaped where it must be.
    pub(crate) fn text(&mut self, value: &str) {
        self.text.push('"');
        let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
        if value.bytes().all(plain) {
            self.text.push_str(value);
        } else {
            for character in value.chars() {
                match character {
                    '"' => self.text.push_str("\\\""),
                    '\\' => self.text.push_str("\\\\"),
                    control if u32::from(control) < 0x20 => {
                        self.text.push_str("\\u00");
                        for digit in [u32::from(control) >> 4, u32::from(control) & 0xf] {
                            self.text.extend(char::from_digit(digit, 16));
                        }
                    }
                    other => self.text.push(other),
                }
            }
        }
        self.text.push('"');
    }

    /// Writes an integer.
    pub(crate) fn number(&mut self, value: u64) {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        let mut rest = value;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.text.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
    }

    /// Writes an amount, price or quantity: text with at least 8 fraction digits.
    pub(crate) fn units(&mut self, value: Units) {
        self.text.push('"');
        self.text.push_str(value.write_into(&mut [0; 64]));
        self.text.push('"');
    }

    /// Writes `true` or `false`.
    pub(crate) fn boolean(&mut self, value: bool) {
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// Writes text that is already JSON.
    pub(crate) fn raw(&mut self, json: &str) {
        self.text.push_str(json);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_between_values_and_nowhere_else() {
        let mut json = Json::default();
        json.object(|json| {
            json.field("a").number(0);
            json.field("b").array(|json| {
                json.item().number(u64::MAX);
                json.item().object(|_| {});
                json.item().array(|json| json.item().raw("null"));
            });
            json.field("c").array(|_| {});
            json.field("d").units(Units { value: -150_000_000, scale: 8 });
            json.field("e").boolean(true);
        });
        let expected = r#"{"a":0,"b":[18446744073709551615,{},[null]],"c":[],"d":"-1.50000000","e":true}"#;
        assert_eq!(json.finish(), expected);
    }

    #[test]
    fn any_text_reads_back_as_itself() {
        for text in ["", "plain", "qu\"ote\\ [", "line\nbreak\u{1}\u{1f}", "é１２"] {
            let mut json = Json::default();
            json.text(text);
            assert_eq!(serde_json::from_str::<String>(&json.finish()).unwrap(), text);
        }
    }
}
