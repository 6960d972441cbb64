use super::*;

fn cut(text: &str) -> Vec<&str> {
    sentences(text).parts.iter().map(|part| part.core).collect()
}

#[test]
fn sentences_are_found_and_what_only_looks_like_their_end_is_not() {
    assert_eq!(cut("One. Two! Three?"), ["One.", "Two!", "Three?"]);
    assert_eq!(
        cut("Ask Dr. Smith. He knows, e.g. Latin."),
        ["Ask Dr. Smith.", "He knows, e.g. Latin."]
    );
    assert_eq!(cut("Obst, z. B. Äpfel. Am 3. Mai."), ["Obst, z. B. Äpfel.", "Am 3. Mai."]);
    assert_eq!(cut("Built in 1921. Then sold."), ["Built in 1921.", "Then sold."]);
    assert_eq!(
        cut("Run `a. B. C` now. Then [see. It](x. Y) there."),
        ["Run `a. B. C` now.", "Then [see.", "It](x. Y) there."]
    );
    assert_eq!(cut("**Bold one.** Next. *It. Is.*"), ["**Bold one.**", "Next.", "*It.", "Is.*"]);
    assert_eq!(
        cut("See https://a.example/B. Then [[A. B]] too."),
        ["See https://a.example/B.", "Then [[A. B]] too."]
    );
    assert_eq!(cut("我们种豆。他们浇水。"), ["我们种豆。", "他们浇水。"]);
    assert_eq!(cut("هل نزرع؟ نعم نزرع. ثم نسقي."), ["هل نزرع؟", "نعم نزرع.", "ثم نسقي."]);
    assert_eq!(
        cut("One sentence\non two lines. Another."),
        ["One sentence\non two lines.", "Another."]
    );
}

#[test]
fn marks_and_cells_are_found() {
    assert_eq!(marked("- [x] done"), ("- [x] ", "done"));
    assert_eq!(marked("  12. item"), ("  12. ", "item"));
    assert_eq!(marked("## Heading"), ("## ", "Heading"));
    assert_eq!(marked("#tag"), ("", "#tag"));
    assert_eq!(marked("-5 degrees"), ("", "-5 degrees"));
    assert_eq!(cells("| a | `b|c` | d\\|e |"), Some(vec!["|", " a |", " `b|c` |", " d\\|e |", ""]));
}

#[test]
fn parts_together_are_the_text() {
    for text in ["", " \n", "a. b", " a. B.\n\n- c\n  d\n| e |\n", "```\n  x\n```\n", "  x\n"] {
        assert_eq!(blocks(text, false).text(), text);
        assert_eq!(blocks(text, true).text(), text);
        assert_eq!(sentences(text).text(), text);
        assert_eq!(words(text).text(), text);
    }
}
