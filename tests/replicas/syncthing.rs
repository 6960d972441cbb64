//! Two servers whose folders real Syncthing keeps in step while people edit at both.
//!
//! Each wiki has a Syncthing of its own, with its own settings, that knows only the other: it listens
//! on loopback, asks nobody for addresses, uses no relays and reports nothing.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::editing::{Dice, Log, assert_equal, revisions, seed};
use crate::support::{Place, eventually};

#[test]
fn syncthing_between_two_wikis_under_edits() {
    kept_in_step(Duration::from_secs(6), true);
}

#[test]
fn syncthing_that_carries_deletions_over() {
    kept_in_step(Duration::from_secs(3), false);
}

#[test]
#[ignore = "takes a minute; tests/run --long runs it"]
fn syncthing_between_two_wikis_for_a_minute() {
    kept_in_step(Duration::from_secs(60), true);
}

/// A Syncthing on the folder of a wiki; ended with the test.
struct Syncthing(Child);

impl Drop for Syncthing {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

fn program(home: &Path) -> Command {
    let mut command = Command::new("syncthing");
    // One process, which can be ended by its number.
    command.env("STMONITORED", "yes").env("STNOUPGRADE", "1").env("HOME", home);
    command.arg(format!("--home={}", home.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Makes the keys of a device and returns its id.
fn generate(place: &Place) -> String {
    let home = place.path("syncthing");
    fs::create_dir_all(&home).unwrap();
    let mut generate = Command::new("syncthing");
    generate.env("HOME", &home).args(["generate", "--skip-port-probing", "--no-default-folder"]);
    let made = generate.arg(format!("--home={}", home.display())).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let id = program(&home).arg("--device-id").stdout(Stdio::piped()).output().unwrap();
    String::from_utf8(id.stdout).unwrap().trim().to_owned()
}

/// The settings of the manual: no old versions are kept, and deletions are not taken over.
fn settings(
    place: &Place,
    devices: &[(String, u16); 2],
    own: usize,
    ignore_delete: bool,
) -> String {
    let device = |(id, port): &(String, u16)| {
        format!(
            r#"<device id="{id}" name="x" compression="never"><address>tcp://127.0.0.1:{port}</address>
               <allowedNetwork>127.0.0.0/8</allowedNetwork></device>"#
        )
    };
    let shared = |(id, _): &(String, u16)| format!(r#"<device id="{id}"></device>"#);
    format!(
        r#"<configuration version="35">
        <folder id="wiki" path="{}" type="sendreceive" rescanIntervalS="5" fsWatcherEnabled="true" fsWatcherDelayS="1">
            {}{}
            <ignoreDelete>{ignore_delete}</ignoreDelete>
        </folder>
        {}{}
        <gui enabled="false"></gui>
        <options>
            <listenAddress>tcp://127.0.0.1:{}</listenAddress>
            <globalAnnounceEnabled>false</globalAnnounceEnabled>
            <localAnnounceEnabled>false</localAnnounceEnabled>
            <relaysEnabled>false</relaysEnabled>
            <natEnabled>false</natEnabled>
            <stunKeepaliveStartS>0</stunKeepaliveStartS>
            <startBrowser>false</startBrowser>
            <urAccepted>-1</urAccepted>
            <crashReportingEnabled>false</crashReportingEnabled>
            <autoUpgradeIntervalH>0</autoUpgradeIntervalH>
            <reconnectionIntervalS>1</reconnectionIntervalS>
            <announceLANAddresses>false</announceLANAddresses>
        </options></configuration>"#,
        place.pages().display(),
        shared(&devices[0]),
        shared(&devices[1]),
        device(&devices[0]),
        device(&devices[1]),
        devices[own].1,
    )
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn kept_in_step(time: Duration, ignore_delete: bool) {
    if Command::new("syncthing").arg("--version").output().is_err() {
        println!("skipped: syncthing is not installed (tests/run --long installs it)");
        return;
    }
    let seed = seed();
    let (left, right) = (Place::new(), Place::new());
    let places = [&left, &right];
    // The wiki has an id, which travels with the pages.
    let first =
        left.command(&["put", "Home"]).stdin(fs::File::open("/proc/version").unwrap()).output();
    assert!(first.unwrap().status.success());
    assert!(left.run(&["bundle", "-o", left.path("first.tar").to_str().unwrap()]).status.success());
    let devices = places.map(|place| (generate(place), free_port()));
    let mut running: Vec<Syncthing> = Vec::new();
    for (own, place) in places.into_iter().enumerate() {
        fs::write(
            place.path("syncthing/config.xml"),
            settings(place, &devices, own, ignore_delete),
        )
        .unwrap();
        fs::create_dir_all(place.pages().join(".stfolder")).unwrap();
        fs::write(place.pages().join(".stignore"), "/.wiki-id.new\n*.tmp\n*~\n.DS_Store\n")
            .unwrap();
        let child = program(&place.path("syncthing")).arg("--no-browser").spawn().unwrap();
        running.push(Syncthing(child));
    }
    let servers = [left.serve(), right.serve()];
    let browsers = [servers[0].browser, servers[1].browser];
    let id = |place: &Place| fs::read(place.pages().join(".wiki-id")).ok();
    eventually("the id of the wiki arrives", || id(&left).is_some() && id(&left) == id(&right));

    let log = Log::default();
    std::thread::scope(|scope| {
        let log = &log;
        for (n, browser) in browsers.into_iter().enumerate() {
            let dice = Dice::new(seed * 10 + n as u64);
            scope.spawn(move || log.edit(["Ada", "Ben"][n], dice, &|| browser));
        }
        std::thread::sleep(time);
        log.end();
    });
    eventually("the folders are equal", || revisions(&left) == revisions(&right));

    // A file that somebody deletes at one side comes back there, and where the deletion was carried.
    let before = revisions(&left);
    let victim = left.pages().join(before.keys().next().unwrap());
    fs::remove_file(&victim).unwrap();
    eventually("a deleted revision is put back", || victim.exists());
    eventually("the folders are equal again", || {
        revisions(&left) == before && revisions(&right) == before
    });
    let arrived = before.len();
    println!(
        "{} saves acknowledged; {arrived} revisions at both, conflicts: {}",
        log.acknowledged().len(),
        browsers[0].conflicts().as_array().unwrap().len()
    );
    assert_equal(&places, &browsers, &log);
    // What Syncthing leaves in the folder is known, and nothing else is strange.
    for place in places {
        let strange: Vec<_> = place
            .check()
            .into_iter()
            .filter(|(kind, path)| kind != "restored" && !path.starts_with(".st"))
            .collect();
        assert_eq!(strange, []);
    }
}
