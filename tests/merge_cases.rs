//! The cases of `tests/merge-cases`, and how Everpage's merges compare with those of other programs.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;

use everpage::model::merge::{Choice, Chunk, Merge, Place, Shape, Standing, Version};

/// One directory of `tests/merge-cases`.
struct Case {
    name: String,
    kind: String,
    /// A person wants no choice here.
    clean: bool,
    base: Option<String>,
    winner: String,
    others: Vec<String>,
    expected: String,
}

impl Case {
    fn read(directory: &Path) -> Self {
        let name = directory.file_name().unwrap().to_string_lossy().into_owned();
        let file = |file: &str| fs::read_to_string(directory.join(file)).ok();
        let about = file("about").unwrap();
        let (kind, rest) = about.split_once(", ").unwrap();
        let (wanted, sentence) = rest.split_once(": ").unwrap();
        assert!(["clean", "choice"].contains(&wanted) && !sentence.trim().is_empty(), "{name}");
        let others = ["theirs", "theirs2", "theirs3"].iter().filter_map(|other| file(other));
        Self {
            kind: kind.to_owned(),
            clean: wanted == "clean",
            base: file("base"),
            winner: file("winner").unwrap(),
            others: others.collect(),
            expected: file("expected").unwrap(),
            name,
        }
    }

    fn all() -> Vec<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/merge-cases");
        let directories = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
        let mut cases: Vec<Self> =
            directories.filter(|path| path.is_dir()).map(|path| Self::read(&path)).collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn merge(&self) -> Merge {
        let base = self.base.as_deref();
        let others: Vec<Version<'_>> =
            self.others.iter().map(|text| Version { base, text }).collect();
        Merge::of(&self.winner, &others)
    }

    /// Merges as others do: one version after another, none if there is a conflict.
    fn by(&self, tool: impl Fn(&str, &str, &str) -> Option<String>) -> Option<String> {
        let base = self.base.as_deref().unwrap_or("");
        self.others.iter().try_fold(self.winner.clone(), |merged, other| tool(base, &merged, other))
    }

