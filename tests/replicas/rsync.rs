//! Two servers whose folders `rsync` copies in both directions while people edit at both: as the
//! manual says, and in the two ways that it warns of.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::editing::{Dice, Log, assert_equal, revisions, seed};
use crate::support::{Place, eventually};

/// As the manual says: what is there is left alone.
const SAFE: &[&str] = &["-a", "--ignore-existing"];
/// Writes into files that have their name already, so that others see them grow.
const IN_PLACE: &[&str] = &["-a", "--inplace", "--whole-file"];
/// Deletes what the other side does not have.
const DELETING: &[&str] = &["-a", "--delete"];

#[test]
fn rsync_in_both_directions_while_people_edit() {
    copied(Duration::from_secs(5), &[SAFE]);
}

#[test]
fn rsync_that_writes_in_place_and_is_killed_while_people_edit() {
    copied(Duration::from_secs(5), &[SAFE, IN_PLACE]);
}

#[test]
fn rsync_that_deletes_while_people_edit() {
    copied(Duration::from_secs(5), &[SAFE, DELETING]);
}

#[test]
#[ignore = "takes a minute; tests/run --long runs it"]
fn rsync_in_every_way_for_a_minute() {
    copied(Duration::from_secs(60), &[SAFE, IN_PLACE, DELETING]);
}

fn command(how: &[&str], from: &Path, to: &Path) -> Command {
    let mut command = Command::new("rsync");
    command.args(how).arg(format!("{}/", from.display())).arg(to);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn copied(time: Duration, ways: &[&[&str]]) {
    if Command::new("rsync").arg("--version").output().is_err() {
        println!("skipped: rsync is not installed");
        return;
    }
    let seed = seed();
    let (left, right) = (Place::new(), Place::new());
    let (mut one, mut two) = (left.serve(), right.serve());
    let (a, b) = (one.browser, two.browser);
    // Large enough to be seen half written.
    let picture: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let picture_file = left.path("picture.bin");
    fs::write(&picture_file, &picture).unwrap();
    let put = left
        .command(&["put", "picture.bin"])
        .stdin(fs::File::open(&picture_file).unwrap())
        .output();
    let put = put.unwrap();
    assert!(put.status.success(), "{put:?}");

    let log = Log::default();
    let (mut runs, mut killed) = (0, 0);
    std::thread::scope(|scope| {
        let log = &log;
        for (n, (who, browser)) in [("Ada", a), ("Ben", b)].into_iter().enumerate() {
            let dice = Dice::new(seed * 10 + n as u64);
            scope.spawn(move || log.edit(who, dice, &|| browser));
        }
        let (begun, mut dice) = (Instant::now(), Dice::new(seed * 10 + 5));
        while begun.elapsed() < time {
            let how = ways[dice.roll(ways.len() as u64) as usize];
            let (from, to) = [(&left, &right), (&right, &left)][dice.roll(2) as usize];
            let mut child = command(how, &from.pages(), &to.pages()).spawn().unwrap();
            runs += 1;
            if dice.roll(3) == 0 {
                std::thread::sleep(Duration::from_millis(dice.roll(60)));
                killed += i32::from(child.try_wait().unwrap().is_none());
                let _ = child.kill();
            }
            child.wait().unwrap();
        }
        log.end();
    });

    // What was deleted is put back by its own server before everything is copied once more.
    let all = |place: &Place| {
        let files = revisions(place);
        let bytes: Vec<&[u8]> = files.values().map(Vec::as_slice).collect();
        log.acknowledged()
            .iter()
            .filter(|t| bytes.iter().any(|f| f.ends_with(t.as_bytes())))
            .count()
    };
    let total = log.acknowledged().len();
    eventually("all texts are at the one side or the other", || {
        // Neither alone has to have everything, but both together do.
        let (files, others) = (revisions(&left), revisions(&right));
        let bytes: Vec<&[u8]> = files.values().chain(others.values()).map(Vec::as_slice).collect();
        log.acknowledged().iter().all(|t| bytes.iter().any(|f| f.ends_with(t.as_bytes())))
    });
    // A file that was cut short in place is completed by the next run that may write in place.
    let last: &[&str] = if ways.contains(&IN_PLACE) { &["-a"] } else { SAFE };
    eventually("the folders are equal", || {
        for (from, to) in [(&left, &right), (&right, &left)] {
            assert!(command(last, &from.pages(), &to.pages()).status().unwrap().success());
        }
        revisions(&left) == revisions(&right) && all(&left) == total
    });
    let failed = log.without_answer.load(std::sync::atomic::Ordering::Relaxed);
    println!(
        "{total} saves acknowledged, {failed} forms not shown or not answered; {runs} runs of rsync, {killed} \
         killed midway"
    );
    let pictures = |p: &Place| revisions(p).values().filter(|f| f.ends_with(&picture)).count();
    assert_eq!((pictures(&left), pictures(&right)), (1, 1));
    assert_equal(&[&left, &right], &[a, b], &log);
    one.assert_runs();
    two.assert_runs();
}
