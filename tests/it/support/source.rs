//! A Rust source file as the architecture test sees it: tokens without comments and text.

use std::collections::BTreeSet;

/// The name the library has for its own binary, tests and benches.
const LIBRARY: &str = "lightning_exchange";

/// One source file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path from the package's root, with `/`.
    pub(crate) path: String,
    /// How many lines it has.
    pub(crate) lines: usize,
    tokens: Vec<String>,
}

impl Source {
    /// Reads the text of the file at `path`.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), lines: text.lines().count(), tokens: tokens(&strip(text)) }
    }

    /// Returns the layer the file belongs to, or the laboratory's module; the crates' roots and what is outside `src` have none.
    pub(crate) fn layer(&self) -> Option<&str> {
        let inside = inside(&self.path)?;
        match inside.split_once('/') {
            Some((layer, _)) => Some(layer),
            None => Some(inside.strip_suffix(".rs")?).filter(|name| !matches!(*name, "lib" | "main")),
        }
    }

    /// Returns whether the file is of the laboratory's package.
    pub(crate) fn is_of_lab(&self) -> bool {
        self.path.starts_with("lab/")
    }

    /// Returns its tokens.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(String::as_str)
    }

    /// Returns whether an identifier occurs.
    pub(crate) fn has_word(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token == word)
    }

    /// Returns whether a macro is called.
    pub(crate) fn has_macro(&self, name: &str) -> bool {
        self.tokens.windows(2).any(|pair| pair[0] == name && pair[1] == "!")
    }

    /// Returns every layer that is named by a path from the crate's root, however it is written.
    pub(crate) fn layers_used(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut depth = self.depth();
        let mut modules = Vec::new(); // brace depth outside each inline module
        let mut braces = 0_usize;
        let mut at = 0;
        while at < self.tokens.len() {
            let token = self.tokens[at].as_str();
            let is_inline_module = token == "mod" && self.token(at + 2) == "{";
            match token {
                "mod" if is_inline_module => {
                    modules.push(braces);
                    depth += 1;
                    braces += 1;
                    at += 3;
                    continue;
                }
                "{" => braces += 1,
                "}" => {
                    braces = braces.saturating_sub(1);
                    if modules.last() == Some(&braces) {
                        modules.pop();
                        depth -= 1;
                    }
                }
                "crate" | LIBRARY => self.after_root(at + 1, &mut found),
                "super" | "self" if self.token(at.wrapping_sub(1)) != "::" => {
                    self.relative(at, depth, &mut found);
                }
                _ => {}
            }
            at += 1;
        }
        found
    }

    /// How many `super` lead from this file's module to the crate's root.
    fn depth(&self) -> usize {
        let inside = inside(&self.path).unwrap_or(&self.path);
        let parts = inside.split('/').count();
        let is_directory = inside.ends_with("/mod.rs") || matches!(inside, "lib.rs" | "main.rs");
        if is_directory { parts - 1 } else { parts }
    }

    fn token(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", String::as_str)
    }

    /// Follows what stands after the crate's root.
    fn after_root(&self, at: usize, found: &mut BTreeSet<String>) {
        if self.token(at) != "::" {
            if self.token(at) == "as" {
                found.insert("the crate as a whole".to_owned());
            }
            return;
        }
        self.head(at + 1, found);
    }

    /// Follows `super::super::…`, with a group anywhere in between.
    fn relative(&self, at: usize, depth: usize, found: &mut BTreeSet<String>) {
        match self.token(at) {
            "super" if depth == 1 => self.after_root(at + 1, found),
            "super" if self.token(at + 1) == "::" => self.relative(at + 2, depth - 1, found),
            "self" if self.token(at + 1) == "::" => self.relative(at + 2, depth, found),
            "{" => self.group(at, |start| self.relative(start, depth, found)),
            _ => {}
        }
    }

    /// Notes the first word of a path, or of every path of a group.
    fn head(&self, at: usize, found: &mut BTreeSet<String>) {
        match self.token(at) {
            "{" => self.group(at, |start| self.head(start, found)),
            "*" | "self" => {
                found.insert("the crate as a whole".to_owned());
            }
            "" => {}
            name => {
                found.insert(name.trim_start_matches("r#").to_owned());
            }
        }
    }

    /// Calls `each` at the start of every entry of the group that opens at `at`.
    fn group(&self, at: usize, mut each: impl FnMut(usize)) {
        let mut nested = 0_usize;
        let mut starts = true;
        for index in at..self.tokens.len() {
            match self.token(index) {
                "{" => {
                    if nested == 1 && starts {
                        each(index);
                    }
                    nested += 1;
                    starts = nested == 1;
                    continue;
                }
                "}" => {
                    nested -= 1;
                    if nested == 0 {
                        return;
                    }
                }
                "," if nested == 1 => {
                    starts = true;
                    continue;
                }
                _ if nested == 1 && starts => each(index),
                _ => {}
            }
            starts = false;
        }
    }
}

/// A path from the `src` of its package.
fn inside(path: &str) -> Option<&str> {
    path.strip_prefix("lab/").unwrap_or(path).strip_prefix("src/")
}

/// Takes comments out and empties text and characters.
pub(crate) fn strip(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let previous = out.chars().last().unwrap_or(' ');
        let in_word = previous.is_alphanumeric() || previous == '_';
        at += match rest {
            ['/', '/', ..] => rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => {
                out.push_str("\"\"");
                quoted(rest)
            }
            ['r', next, ..] if !in_word && matches!(next, '"' | '#') && raw(&rest[1..]).is_some() => {
                out.push_str("\"\"");
                1 + raw(&rest[1..]).unwrap_or_default()
            }
            ['\'', '\\', ..] => {
                out.push_str("''");
                2 + rest.iter().skip(3).position(|&c| c == '\'').map_or(rest.len() - 2, |end| end + 2)
            }
            ['\'', _, '\'', ..] => {
                out.push_str("''");
                3
            }
            [c, ..] => {
                out.push(*c);
                1
            }
            [] => 1,
        };
    }
    out
}

fn block_comment(text: &[char]) -> usize {
    let mut nested = 0_usize;
    let mut at = 0;
    while at < text.len() {
        match &text[at..] {
            ['/', '*', ..] => {
                nested += 1;
                at += 2;
            }
            ['*', '/', ..] => {
                nested -= 1;
                at += 2;
                if nested == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn quoted(text: &[char]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// The length of a raw string from its first `#` or quote; `None` for a raw identifier.
fn raw(text: &[char]) -> Option<usize> {
    let hashes = text.iter().take_while(|&&c| c == '#').count();
    if text.get(hashes) != Some(&'"') {
        return None;
    }
    let body = hashes + 1;
    let closes =
        |at: &usize| text[*at] == '"' && text[at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
    (body..text.len()).find(closes).map(|at| at + 1 + hashes)
}

/// Words, `::`, and every other sign by itself.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c.is_alphanumeric() || c == '_' {
            match tokens.last_mut() {
                Some(word) if in_word => word.push(c),
                _ => tokens.push(c.to_string()),
            }
            in_word = true;
            continue;
        }
        in_word = false;
        if c == ':' && characters.peek() == Some(&':') {
            characters.next();
            tokens.push("::".to_owned());
        } else if !c.is_whitespace() {
            tokens.push(c.to_string());
        }
    }
    tokens
}
