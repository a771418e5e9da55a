//! Figures with their bars, one line of JSON each.

use serde::Serialize;

/// The bound of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// The bar or more.
    AtLeast,
    /// The bar or less.
    AtMost,
    /// A figure without a bar.
    None,
}

/// A figure, its bar, and whether it holds.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was measured.
    pub figure: &'static str,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// Which way it is bounded.
    pub bound: Bound,
    /// The bar; 0 for none.
    pub bar: f64,
    /// Whether it holds.
    pub holds: bool,
}

impl Finding {
    /// A figure that must not exceed its bar.
    pub(super) fn at_most(figure: &'static str, value: f64, unit: &'static str, bar: f64) -> Self {
        Self { figure, value, unit, bound: Bound::AtMost, bar, holds: value <= bar }
    }

    /// A figure that must reach its bar.
    pub(super) fn at_least(figure: &'static str, value: f64, unit: &'static str, bar: f64) -> Self {
        Self { figure, value, unit, bound: Bound::AtLeast, bar, holds: value >= bar }
    }

    /// A figure without a bar.
    pub(super) const fn information(figure: &'static str, value: f64, unit: &'static str) -> Self {
        Self { figure, value, unit, bound: Bound::None, bar: 0.0, holds: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_at_its_bar_holds_and_no_number_never_does() {
        assert!(Finding::at_most("a", 2.0, "ms", 2.0).holds);
        assert!(!Finding::at_most("a", 2.1, "ms", 2.0).holds);
        assert!(!Finding::at_most("a", f64::NAN, "ms", 2.0).holds);
        assert!(Finding::at_least("a", 2.0, "ms", 2.0).holds);
        assert!(!Finding::at_least("a", 1.9, "ms", 2.0).holds);
        assert!(!Finding::at_least("a", f64::NAN, "ms", 2.0).holds);
    }
}
