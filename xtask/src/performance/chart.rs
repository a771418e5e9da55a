//! A small picture of a curve: two panels side by side, sizes on a logarithmic axis, what is measured from zero on.

use std::fmt::Write;

/// The size of a picture and of the plot in a panel.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const PLOT_WIDTH: f64 = 270.0;
const PLOT_HEIGHT: f64 = 130.0;
const TOP: f64 = 40.0;
/// Where the plots start.
const LEFTS: [f64; 2] = [60.0, 420.0];

/// One panel: its title, its points, and the line they are compared with, if any.
#[derive(Debug)]
pub(super) struct Panel<'a> {
    pub(super) title: &'a str,
    pub(super) points: Vec<(f64, f64)>,
    pub(super) bound: Vec<(f64, f64)>,
}

/// Draws both panels; `label` names the axis of sizes.
pub(super) fn draw(label: &str, panels: [Panel<'_>; 2]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"11\" fill=\"#333\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    for (panel, left) in panels.iter().zip(LEFTS) {
        panel.draw(&mut svg, left, label);
    }
    svg.push_str("</svg>\n");
    svg
}

impl Panel<'_> {
    fn draw(&self, svg: &mut String, left: f64, label: &str) {
        let scale = Scale::of(self, left);
        let (right, bottom) = (left + PLOT_WIDTH, TOP + PLOT_HEIGHT);
        // Writing to a text cannot fail.
        let mut add = |line: String| svg.push_str(&(line + "\n"));
        add(format!("<text x=\"{left}\" y=\"20\" font-weight=\"bold\">{}</text>", self.title));
        for part in [0.0, 0.5, 1.0] {
            let (value, y) = (scale.top * part, bottom - PLOT_HEIGHT * part);
            add(format!("<path d=\"M{left} {y:.1}H{right:.1}\" stroke=\"#ddd\"/>"));
            add(format!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 6.0,
                y + 4.0,
                short(value)
            ));
        }
        for (n, _) in &self.points {
            let x = scale.x(*n);
            add(format!(
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 16.0,
                short(*n)
            ));
        }
        let middle = left + PLOT_WIDTH / 2.0;
        add(format!(
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            bottom + 34.0
        ));
        if !self.bound.is_empty() {
            let path = scale.path(&self.bound);
            add(format!("<path d=\"{path}\" fill=\"none\" stroke=\"#999\" stroke-dasharray=\"4 3\"/>"));
        }
        add(format!(
            "<path d=\"{}\" fill=\"none\" stroke=\"#0969da\" stroke-width=\"2\"/>",
            scale.path(&self.points)
        ));
        for &(n, value) in &self.points {
            add(format!(
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"#0969da\"/>",
                scale.x(n),
                scale.y(value)
            ));
        }
    }
}

/// Where sizes and values are in a panel.
struct Scale {
    left: f64,
    low: f64,
    span: f64,
    top: f64,
}

impl Scale {
    fn of(panel: &Panel<'_>, left: f64) -> Self {
        let logarithms = || panel.points.iter().map(|(n, _)| n.max(1.0).ln());
        let low = logarithms().fold(f64::INFINITY, f64::min);
        let high = logarithms().fold(f64::NEG_INFINITY, f64::max);
        let largest = panel.points.iter().chain(&panel.bound).map(|(_, value)| *value).fold(0.0, f64::max);
        Self { left, low, span: (high - low).max(f64::MIN_POSITIVE), top: round_up(largest) }
    }

    fn x(&self, n: f64) -> f64 {
        self.left + PLOT_WIDTH * (n.max(1.0).ln() - self.low) / self.span
    }

    fn y(&self, value: f64) -> f64 {
        TOP + PLOT_HEIGHT * (1.0 - value / self.top)
    }

    fn path(&self, points: &[(f64, f64)]) -> String {
        let mut path = String::new();
        for (index, &(n, value)) in points.iter().enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{:.1} {:.1}", self.x(n), self.y(value));
        }
        path
    }
}

/// Returns the next of 1, 2 and 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| value <= *step * (1.0 + 1e-9)).unwrap_or(10.0 * power)
}

/// Prints a number in three digits or so: `1.5`, `20 k`, `4 M`.
pub(super) fn short(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        large if large >= 999_500.0 => (value / 1e6, " M"),
        large if large >= 999.5 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = match scaled.abs() {
        large if large >= 99.95 => 0,
        large if large >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{scaled:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (0.5, "0.5"),
            (7.0, "7"),
            (12.34, "12.3"),
            (999.4, "999"),
            (1_000.0, "1 k"),
            (20_000.0, "20 k"),
            (999_499.0, "999 k"),
            (1e6, "1 M"),
            (4e6, "4 M"),
            (1_234_567.0, "1.23 M"),
            (100.0, "100"),
        ];
        for (value, text) in cases {
            assert_eq!(short(value), text, "{value}");
        }
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (value, end) in [(0.0, 1.0), (1.0, 1.0), (1.1, 2.0), (30.0, 50.0), (0.03, 0.05), (700.0, 1_000.0)]
        {
            assert!((round_up(value) - end).abs() < 1e-9, "{value}: {}", round_up(value));
        }
    }

    #[test]
    fn every_point_is_inside_its_plot() {
        let panel = Panel {
            title: "t",
            points: vec![(1.0, 3.0), (1_000.0, 9.0), (4e6, 2.0)],
            bound: vec![(1.0, 3.0), (4e6, 11.0)],
        };
        let scale = Scale::of(&panel, 60.0);
        for &(n, value) in panel.points.iter().chain(&panel.bound) {
            assert!(
                (60.0..=330.0).contains(&scale.x(n)) && (TOP..=TOP + PLOT_HEIGHT).contains(&scale.y(value))
            );
        }
        let svg = draw("n", [panel, Panel { title: "u", points: vec![(1.0, 0.0)], bound: Vec::new() }]);
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