    fn judge(&self, text: Option<&str>) -> Verdict {
        match text {
            None => Verdict::Asked,
            Some(text) if text == self.expected => Verdict::Right,
            Some(_) => Verdict::Wrong,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    Asked,
    Wrong,
}

/// Shows a merge as `expected` does.
fn shown(merge: &Merge) -> String {
    let mut open = Vec::new();
    let text = merge.resolve(|index, place| {
        place.preselected().unwrap_or_else(|| {
            open.push(index);
            Choice::Text(marker(place))
        })
    });
    if open.is_empty() { text } else { with_followers(merge) }
}

fn with_followers(merge: &Merge) -> String {
    let piece = |chunk: &Chunk| match chunk {
        Chunk::Unchanged(text) => text.clone(),
        Chunk::Changed(place) if place.follows.is_some() => "(follows)\n".to_owned(),
        Chunk::Changed(place) => match place.preselected() {
            Some(choice) => place.text(&choice),
            None => marker(place),
        },
    };
    merge.chunks().iter().map(piece).collect()
}

fn marker(place: &Place) -> String {
    let wordings: Vec<&str> = (place.wordings.iter())
        .filter(|wording| wording.changed || place.shape == Shape::MovedTwice)
        .map(|wording| wording.text.as_str())
        .collect();
    let suggested = place.joined.as_ref().map(|text| format!("=== suggested\n{text}"));
    let suggested = suggested.unwrap_or_default();
    format!("<<< {:?}\n{}{suggested}>>>\n", place.shape, wordings.join("===\n"))
}

fn git(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let output = Command::new("git")
        .args(["merge-file", "-p", "--diff-algorithm=histogram"])
        .args([file("ours", ours), file("base", base), file("theirs", theirs)])
        .output()
        .unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

fn diffy(base: &str, ours: &str, theirs: &str) -> Option<String> {
    diffy::merge(base, ours, theirs).ok()
}

/// Figures of one program.
#[derive(Default)]
struct Figures {
    wanted: usize,
    right: usize,
    clean: usize,
    wrong: Vec<String>,
}

impl Figures {
    fn add(&mut self, case: &Case, verdict: Verdict) {
        self.wanted += usize::from(case.clean);
        self.clean += usize::from(verdict != Verdict::Asked);
        self.right += usize::from(case.clean && verdict == Verdict::Right);
        if verdict == Verdict::Wrong {
            self.wrong.push(case.name.clone());
        }
    }

    fn row(&self, kind: &str, tool: &str) -> String {
        let Self { wanted, right, clean, wrong } = self;
        format!("{kind:14} {tool:9} {wanted:6} {right:6} {clean:6} {:6}", wrong.len())
    }
}

#[test]
fn every_case_is_merged_as_a_person_wants() {
    let cases = Case::all();
    assert!(cases.len() >= 80, "{} cases", cases.len());
    let mut figures: BTreeMap<(String, usize), Figures> = BTreeMap::new();
    let mut wrong = String::new();
    let mut asked = Vec::new();
    for case in &cases {
        let merge = case.merge();
        let text = shown(&merge);
        let ours = match merge.standing() {
            // Asked as the case says, or asked although a person wants to be left alone.
            Standing::Open(_) if case.clean => Verdict::Asked,
            Standing::Open(_) if text == case.expected => Verdict::Asked,
            _ => case.judge(Some(&text)),
        };
        if ours == Verdict::Wrong {
            let Case { name, expected, .. } = case;
            wrong.extend(["\n", name, ":\n", &text, "--- instead of ---\n", expected]);
        }
        if ours == Verdict::Asked && case.clean {
            asked.push(case.name.as_str());
        }
        let verdicts =
            [ours, case.judge(case.by(git).as_deref()), case.judge(case.by(diffy).as_deref())];
        for (tool, verdict) in verdicts.into_iter().enumerate() {
            for kind in [case.kind.as_str(), "~ all"] {
                figures.entry((kind.to_owned(), tool)).or_default().add(case, verdict);
            }
        }
    }
    println!(
        "{:14} {:9} {:>6} {:>6} {:>6} {:>6}",
        "kind", "program", "wanted", "right", "clean", "wrong"
    );
    for ((kind, tool), figures) in &figures {
        println!("{}", figures.row(kind, ["everpage", "git", "diffy"][*tool]));
    }
    println!("asked although a choice is not wanted: {asked:?}");
    assert!(wrong.is_empty(), "{wrong}");
    let prose = &figures[&("prose".to_owned(), 0)];
    assert!(prose.wanted >= 30, "{} cases of prose", prose.wanted);
    assert!(prose.right * 100 >= prose.wanted * 85, "{} of {}", prose.right, prose.wanted);
}

#[test]
fn what_git_merges_is_merged_to_the_same_text() {
    for case in Case::all() {
        // Line ends are the winner's here; git keeps those of each line.
        if case.base.is_none() || case.kind == "line ends" || case.kind == "deletion" {
            continue;
        }
        if let Some(text) = case.by(git) {
            // Git keeps twice what both moved.
            if case.name != "move-twice" {
                assert_eq!(case.merge().clean().as_deref(), Some(text.as_str()), "{}", case.name);
            }
        }
    }
}

/// Merges with git and here, and says in what the two differ.
fn compared_with_git([base, ours, theirs]: &[String; 3]) -> Result<(), TestCaseError> {
    prop_assume!(!base.is_empty() && !ours.is_empty() && !theirs.is_empty());
    let merge = Merge::new(base, ours, theirs);
    let moved = merge.places().any(|(_, place)| place.moved.is_some());
    if let (Some(gits), false) = (git(base, ours, theirs), moved) {
        prop_assert_eq!(merge.clean(), Some(gits));
    } else {
        prop_assert!(moved || merge.clean().is_none(), "git finds a conflict: {:?}", merge);
    }
    Ok(())
}

#[test]
fn equal_lines_are_told_apart_as_git_does() {
    let texts = [
        // What all have at the end ties less than the rarer lines before it.
        ["\na\n\n\nb\nb\n", "\na\nb\n\n\nb\n", "\na\n\n\n\nb\nb\n"],
        ["\na\na\nb\n\n", "a\na\nb\na\n\nb\n\n", "\na\n\na\nb\n\n"],
        // A blank line more and a line more at the end of equal ones.
        ["\n\n\n", "\n\n\n\n", "\n\n\na\n"],
    ];
    for [base, ours, theirs] in texts.map(|texts| texts.map(str::to_owned)) {
        compared_with_git(&[base.clone(), ours.clone(), theirs.clone()]).unwrap();
        compared_with_git(&[base, theirs, ours]).unwrap();
    }
}

/// A base and two edits of it, either of few different lines or of very few.
fn random_texts() -> impl Strategy<Value = [String; 3]> {
    let line = prop_oneof![2 => 0_u8..5, 3 => 5_u8..40];
    prop_oneof![4 => random_edits(line, 24, 4), 1 => random_edits(0_u8..4, 60, 7)]
}

fn random_edits(
    line: impl Strategy<Value = u8> + Clone,
    most_lines: usize,
    most_edits: usize,
) -> impl Strategy<Value = [String; 3]> {
    let line = line.prop_map(|n| match n {
        0 => "\n".to_owned(),
        n => format!("line {n}\n"),
    });
    let edit =
        (any::<prop::sample::Index>(), 0_usize..3, prop::collection::vec(line.clone(), 0..3));
    let edits = || prop::collection::vec(edit.clone(), 1..most_edits);
    (prop::collection::vec(line, 1..most_lines), edits(), edits()).prop_map(|(base, one, two)| {
        let made = |edits: Vec<(prop::sample::Index, usize, Vec<String>)>| {
            let mut lines = base.clone();
            for (at, gone, new) in edits {
                let at = at.index(lines.len() + 1);
                let end = (at + gone).min(lines.len());
                lines.splice(at..end, new);
            }
            lines.concat()
        };
        [base.concat(), made(one), made(two)]
    })
}

/// How many random texts are tried: `EVERPAGE_MERGE_TEXTS`, or 400.
fn random_cases() -> u32 {
    std::env::var("EVERPAGE_MERGE_TEXTS").map_or(400, |number| number.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: random_cases(), max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_texts_are_merged_as_git_merges_them(texts in random_texts()) {
        compared_with_git(&texts)?;
    }
}
