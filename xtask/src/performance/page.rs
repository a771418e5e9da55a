//! The page and its pictures, made of what was measured and of nothing else.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    calculation::{CORES, bytes_of_each, orders_per_second, shard_cpu_us},
    chart::{Panel, draw, short},
};
use crate::gates::report::number;

/// A file below `docs`: its name and its text.
type File = (String, String);

/// What a curve is about: its axis, its heading, and what it measures.
const CURVES: [(&str, &str, &str); 6] = [
    (
        "accounts",
        "Accounts",
        "Funded accounts, each as likely to send the next command as any other: an exchange without HTTP and without a journal, in a \
         process of its own for each size.",
    ),
    ("symbols", "Symbols", "Symbols that all trade, of 10,000 accounts; measured as the accounts are."),
    (
        "resting",
        "Resting orders",
        "Orders that rest in the one book that trades, fifty at a price, of 10,000 accounts; measured as the accounts are.",
    ),
    (
        "shards",
        "Shards",
        "Account shards, and as many symbol shards, of 10,000 accounts and one symbol; measured as the accounts are.",
    ),
    (
        "connections",
        "Connections",
        "Idle WebSocket sessions of a real server, and a tenth as many HTTP connections (at most 1,000) that each send one signed order \
         after the other. The CPU time is the server's alone. More connections have more orders in flight, so latency grows with them.",
    ),
    (
        "subscribers",
        "Subscribers of one topic",
        "Subscribers of the trades of one symbol, with fifty trades a second. The rate and the CPU time are of delivered messages: with few \
         subscribers the order itself is most of it. Latency is from the trade to the reader.",
    ),
];

/// Returns the page and its pictures.
pub(super) fn render(record: &Value) -> Result<Vec<File>> {
    let curves = record["curves"].as_array().context("no curves")?;
    let mut page = head(record)?;
    let mut pictures = Vec::new();
    page.push_str(GROWTH);
    for (axis, heading, what) in CURVES {
        let curve = curve_of(curves, axis)?;
        let (points, verdict) = split(curve)?;
        pictures.push((format!("performance/{axis}.svg"), picture(axis, points)?));
        section(&mut page, axis, heading, what, curve, points, verdict)?;
    }
    findings(&mut page, OVERLOAD, &record["overload"])?;
    findings(&mut page, CONSUMERS, &record["consumers"])?;
    page.push_str(&calculated(
        record,
        split(curve_of(curves, "accounts")?)?.0,
        split(curve_of(curves, "resting")?)?.0,
    )?);
    let mut files = vec![("performance.md".to_owned(), page)];
    files.append(&mut pictures);
    Ok(files)
}

const GROWTH: &str = "\
## How cost grows

All sizes of a curve take turns in one run, several rounds of it, and the median of the rounds counts. The rate is that of many commands in
flight, the CPU time is that of one command, and the latency without HTTP is that of one command at a time. Of four commands, one
rests between bid and ask, one takes it, one rests deep in the book, and one cancels that.

Nothing may grow faster than `n log n`. Work of `n log n` for n things is a cost of `log n` for each, so the CPU time of a command may follow
`log n` and the memory beyond that of the smallest size `n log n`. Two bounds judge that: the exponent of the power law that fits the points may exceed that of the
logarithm by 0.05 at most, and no cost may rise more than 1.5 times as much from one size to the next as `n log n` does. The dashed line is the logarithm.

";

const OVERLOAD: &str = "\
## Ten times the sustained load

A real server that syncs every commit. First 32 connections send as fast as they are answered: the load it sustains. Then many more
connections, each with one order in flight, have ten times as many orders due, as far as this machine can send them, and ignore `Retry-After`: a refused one is followed by the next at
once. The load generator has no machine of its own, so it sends fewer than are due; latency counts from the sending. Meanwhile an account cancels
orders in the same market, and another one trades in another market. Afterwards one account alone sends all of it.

