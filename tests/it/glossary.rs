//! The words of `docs/glossary.md` against the sources: a retired word names nothing any more, and the glossary lists it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use crate::support::{root, source::Source};

/// Identifiers nothing is called any more, and what to say instead.
const IDENTIFIERS: &[(&str, &str)] = &[
    ("AllOrNone", "FillOrKill"),
    ("Around", "MarketContext"),
    ("CancelWaiting", "CancelStop"),
    ("Catalogue", "Instruments"),
    ("Conditions", "TriggerBook"),
    ("Conversation", "ProtocolHandler"),
    ("EndReason", "CloseReason"),
    ("Follower", "JournalTailer"),
    ("Folded", "Replayed"),
    ("Incoming", "SubmitOrder"),
    ("Keeper", "Snapshotter"),
    ("KeyGiven", "ApiKeyCreated"),
    ("KeyTaken", "ApiKeyRevoked"),
    ("Leg", "OcoLeg"),
    ("Listen", "SubscribeEvents"),
    ("Lowering", "ReductionCause"),
    ("OrderKind", "OrderType"),
    ("OrderLowered", "OrderReduced"),
    ("Pairs", "OcoGroups"),
    ("Reaction", "Response"),
    ("Rooms", "Dialogs"),
    ("Special", "OrderExtras"),
    ("Speech", "SessionProtocol"),
    ("Station", "ConnectionContext"),
    ("Teller", "ExecutionReports"),
    ("Told", "TurnEffects, HistoryAnswer"),
    ("Trust", "DataStatus"),
    ("Unwatch", "UnsubscribeEvents"),
    ("UserForm", "EventEnvelope"),
    ("Visit", "LevelCursor"),
    ("Waits", "Untriggered"),
    ("Wire", "SetTopology"),
    ("apply_special", "apply_contingent"),
    ("melt", "drain"),
    ("place_old_pair", "place_legacy_oco"),
    ("place_pair", "place_oco"),
    ("place_then", "place_oto"),
    ("place_then_pair", "place_otoco"),
];

/// Words no identifier has among its own (`tell_all`, `FeeToNobody`), and what to say instead.
const SEGMENTS: &[(&str, &str)] = &[
    ("begin", "start, bootstrap"),
    ("begins", "starts"),
    ("camera", "disk_images"),
    ("catalogue", "instruments"),
    ("fancy", "contingent_orders"),
    ("folded", "replayed, projected"),
    ("follower", "tailer"),
    ("freeze", "hold"),
    ("frozen", "held"),
    ("keeper", "snapshotter"),
    ("lowering", "reduction"),
    ("nobody", "no, none, un-"),
    ("people", "users"),
    ("planted", "mutated, injected"),
    ("sibling", "other leg"),
    ("somebody", "a client, a user"),
    ("tell", "send, emit, report, publish"),
    ("teller", "execution reports"),
    ("telling", "sending, reporting"),
    ("tells", "sends, reports"),
    ("told", "sent, emitted, reported, published"),
    ("whoever", "a client that"),
];

/// Retired words that others' interfaces bring: the identifier, and where it may stand.
const OTHERS: &[(&str, &str)] = &[
    ("BEGIN", "static/e2e/"),             // of a key in PEM
    ("NOBODY_UID", "lab/"),               // the system's user of that name
    ("Visit", "src/http/server/span.rs"), // tracing's
    ("Visit", "tests/it/circles.rs"),     // syn's
    ("begin", "src/history/"),            // a transaction of the database
    ("freeze", "src/http/"),              // bytes'
    ("freeze", "static/"),                // Object.freeze
    ("frozen", "src/grpc/convert.rs"),    // a field of the schema
    ("Frozen", ""),                       // a status of accounts
    ("AccountFrozen", ""),                // what it refuses with
];

/// Retired prose, and what to write instead.
const PROSE: &[(&str, &str)] = &[
    ("about nothing", "unsupported, always empty"),
    ("anybody", "anyone, any client"),
    ("catalogue", "instruments, list"),
    ("freeze", "hold"),
    ("front door", "ordinary commands"),
    ("frozen", "held"),
    ("made again", "rebuilt, replayed"),
    ("make again", "rebuild, replay"),
    ("makes again", "rebuilds, replays"),
    ("nobody", "no one, no client; or the passive"),
    ("people", "users"),
    ("planted", "a mutant, injected"),
    ("shut out", "banned"),
    ("somebody", "someone, a client"),
    ("take in", "ingest, read"),
    ("taken in", "ingested, read"),
    ("takes in", "ingests, reads"),
    ("tell", "send, report, state"),
    ("teller", "execution reports"),
    ("telling", "sending, reporting"),
    ("tells", "sends, reports, states"),
    ("told", "sent, reported, notified"),
    ("took in", "ingested, read"),
    ("whoever", "a client that, the process that"),
    ("written down", "stored, recorded"),
    ("writes down", "stores, records"),
];

