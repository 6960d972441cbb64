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

/// Limits of every kind: random, of other versions, and close to an end of the room.
fn limits() -> impl Strategy<Value = Uuid> {
    let v4 = |bits: u128| uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
    prop_oneof![
        any::<u128>().prop_map(Uuid::from_u128),
        any::<u128>().prop_map(v4),
        (0..=u128::from(u64::MAX)).prop_map(v4),
        (0..=u128::from(u64::MAX)).prop_map(move |low| v4(u128::MAX - low)),
    ]
}

proptest! {
    #[test]
    fn a_nonce_below_another_is_lower_and_a_version_4_uuid(limit in limits(), drawn in limits()) {
        let room = random_values_below(limit.as_u128());
        match nonce_below(limit, drawn) {
            None => prop_assert!(room < LEAST_ROOM),
            Some(nonce) => {
                prop_assert!(nonce < limit);
                prop_assert_eq!(nonce.get_version_num(), 4);
                prop_assert_eq!(nonce.get_variant(), uuid::Variant::RFC4122);
                prop_assert!(random_values_below(nonce.as_u128()) < room);
            }
        }
    }

    #[test]
    fn counting_below_follows_the_order(a in limits(), b in limits()) {
        let (low, high) = (a.min(b), a.max(b));
        let below = |id: Uuid| random_values_below(id.as_u128());
        prop_assert!(below(low) <= below(high));
        let v4 = |id: Uuid| id.get_version_num() == 4 && id.get_variant() == uuid::Variant::RFC4122;
        prop_assert!(low == high || !v4(low) || below(low) < below(high));
    }

    #[test]
    fn the_upper_half_of_a_product_is_exact(a in any::<u128>(), b in any::<u64>(), shift in 0..64_u32) {
        // Where one factor is a power of two, the product is a shift.
        prop_assert_eq!(high_half(a, 1 << (64 + shift)), a >> (64 - shift));
        let product = |x: u128| (x >> 64) * u128::from(b) + (((x & u128::from(u64::MAX)) * u128::from(b)) >> 64);
        prop_assert_eq!(high_half(a, u128::from(b)), product(a) >> 64);
    }
}

#[test]
fn nonces_below_another_come_evenly_from_the_whole_room() {
    let limit: Uuid = "c3000000-0000-4000-8000-000000000000".parse().unwrap();
    let mut parts = [0; 13];
    for n in 0..13_000_u128 {
        // Multiples of the golden ratio fall evenly.
        let bits = n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let drawn = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
        let nonce = nonce_below(limit, drawn).unwrap();
        parts[(nonce.as_u128() >> 120) as usize / 15] += 1;
    }
    assert!(parts.iter().all(|count| (950..1050).contains(count)), "{parts:?}");
}

#[test]
fn below_the_lowest_nonces_there_is_no_room() {
    for limit in ["00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-0000ffffffff"] {
        assert_eq!(
            nonce_below(limit.parse().unwrap(), Uuid::from_u128(u128::MAX)),
            None,
            "{limit}"
        );
    }
    let limit: Uuid = "00000000-0000-4000-8000-000100000000".parse().unwrap();
    assert!(nonce_below(limit, Uuid::from_u128(u128::MAX)).is_some_and(|nonce| nonce < limit));
}
