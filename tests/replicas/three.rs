//! Three servers, edited all the time, stopped, killed and cut off at random, and brought together by
//! `everpage sync`: then all hold the same, and nothing that was acknowledged is missing.

use std::fs;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::editing::{Dice, Log, assert_equal, seed};
use crate::proxy::Proxy;
use crate::support::{Browser, Place, Server};

const SERVERS: usize = 3;

#[test]
fn three_servers_agree_after_kills_stops_and_cut_connections() {
    three_servers(Duration::from_secs(15));
}

#[test]
#[ignore = "takes two minutes; tests/run --long runs it"]
fn three_servers_agree_after_two_minutes() {
    three_servers(Duration::from_secs(120));
}

/// A replica: its directory, its server, and the way to it for the others.
struct Replica {
    place: Place,
    server: Mutex<Server>,
    address: Mutex<Browser>,
    proxy: Proxy,
}

impl Replica {
    fn new(dice: Dice) -> Self {
        let place = Place::new();
        let server = place.serve();
        let browser = server.browser;
        let proxy = Proxy::to(browser.address(), dice);
        Self { place, server: Mutex::new(server), address: Mutex::new(browser), proxy }
    }

    fn browser(&self) -> Browser {
        *self.address.lock().unwrap()
    }

    fn signal(&self, signal: Signal) {
        let pid = self.server.lock().unwrap().pid();
        kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
    }

    fn kill_and_restart(&self) {
        let mut server = self.server.lock().unwrap();
        server.kill();
        *server = self.place.serve();
        *self.address.lock().unwrap() = server.browser;
        self.proxy.lead_to(server.browser.address());
    }

    /// Makes tokens for the others, each of whom keeps theirs in a file.
    fn let_in(&self, own: usize, others: &[Replica]) {
        for (number, other) in others.iter().enumerate().filter(|(number, _)| *number != own) {
            let run = self.place.run(&["peer", "add", &format!("server-{number}")]);
            assert!(run.status.success(), "{run:?}");
            fs::write(other.place.path(&format!("token-{own}")), run.stdout).unwrap();
        }
    }

    /// Begins to exchange with another.
    fn sync(&self, number: usize, other: &Replica) -> std::process::Child {
        let token = self.place.path(&format!("token-{number}"));
        let args = ["sync", &other.proxy.url, "--token-file", token.to_str().unwrap()];
        let mut command = self.place.command(&args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// How often things happened.
#[derive(Default)]
struct Count {
    stops: AtomicU64,
    kills: AtomicU64,
    syncs: AtomicU64,
    broken_syncs: AtomicU64,
    killed_syncs: AtomicU64,
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn three_servers(time: Duration) {
    let seed = seed();
    let dice = |part: u64| Dice::new(seed * 100 + part);
    let replicas: Vec<Replica> = (0..SERVERS).map(|n| Replica::new(dice(n as u64))).collect();
    for (number, replica) in replicas.iter().enumerate() {
        replica.let_in(number, &replicas);
    }
    replicas[0].browser().saved("Home", "Home\n\nthe first\n");
    agree(&replicas);

    let (log, count) = (Log::default(), Count::default());
    for replica in &replicas {
        replica.proxy.cut(true);
    }
    std::thread::scope(|scope| {
        let (log, count, replicas) = (&log, &count, &replicas);
        for (number, replica) in replicas.iter().enumerate() {
            for person in 0..2 {
                let who = format!("person {person} at server {number}");
                let dice = dice(10 + 2 * number as u64 + person);
                scope.spawn(move || log.edit(&who, dice, &|| replica.browser()));
            }
            let dice = dice(20 + number as u64);
            scope.spawn(move || exchange(number, replicas, dice, log, count));
        }
        let begun = Instant::now();
        let mut dice = dice(30);
        while begun.elapsed() < time {
            let victim = &replicas[dice.roll(SERVERS as u64) as usize];
            if dice.roll(3) == 0 {
                victim.kill_and_restart();
                add(&count.kills);
            } else {
                victim.signal(Signal::STOP);
                std::thread::sleep(Duration::from_millis(20 + dice.roll(400)));
                victim.signal(Signal::CONT);
                add(&count.stops);
            }
            std::thread::sleep(Duration::from_millis(dice.roll(500)));
        }
        log.end();
    });

    for replica in &replicas {
        replica.proxy.cut(false);
    }
    agree(&replicas);
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (connections, cuts) = replicas
        .iter()
        .map(|r| r.proxy.count())
        .fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
    let saved = log.acknowledged().len();
    println!(
        "{saved} saves acknowledged, {} stopped by others, {} without an answer, {} merges; {} servers \
         killed, {} stopped; {cuts} of {connections} connections cut; {} syncs, {} of them broken and {} \
         killed",
        read(&log.stopped_by_others),
        read(&log.without_answer),
        read(&log.merges),
        read(&count.kills),
        read(&count.stops),
        read(&count.syncs),
        read(&count.broken_syncs),
        read(&count.killed_syncs),
    );
    let places: Vec<&Place> = replicas.iter().map(|r| &r.place).collect();
    let browsers: Vec<Browser> = replicas.iter().map(Replica::browser).collect();
    assert_equal(&places, &browsers, &log);
    for place in places {
        assert_eq!(place.check_after_kills(), []);
        assert_eq!(place.run(&["quarantine", "ls"]).stdout, b"");
    }
    assert!(
        saved > 20 && cuts > 0 && read(&count.kills) + read(&count.stops) > 3,
        "it was too quiet"
    );
}

/// Exchanges with one of the others again and again; now and then the process is killed.
fn exchange(own: usize, replicas: &[Replica], mut dice: Dice, log: &Log, count: &Count) {
    while !log.is_over() {
        let other = (own + 1 + dice.roll(SERVERS as u64 - 1) as usize) % SERVERS;
        let mut child = replicas[own].sync(other, &replicas[other]);
        add(&count.syncs);
        if dice.roll(4) == 0 {
            std::thread::sleep(Duration::from_millis(dice.roll(300)));
            child.kill().unwrap();
            child.wait().unwrap();
            add(&count.killed_syncs);
            continue;
        }
        let run = child.wait_with_output().unwrap();
        if !run.status.success() {
            add(&count.broken_syncs);
        }
        std::thread::sleep(Duration::from_millis(dice.roll(300)));
    }
}

/// Lets everyone exchange with the first, twice: then all have everything.
fn agree(replicas: &[Replica]) {
    for _ in 0..2 {
        for replica in &replicas[1..] {
            let run = replica.sync(0, &replicas[0]).wait_with_output().unwrap();
            assert!(run.status.success(), "{run:?}");
        }
    }
}
