//! Draws on the terminal.

use ratatui::{
    Frame,
    layout::{Constraint, Layout},
    style::{Style, Stylize},
    text::{Line, Text},
    widgets::Paragraph,
};

use super::{
    figures::{Figures, Shard},
    page,
};

/// A queue whose oldest entry is older than this, in seconds, is shown in another colour.
const OLD: f64 = 0.1;

/// The state of the connection to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// None has come yet.
    Awaited,
    /// The figures are those of now.
    Current,
    /// There is none; the figures are old.
    Missing(String),
}

/// Draws everything; what does not fit is counted.
pub(super) fn draw(frame: &mut Frame<'_>, url: &str, answer: &Answer, figures: &Figures) {
    let (state, style) = match answer {
        Answer::Awaited => ("waiting for an answer".to_owned(), Style::new().dim()),
        Answer::Current => ("up to date".to_owned(), Style::new().green()),
        Answer::Missing(reason) => (format!("no answer: {reason}"), Style::new().red()),
    };
    let head = page::head(figures);
    let height = u16::try_from(head.len()).unwrap_or(u16::MAX);
    let parts = [
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(height),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
    ];
    let [title, condition, body, _, heading, shards, foot] = Layout::vertical(parts).areas(frame.area());
    frame.render_widget(Line::from(format!("lightning top  {url}")).bold(), title);
    frame.render_widget(Line::from(state).style(style), condition);
    frame.render_widget(Paragraph::new(head.into_iter().map(Line::from).collect::<Text<'_>>()), body);
    frame.render_widget(Line::from(page::heading()).bold(), heading);
    let room = usize::from(shards.height);
    let is_old = |shard: &Shard| shard.oldest.is_some_and(|oldest| oldest > OLD);
    let lines = page::shards(figures).zip(&figures.shards).take(room).map(|(line, shard)| {
        let line = Line::from(line);
        if is_old(shard) { line.yellow() } else { line }
    });
    frame.render_widget(Paragraph::new(lines.collect::<Text<'_>>()), shards);
    let more = match figures.shards.len().saturating_sub(room) {
        0 => String::new(),
        more => format!("  {more} more shards below: enlarge the terminal"),
    };
    frame.render_widget(Line::from(format!("q quits{more}")).dim(), foot);
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;

    fn drawn(width: u16, height: u16, answer: &Answer, figures: &Figures) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, "http://127.0.0.1:8080", answer, figures)).unwrap();
        terminal.backend().to_string()
    }

    fn busy() -> Figures {
        let shard = |index: usize| Shard {
            name: format!("account-{index}"),
            queue: Some(index as f64),
            oldest: Some(0.25),
            p99: None,
        };
        Figures { commands: Some(123.4), shards: (0..20).map(shard).collect(), ..Figures::default() }
    }

    #[test]
    fn a_small_terminal_shows_the_busiest_and_counts_the_rest() {
        let screen = drawn(80, 24, &Answer::Current, &busy());
        assert!(screen.contains("up to date") && screen.contains("commands/s 123.4"), "{screen}");
        assert!(screen.contains("account-0 ") && screen.contains("250.000"), "{screen}");
        assert!(screen.contains("q quits  8 more shards below"), "{screen}");
        let large = drawn(120, 60, &Answer::Current, &busy());
        assert!(large.contains("account-19") && !large.contains("more shards"), "{large}");
    }

    #[test]
    fn a_server_that_is_gone_is_reported_and_its_last_figures_stay() {
        let screen = drawn(80, 24, &Answer::Missing("connection refused".to_owned()), &busy());
        assert!(screen.contains("no answer: connection refused") && screen.contains("123.4"), "{screen}");
        assert!(drawn(80, 24, &Answer::Awaited, &Figures::default()).contains("waiting for an answer"));
    }

    #[test]
    fn a_terminal_of_any_size_is_drawn_on() {
        for (width, height) in [(1, 1), (10, 5), (300, 3), (20, 100)] {
            drawn(width, height, &Answer::Current, &busy());
        }
    }
}