An order is refused where a shard has admitted as many as it may (here 1,024). Where HTTP is slower than the shards, as on two cores, that is rare: orders that
are not read yet wait in their connections, so their latency is the number of connections divided by the rate.

";

const CONSUMERS: &str = "\
## Consumers

WebSocket consumers of a real server: active ones, each of which receives ten messages a second of one topic, beside idle ones. Then, with
as many active consumers, some stop reading.

";

fn head(record: &Value) -> Result<String> {
    let machine = &record["machine"];
    let form = match record["form"].as_str() {
        Some("full") => "the long form",
        _ => "the quick form, whose sizes are small; compare figures of the long form",
    };
    let mut page = format!(
        "# Performance\n\nGenerated by `cargo xtask performance`; `--quick` takes minutes, `--render` writes this page again from \
         `docs/performance/measured.json` without measuring. `cargo xtask gates growth` judges the same \
         figures. These are of commit {}, in {form}.\n\n## Machine\n\n| | |\n|---|---|\n| processor | {}, {} cores |\n| memory | {:.1} GiB |\n| system | {} |\n",
        record["commit"].as_str().unwrap_or("unknown"),
        machine["cpu"].as_str().unwrap_or("unknown"),
        number(machine, "/cores")?,
        number(machine, "/memory_mib")? / 1_024.0,
        machine["system"].as_str().unwrap_or("unknown"),
    );
    let Some(rows) = machine["memory_latency"].as_array() else { return Ok(page + "\n") };
    page.push_str(
        "\nA load from memory, by the size of what is loaded from (`memlat` of the yardstick):\n\n",
    );
    page.push_str("| KiB | ns, each after the other | ns, four at a time |\n|--:|--:|--:|\n");
    for row in rows {
        let cell = |field| number(row, field);
        writeln!(
            page,
            "| {} | {:.1} | {:.1} |",
            cell("/kib")?,
            cell("/dependent_ns")?,
            cell("/independent_ns")?
        )?;
    }
    page.push('\n');
    Ok(page)
}

fn curve_of<'a>(curves: &'a [Value], axis: &str) -> Result<&'a Value> {
    let is_it = |curve: &&Value| curve["lines"][0]["axis"] == axis;
    curves.iter().find(is_it).with_context(|| format!("no curve of {axis}"))
}

/// Returns the points of a curve and its verdict, which is its last line.
fn split(curve: &Value) -> Result<(&[Value], &Value)> {
    let lines = curve["lines"].as_array().context("a curve has lines")?;
    let (verdict, points) = lines.split_last().context("a curve has lines")?;
    Ok((points, verdict))
}

fn section(
    page: &mut String,
    axis: &str,
    heading: &str,
    what: &str,
    curve: &Value,
    points: &[Value],
    verdict: &Value,
) -> Result<()> {
    write!(page, "### {heading}\n\n{what}\n\n![{heading}](performance/{axis}.svg)\n\n")?;
    let rate = if axis == "subscribers" { "messages/s" } else { "commands/s" };
    writeln!(page, "| {axis} | {rate} | CPU of each, µs | p50, µs | p99, µs | memory, MiB |")?;
    page.push_str("|--:|--:|--:|--:|--:|--:|\n");
    for point in points {
        let cell = |field| number(point, field);
        writeln!(
            page,
            "| {} | {} | {:.2} | {:.0} | {:.0} | {:.1} |",
            short(cell("/n")?),
            short(cell("/per_second")?),
            cell("/cpu_us")?,
            cell("/p50_us")?,
            cell("/p99_us")?,
            mib(cell("/bytes")?)
        )?;
    }
    for (part, name) in [("cpu", "CPU time of each"), ("bytes", "memory added")] {
        let of = |field: &str| number(verdict, &format!("/{part}/{field}"));
        let holds = if verdict[part]["holds"] == true { "holds" } else { "**does not hold**" };
        let end = if part == "cpu" { "\n" } else { "\n\n" };
        write!(
            page,
            "{}{name}: exponent {:.3}, at most {:.3}; steepest step {:.2}, at most 1.5: {holds}.{end}",
            if part == "cpu" { "\n" } else { "" },
            of("exponent")?,
            of("exponent_max")?,
            of("step")?,
        )?;
    }
    writeln!(page, "`{}`\n", curve["command"].as_str().context("no command")?)?;
    Ok(())
}

