use proptest::prelude::*;

use super::*;

const NONCE: &str = "9f0c2d4e-1111-4222-8333-abcdefabcdef";

fn ids() -> impl Strategy<Value = RevisionId> {
    (1..=MAX_NUMBER, any::<u128>())
        .prop_map(|(number, nonce)| RevisionId::new(number, Uuid::from_u128(nonce)).unwrap())
}

/// Ids that often share their number or most of their nonce.
fn close_ids() -> impl Strategy<Value = RevisionId> {
    let nonces = prop_oneof![any::<u128>(), 0..3_u128, (0..128_u32).prop_map(|bit| 1 << bit)];
    (1..4_u64, nonces)
        .prop_map(|(number, nonce)| RevisionId::new(number, Uuid::from_u128(nonce)).unwrap())
}

proptest! {
    #[test]
    fn prints_and_parses_to_the_same(id in ids()) {
        let text = id.to_string();
        prop_assert_eq!(text.parse(), Ok(id));
        prop_assert!(RevisionId::is_shaped_like(&text));
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<RevisionId>(&json).unwrap(), id);
    }

    #[test]
    fn there_is_one_spelling_of_each_id(text in "[0-9]{1,3}-([0-9a-fA-F]{8})(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}") {
        prop_assert!(RevisionId::is_shaped_like(&text));
        if let Ok(id) = text.parse::<RevisionId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn whatever_parses_prints_as_it_was_and_is_shaped_like_an_id(text in "\\PC{0,60}") {
        if let Ok(id) = text.parse::<RevisionId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn order_is_by_number_then_nonce_as_integers(a in close_ids(), b in close_ids()) {
        let integers = |id: RevisionId| (id.number(), id.nonce().as_u128());
        prop_assert_eq!(a.cmp(&b), integers(a).cmp(&integers(b)));
    }
}

#[test]
fn numbers_run_from_one_to_two_to_the_53_minus_one() {
    for (number, expected) in [
        ("1", Ok(1)),
        ("9007199254740991", Ok(MAX_NUMBER)),
        ("0", Err(IdError::Number)),
        ("01", Err(IdError::Number)),
        ("00", Err(IdError::Number)),
        ("9007199254740992", Err(IdError::Number)),
        ("18446744073709551617", Err(IdError::Number)),
        ("99999999999999999999999999", Err(IdError::Number)),
        ("", Err(IdError::Shape)),
        ("+1", Err(IdError::Shape)),
        (" 1", Err(IdError::Shape)),
        ("1 ", Err(IdError::Shape)),
        ("0x1", Err(IdError::Shape)),
        ("1_0", Err(IdError::Shape)),
        ("1e3", Err(IdError::Shape)),
        ("\u{661}", Err(IdError::Shape)),
    ] {
        let parsed = format!("{number}-{NONCE}").parse::<RevisionId>();
        assert_eq!(parsed.map(RevisionId::number), expected, "{number:?}");
    }
    assert_eq!(format!("-1-{NONCE}").parse::<RevisionId>(), Err(IdError::Shape));
    let nonce = Uuid::from_u128(7);
    assert_eq!(RevisionId::new(0, nonce), Err(IdError::Number));
    assert_eq!(RevisionId::new(MAX_NUMBER + 1, nonce), Err(IdError::Number));
}

#[test]
fn nonce_has_one_spelling() {
    let plain = NONCE.replace('-', "");
    for nonce in [
        &NONCE.to_uppercase(),
        &NONCE.replace("9f", "9F"),
        &plain,
        &format!("{{{NONCE}}}"),
        &format!("urn:uuid:{NONCE}"),
        &format!("{plain}----"),
        &NONCE[..35],
        &format!("{NONCE}0"),
        &NONCE.replace('f', "g"),
        &NONCE.replace("9f0c2d4e-1111", "9f0c2d4e1-111"),
        &format!("{NONCE}\n"),
        &format!(" {}", &NONCE[1..]),
        &format!("é{}", &NONCE[2..]),
        "",
    ] {
        let text = format!("1-{nonce}");
        assert_eq!(text.parse::<RevisionId>(), Err(IdError::Nonce), "{text:?}");
    }
    for text in ["", "-", "1", NONCE, "readme.txt"] {
        assert!(text.parse::<RevisionId>().is_err(), "{text:?}");
    }
}

#[test]
fn malformed_ids_are_still_told_from_names() {
    let upper = NONCE.to_uppercase();
    for name in
        [format!("0-{NONCE}"), format!("007-{upper}"), format!("99999999999999999999-{NONCE}")]
    {
        assert!(RevisionId::is_shaped_like(&name), "{name}");
    }
    for name in
        [format!("1-{NONCE}.md"), format!("x-{NONCE}"), NONCE.to_owned(), format!("1-{{{NONCE}}}")]
    {
        assert!(!RevisionId::is_shaped_like(&name), "{name}");
    }
}

#[test]
fn child_is_one_above_its_highest_parent() {
    let nonce = Uuid::from_u128(1);
    let of = |numbers: &[u64]| {
        let parents: Vec<RevisionId> =
            numbers.iter().map(|n| RevisionId::new(*n, Uuid::from_u128(9)).unwrap()).collect();
        RevisionId::child_of(&parents, nonce).map(RevisionId::number)
    };
    assert_eq!(of(&[]), Ok(1));
    assert_eq!(of(&[3, 7, 5]), Ok(8));
    assert_eq!(of(&[MAX_NUMBER - 1]), Ok(MAX_NUMBER));
    assert_eq!(of(&[MAX_NUMBER]), Err(IdError::Number));
}
