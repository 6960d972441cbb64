//! Forms that no browser would send, or that come at the wrong time: the text is saved or comes back.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::{Form, Place, id};

fn garden() -> Place {
    let place = Place::new();
    place.by_hand(&format!("Garden.md/{}", id(1, 1)), "theirs\n");
    place
}

/// A page whose id leaves room below for what yields.
fn garden_with_room() -> Place {
    let place = Place::new();
    place.by_hand("Garden.md/1-9f0c2d4e-58cc-4372-a567-0e02b2c3d479", "theirs\n");
    place
}

#[test]
fn a_text_over_the_limit_comes_back_in_the_form() {
    let place = garden();
    let mut server = place.serve();
    let before = place.snapshot();
    // Over the 4 MiB that a page may have, and within what the server reads of a form.
    let text = "Beans & <peas> in a row.\n".repeat(180_000);
    let refused = server.browser.save("Garden", &text);
    refused.assert_page(413);
    assert!(refused.body.contains("the limit is"), "{}", &refused.body[..2000]);
    assert!(refused.text_given_back() == Some(text), "the text is in the form, complete");
    assert_eq!(place.snapshot(), before);
    server.assert_runs();
}

#[test]
fn a_body_that_never_ends_is_read_so_that_the_browser_gets_to_see_why() {
    let place = garden();
    let mut server = place.serve();
    let before = place.snapshot();
    let body = [b"action=save&content=".to_vec(), vec![b'x'; 45 << 20]].concat();
    let refused = server.browser.ask("POST", "/-/edit/Garden", &body).expect("it waits to the end");
    refused.assert_page(413);
    assert!(refused.body.contains("still in your browser"), "{}", refused.body);
    assert_eq!(place.snapshot(), before);
    server.assert_runs();
    let peak = server.peak_mib();
    assert!(peak < 250, "the server held {peak} MiB");
}

#[test]
fn going_back_from_a_refusal_finds_the_text_in_the_browser() {
    // A form that may not be stored is fetched anew by the back button, empty of what was typed.
    let place = garden();
    let server = place.serve();
    let mut stream = TcpStream::connect(server.browser.address()).unwrap();
    write!(stream, "GET /-/edit/Garden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let head = answer.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
    assert!(head.contains("cache-control") && !head.contains("no-store"), "{head}");
}

#[test]
fn a_form_without_base_never_replaces_a_page() {
    let place = garden_with_room();
    let mut server = place.serve();
    for base in [&[][..], &[("base", "")], &[("base", &*id(7, 7))]] {
        let fields = [base, &[("content", "mine\n"), ("action", "save")]].concat();
        let waits = server.browser.post("/-/edit/Garden", &fields);
        assert!(waits.location.contains("/-/merge/Garden?mine=1-"), "{waits:?}");
        assert_eq!(server.browser.raw("Garden"), "theirs\n");
    }
    let before = place.snapshot();
    assert_eq!(before.values().filter(|bytes| bytes.ends_with(b"\n\nmine\n")).count(), 3);
    for base in ["0-x", "..", "1-F47AC10B-58CC-4372-A567-0E02B2C3D479", "\0"] {
        let fields = [("base", base), ("content", "\nmine\n"), ("action", "save")];
        let refused = server.browser.post("/-/edit/Garden", &fields);
        refused.assert_page(400);
        assert_eq!(refused.text_given_back().as_deref(), Some("\nmine\n"), "{base}");
    }
    assert_eq!(place.snapshot(), before);
    server.assert_runs();
}

#[test]
fn every_byte_of_a_text_arrives_as_it_was_typed() {
    let place = Place::new();
    let mut server = place.serve();
    for (i, text) in [
        "\n\nempty lines first\n",
        "</textarea><script>alert(1)</script>",
        "&amp; &#38; &lt;\n",
        "Revision: 1-f47ac10b-58cc-4372-a567-0e02b2c3d479\nLength: 3\n\nnot a header\n",
        "\u{feff}mark first",
        "rtl \u{202e}txt \u{200b}\u{0}nul\n",
        "no line end",
        "a\u{c}\u{b}\u{1}b\n",
        "e\u{301} is not é\n",
        "😀👩‍🌾\n",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("Page{i}");
        server.browser.saved(&name, text);
        let cat = place.run(&["cat", &name]);
        assert_eq!(String::from_utf8(cat.stdout).unwrap(), *text);
        server.browser.get(&format!("/{name}")).assert_page(200);
        // And a refusal gives it back as it was.
        let sent = Form {
            base: "nonsense".into(),
            nonce: String::new(),
            content: (*text).into(),
            summary: String::new(),
            author: String::new(),
        };
        let refused = sent.send(server.browser, &name, "save");
        assert_eq!(refused.text_given_back().as_deref(), Some(*text));
    }
    assert_eq!(place.check(), []);
    server.assert_runs();
}

#[test]
fn a_form_that_is_cut_off_or_garbled_saves_nothing() {
    let place = garden();
    let mut server = place.serve();
    let before = place.snapshot();
    let address = server.browser.address();
    for head in [
        "Content-Length: 5000",
        "Transfer-Encoding: chunked",
        "Content-Length: -1",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 99999999999999999999",
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST /-/edit/Garden HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\ncontent=half+a+te"
        )
        .unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 3"), "{head}");
    }
    assert_eq!(place.snapshot(), before);
    // What is not UTF-8 and not encoded is still answered with a page.
    for body in
        [&b"content=\xff\xfe&action=preview"[..], b"%%%=&&&==&action=preview", b"action=preview"]
    {
        server.browser.ask("POST", "/-/edit/Garden", body).unwrap().assert_page(200);
    }
    assert_eq!(place.snapshot(), before);
    server.assert_runs();
}