fn picture(axis: &str, points: &[Value]) -> Result<String> {
    let of = |field: &str| -> Result<Vec<(f64, f64)>> {
        points.iter().map(|point| Ok((number(point, "/n")?, number(point, field)?))).collect()
    };
    let cpu = of("/cpu_us")?;
    let log = |n: f64| n.max(2.0).ln();
    let (first, cost) = cpu.first().copied().context("a curve has points")?;
    let bound = cpu.iter().map(|&(n, _)| (n, cost * log(n) / log(first))).collect();
    let latency = Panel { title: "p99, µs", points: of("/p99_us")?, bound: Vec::new() };
    // The bound of what falls would dwarf it.
    let is_falling = cpu.last().is_some_and(|&(_, last)| last < cost / 2.0);
    let bound = if is_falling { Vec::new() } else { bound };
    Ok(draw(axis, [Panel { title: "CPU of each, µs", points: cpu, bound }, latency]))
}

/// Adds a table of figures with their bars.
fn findings(page: &mut String, text: &str, run: &Value) -> Result<()> {
    page.push_str(text);
    page.push_str("| figure | value | bar | |\n|---|--:|--:|---|\n");
    for finding in run["lines"].as_array().context("no figures")? {
        let of = |field: &str| finding[field].as_str().unwrap_or_default();
        let unit = of("unit");
        let value = match finding["value"].as_f64() {
            Some(value) => format!("{} {unit}", short(value)),
            None => "none".to_owned(),
        };
        let bar = |sign| Ok::<_, anyhow::Error>(format!("{sign} {} {unit}", short(number(finding, "/bar")?)));
        let bar = match of("bound") {
            "at-most" => bar("at most")?,
            "at-least" => bar("at least")?,
            _ => String::new(),
        };
        let verdict = match (bar.is_empty(), finding["holds"] == true) {
            (true, _) => "",
            (_, true) => "holds",
            (_, false) => "**does not hold**",
        };
        writeln!(page, "| {} | {} | {} | {verdict} |", of("figure"), value.trim(), bar.trim())?;
    }
    write!(page, "\n`{}`\n\n", run["command"].as_str().context("no command")?)?;
    Ok(())
}

/// What a bigger machine would give.
fn calculated(record: &Value, accounts: &[Value], resting: &[Value]) -> Result<String> {
    let order = &record["order"];
    let line = order["lines"].get(0).context("no bench of an order")?;
    let (cpu_us, shards_us) = (number(line, "/exchange_cpu_us")?, shard_cpu_us(accounts)?);
    let (account, resting) = (bytes_of_each(accounts)?, bytes_of_each(resting)?);
    let mut page = format!(
        "## What a bigger machine would give\n\nCalculated, not measured. A signed order over HTTP, without a journal, takes {cpu_us:.1} µs of the server's CPU \
         (`{}`), and a command {shards_us:.1} µs in the shards, its generator included. HTTP workers and shards are threads that share no \
         state, so with the load generated elsewhere and accounts and symbols spread over the shards, the rate follows the cores. A \
         single symbol does not: its book is on one thread, whatever the machine. The journal does not scale either: one thread writes it.\n\n",
        order["command"].as_str().context("no command")?
    );
    page.push_str("| cores | orders/s at most | with a quarter of the CPU in reserve |\n|--:|--:|--:|\n");
    for cores in CORES {
        let rate = orders_per_second(cpu_us, cores);
        writeln!(page, "| {cores} | {} | {} |", short(rate), short(rate * 0.75))?;
    }
    write!(
        page,
        "\nMemory, by the two largest sizes of each curve: {} bytes for an account with two balances, {} bytes for a resting order.\n\n\
         | | accounts | resting orders |\n|--:|--:|--:|\n",
        short(account),
        short(resting)
    )?;
    for count in [1e6, 1e7, 1e8] {
        let gib = |bytes: f64| format!("{:.1} GiB", bytes * count / (1_u64 << 30) as f64);
        writeln!(page, "| {} | {} | {} |", short(count), gib(account), gib(resting))?;
    }
    Ok(page)
}