/// Returns the tracked files with one of these extensions, and their texts.
fn tracked(extensions: &[&str]) -> Vec<(String, String)> {
    let listed = Command::new("git").arg("ls-files").current_dir(root()).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let is_wanted = |path: &&str| extensions.iter().any(|extension| path.ends_with(extension));
    // This file has the words themselves. One that is deleted and not committed yet has no text.
    let paths = listed.lines().filter(is_wanted).filter(|path| *path != file!());
    let read = |path: &str| Some((path.to_owned(), fs::read_to_string(root().join(path)).ok()?));
    let files: Vec<_> = paths.filter_map(read).collect();
    assert!(!files.is_empty(), "no tracked files");
    files
}

/// Returns the words of an identifier in lower case: `FeeToNobody` and `fee_to_nobody` have three.
fn segments(identifier: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = '_';
    for c in identifier.chars() {
        if c == '_' || (c.is_uppercase() && !previous.is_uppercase()) {
            words.push(String::new());
        }
        if c != '_' {
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
        previous = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns what an identifier should be called, if it is retired.
fn instead(path: &str, identifier: &str) -> Option<&'static str> {
    let is_of_others = |(name, place): &(&str, &str)| *name == identifier && path.starts_with(place);
    if OTHERS.iter().any(is_of_others) {
        return None;
    }
    let whole = IDENTIFIERS.iter().find(|(retired, _)| *retired == identifier);
    let segments = segments(identifier);
    let part = SEGMENTS.iter().find(|(retired, _)| segments.iter().any(|segment| segment == retired));
    whole.or(part).map(|(_, word)| *word)
}

/// Returns the code of a component: its script, and the expressions in its markup.
fn script(text: &str) -> String {
    let (mut code, mut rest) = (String::new(), text);
    while let Some(start) = rest.find("<script") {
        let (markup, element) = rest.split_at(start);
        let body = element.find('>').map_or(element.len(), |open| open + 1);
        let end = element.find("</script>").unwrap_or(element.len()).max(body);
        code.extend([markup, "{", &element[body..end], "}"]);
        rest = &element[end..];
    }
    code.push_str(rest.split("<style").next().unwrap_or_default());
    let mut depth = 0_usize;
    code.retain(|c| {
        depth = depth + usize::from(c == '{') - usize::from(c == '}' && depth > 0);
        depth > 0
    });
    code
}

fn require_none(of: impl Fn(&str) -> bool) {
    let mut found = BTreeMap::new();
    for (path, text) in tracked(&[".rs", ".ts", ".svelte"]).into_iter().filter(|(path, _)| of(path)) {
        let text = match path.ends_with(".rs") {
            true => text,
            false => {
                let code = if path.ends_with(".svelte") { script(&text) } else { text };
                code.replace(['\'', '`'], "\"")
            }
        };
        let source = Source::new(&path, &text);
        for (token, word) in source.tokens().filter_map(|token| Some((token, instead(&path, token)?))) {
            *found.entry((path.clone(), token.to_owned(), word)).or_insert(0_usize) += 1;
        }
    }
    let line = |((path, token, word), count): (&(String, String, &str), &usize)| {
        format!("{path}: {token} ({count}): say {word}")
    };
    let lines: Vec<_> = found.iter().map(line).collect();
    assert!(lines.is_empty(), "{} retired identifiers:\n{}", lines.len(), lines.join("\n"));
}

const LABORATORY: [&str; 2] = ["lab/", "xtask/"];

#[test]
fn the_exchange_uses_no_retired_identifier() {
    let is_elsewhere =
        |path: &str| LABORATORY.iter().chain(&["static/"]).any(|prefix| path.starts_with(prefix));
    require_none(|path| !is_elsewhere(path));
}

#[test]
fn the_laboratory_uses_no_retired_identifier() {
    require_none(|path| LABORATORY.iter().any(|prefix| path.starts_with(prefix)));
}

#[test]
fn the_page_uses_no_retired_identifier() {
    require_none(|path| path.starts_with("static/"));
}

/// Returns what a person reads in a file: a page without code, or the documentation in a source, and the texts of the command line.
fn prose(path: &str, text: &str) -> String {
    let text = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => {
            let doc = |line: &str| {
                line.trim_start().strip_prefix("//")?.strip_prefix(['/', '!']).map(str::to_owned)
            };
            let is_cli = path.starts_with("src/cli/");
            let is_text = |line: &str| is_cli && !line.contains("command(name");
            let said = |line: &str| line.split('"').nth(1).filter(|_| is_text(line)).map(str::to_owned);
            text.lines().filter_map(|line| doc(line).or_else(|| said(line))).collect::<Vec<_>>().join("\n")
        }
        _ => text.split("```").step_by(2).collect(),
    };
    text.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// Counts retired prose: for each file, each phrase and how often it is there.
fn retired_prose() -> BTreeMap<String, BTreeMap<&'static str, usize>> {
    let mut found: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    let is_history =
        |path: &str| path.starts_with("docs/adr/") || path == "CHANGELOG.md" || path == "docs/glossary.md";
    let is_page = |path: &str| path.starts_with("docs/") || !path.contains('/');
    for (path, text) in tracked(&[".rs", ".md"]) {
        if is_history(&path) || (path.ends_with(".md") && !is_page(&path)) {
            continue;
        }
        let prose = prose(&path, &text).to_lowercase();
        let words: Vec<&str> =
            prose.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        for (phrase, _) in PROSE {
            let phrase_words: Vec<&str> = phrase.split(' ').collect();
            let count =
                words.windows(phrase_words.len()).filter(|window| **window == phrase_words[..]).count();
            if count > 0 {
                found.entry(path.clone()).or_default().insert(*phrase, count);
            }
        }
    }
    found
}

#[test]
fn no_retired_prose_is_left() {
    let found = retired_prose();
    let mut files: Vec<_> =
        found.iter().map(|(path, words)| (words.values().sum::<usize>(), path, words)).collect();
    files.sort_by_key(|(count, path, _)| (std::cmp::Reverse(*count), *path));
    let lines: Vec<_> =
        files.iter().map(|(count, path, words)| format!("{count:5} {path} {words:?}")).collect();
    let total: usize = files.iter().map(|(count, ..)| count).sum();
    assert_eq!(total, 0, "retired prose in {} files:\n{}", files.len(), lines.join("\n"));
}

#[test]
fn the_glossary_lists_every_retired_word() {
    let glossary = fs::read_to_string(root().join("docs/glossary.md")).unwrap();
    // The last column of every table: what is retired, or what not to write.
    let rows = glossary.lines().filter(|line| line.starts_with('|'));
    let column = rows.filter_map(|line| line.trim_end().trim_end_matches('|').rsplit('|').next());
    let column = column.collect::<Vec<_>>().join("\n").to_lowercase();
    let words: BTreeSet<&str> = column.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let lists = |retired: &str| words.contains(retired) || column.contains(retired);
    let retired = [IDENTIFIERS, SEGMENTS, PROSE].concat();
    let missing: BTreeSet<_> =
        retired.iter().map(|(word, _)| *word).filter(|word| !lists(&word.to_lowercase())).collect();
    assert!(missing.is_empty(), "not in the last column of a table of docs/glossary.md: {missing:?}");
}

#[test]
fn retired_words_are_recognised() {
    assert_eq!(segments("FeeCreditedToNobody"), ["fee", "credited", "to", "nobody"]);
    assert_eq!(segments("TOLD_MAX"), ["told", "max"]);
    assert_eq!(instead("src/a.rs", "tell_all"), Some("send, emit, report, publish"));
    assert_eq!(instead("src/a.rs", "foretell"), None);
    assert_eq!(instead("src/history/write.rs", "begin"), None);
    assert_eq!(
        script("<p>told</p>{#if x}{told}{/if}<script>let y = 1;</script><style>a { told: 1 }</style>"),
        "{#if x{told{/if{let y = 1;"
    );
    assert_eq!(prose("a.rs", "/// Is told.\nlet told = 1; // told\n"), " Is told.");
    assert_eq!(prose("a.md", "a `told` b\n```\ntold\n```\nc").matches("told").count(), 0);
}
