//! What merging costs, in time and in memory beside the texts.
//!
//! `cargo bench --bench merge`. Each case runs in a process of its own, which tells how far its memory
//! rose above what the texts take. Cases that differ in one number show whether that grows in line.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]
#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::env;
use std::fs;
use std::process::Command;
use std::time::Instant;

use everpage::model::merge::{Merge, Version};

/// A case: its name, and how to make the base and the versions, the winner first.
type Case = (&'static str, fn() -> (String, Vec<String>));

const CASES: [Case; 11] = [
    ("60 kB, 2 heads that edit 20 sentences", || edited(60 << 10, 1, 20)),
    ("60 kB, 30 heads that edit 20 sentences", || edited(60 << 10, 30, 20)),
    ("60 kB, 120 heads that edit 20 sentences", || edited(60 << 10, 120, 20)),
    ("20 kB, 75 heads that edit 3 sentences", || edited(20 << 10, 75, 3)),
    ("20 kB, 150 heads that edit 3 sentences", || edited(20 << 10, 150, 3)),
    ("20 kB, 300 heads that edit 3 sentences", || edited(20 << 10, 300, 3)),
    ("1 MiB, 2 heads that edit 200 sentences", || edited(1 << 20, 1, 200)),
    ("4 MiB, 2 heads that edit 200 sentences", || edited(4 << 20, 1, 200)),
    ("4 MiB, 2 heads that rewrite all of it", || rewritten(4 << 20)),
    ("2,000 clashing places", || clashing(2_000)),
    ("60 kB, 2 heads that move 20 sections", || moved(60 << 10, 20)),
];

/// A paragraph of three sentences.
fn paragraph(n: usize) -> String {
    format!(
        "Paragraph {n} is about the mill. It was built in {} by the river. The wheel turns.\n\n",
        1000 + n
    )
}

fn paragraphs(bytes: usize) -> Vec<String> {
    (0..bytes / paragraph(0).len()).map(paragraph).collect()
}

/// The winner and `others` heads, each of which changes sentences of its own.
fn edited(bytes: usize, others: usize, edits: usize) -> (String, Vec<String>) {
    let base = paragraphs(bytes);
    let versions = (0..=others).map(|version| {
        let mut mine = base.clone();
        for edit in 0..edits {
            let at = (edit * base.len() / edits + version * 7) % base.len();
            mine[at] = mine[at].replace("The wheel turns.", &format!("Wheel {version} turns."));
        }
        mine.concat()
    });
    (base.concat(), versions.collect())
}

fn rewritten(bytes: usize) -> (String, Vec<String>) {
    let base = paragraphs(bytes).concat();
    let versions = vec![base.replace("river", "sea"), base.replace("mill", "inn")];
    (base, versions)
}

fn clashing(places: usize) -> (String, Vec<String>) {
    let base: String = (0..places).map(paragraph).collect();
    let versions = vec![base.replace("turns", "stands"), base.replace("turns", "creaks")];
    (base, versions)
}

fn moved(bytes: usize, moves: usize) -> (String, Vec<String>) {
    let base = paragraphs(bytes);
    let versions = (0..2).map(|version| {
        let mut mine = base.clone();
        for n in 0..moves {
            let one = mine.remove((n * 31 + 3 * version) % base.len());
            mine.insert((n * 17 + version) % base.len(), one);
        }
        mine.concat()
    });
    (base.concat(), versions.collect())
}

/// Returns the most memory that this process has held, in bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

fn run(case: &Case) {
    let (base, versions) = case.1();
    let others: Vec<Version<'_>> =
        versions[1..].iter().map(|text| Version { base: Some(&base), text }).collect();
    let texts = base.len() + versions.iter().map(String::len).sum::<usize>();
    let before = peak();
    let mut times = Vec::new();
    let mut standing = None;
    let mut rise = 0;
    for round in 0..5 {
        let begun = Instant::now();
        let merge = Merge::of(&versions[0], &others);
        times.push(begun.elapsed());
        if round == 0 {
            rise = peak() - before;
        }
        standing = Some(merge.standing());
    }
    times.sort_unstable();
    let mega = |bytes: usize| bytes as f64 / 1_000_000.0;
    println!(
        "{:42} {:>8.1} MB of texts {:>8.1} ms {:>8.1} MB  {:?}",
        case.0,
        mega(texts),
        times[2].as_secs_f64() * 1_000.0,
        mega(rise),
        standing.unwrap()
    );
}

fn main() {
    if let Ok(case) = env::var("MERGE_BENCH_CASE") {
        run(&CASES[case.parse::<usize>().unwrap()]);
        return;
    }
    for case in 0..CASES.len() {
        let mut child = Command::new(env::current_exe().unwrap());
        assert!(child.env("MERGE_BENCH_CASE", case.to_string()).status().unwrap().success());
    }
}