fn mib(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record() -> Value {
        let point = |axis: &str, n: u64| json!({"axis": axis, "n": n, "per_second": 123_456.0, "cpu_us": 5.25, "p50_us": 30.0, "p99_us": 90.0, "bytes": n << 20});
        let growth = json!({"exponent": 0.01, "exponent_max": 0.15, "step": 1.1, "holds": true});
        let steep = json!({"exponent": 1.5, "exponent_max": 1.15, "step": 4.0, "holds": false});
        let curve = |axis: &str| {
            let verdict = json!({"axis": axis, "cpu": growth, "bytes": steep, "holds": false});
            json!({"command": format!("curve of {axis}"), "lines": [point(axis, 10), point(axis, 1_000), verdict]})
        };
        let finding = |bound: &str, value: Option<f64>, holds: bool| json!({"figure": format!("what is {bound}"), "value": value, "unit": "ms", "bound": bound, "bar": 250.0, "holds": holds});
        json!({
            "form": "quick",
            "commit": "abc",
            "machine": {"cpu": "P", "cores": 2, "memory_mib": 2_048, "system": "S",
                "memory_latency": [{"kib": 16, "dependent_ns": 1.5, "independent_ns": 0.5}]},
            "order": {"command": "orders", "lines": [{"exchange_cpu_us": 20.0}]},
            "curves": CURVES.map(|(axis, ..)| curve(axis)),
            "overload": {"command": "flood", "lines": [finding("at-most", Some(90.0), true), finding("none", Some(7.0), true)]},
            "consumers": {"command": "consume", "lines": [finding("at-least", None, false)]},
        })
    }

    #[test]
    fn the_page_has_every_figure_with_its_command_and_its_verdict() {
        let files = render(&record()).unwrap();
        let page = &files[0].1;
        for part in [
            "the quick form",
            "| processor | P, 2 cores |",
            "| memory | 2.0 GiB |",
            "| 16 | 1.5 | 0.5 |",
            "| 1 k | 123 k | 5.25 | 30 | 90 | 1000.0 |",
            "CPU time of each: exponent 0.010, at most 0.150; steepest step 1.10, at most 1.5: holds.",
            "memory added: exponent 1.500, at most 1.150; steepest step 4.00, at most 1.5: **does not hold**.",
            "`curve of resting`",
            "| what is at-most | 90 ms | at most 250 ms | holds |",
            "| what is none | 7 ms |  |  |",
            "| what is at-least | none | at least 250 ms | **does not hold** |",
            "| 64 | 3.2 M | 2.4 M |",
        ] {
            assert!(page.contains(part), "no {part} in\n{page}");
        }
    }

    #[test]
    fn every_curve_has_its_picture() {
        let files = render(&record()).unwrap();
        assert_eq!(files.len(), 1 + CURVES.len());
        for (axis, ..) in CURVES {
            let name = format!("performance/{axis}.svg");
            assert!(files[0].1.contains(&format!("({name})")));
            assert!(files.iter().any(|(file, text)| *file == name && text.starts_with("<svg ")), "{name}");
        }
    }

    #[test]
    fn a_record_that_lacks_something_is_refused() {
        for part in ["machine", "order", "curves", "overload", "consumers"] {
            let mut record = record();
            record[part] = Value::Null;
            assert!(render(&record).is_err(), "{part}");
        }
    }
}
