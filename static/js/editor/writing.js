// Writing on a small screen: while the keyboard is up, nearly all that is left of it is the text.
//
// The class `is-writing` hides everything else but one row below the text (see the style sheet). It
// follows what can be seen of the window, because most phones lay their keyboard over the page.

/** With so much height, in pixels, there is room for the rest of the page. */
const ROOM = 560;

/** Gives the text the whole screen while somebody writes on a small one. */
export function writingRoom(field, backdrop) {
  const { element: text } = field;
  const root = document.documentElement;
  const narrow = matchMedia("(max-width: 48rem), (pointer: coarse)");
  const caret = () => {
    const place = backdrop.place(field.start);
    return place && place.top - text.getBoundingClientRect().top;
  };

  const update = () => {
    const { height, scale } = visualViewport;
    const seen = Math.round(height * scale);
    const writing = narrow.matches && seen <= ROOM && document.activeElement === text;
    const was = root.classList.contains("is-writing");
    if (!writing && !was) return;
    const before = caret();
    root.style.setProperty("--seen", `${seen}px`);
    root.classList.toggle("is-writing", writing);
    if (!writing) return;
    scrollTo({ top: 0, behavior: "instant" });
    // The line that is being written stays in sight.
    const now = caret() ?? before;
    const most = text.clientHeight * 0.8;
    if (now !== null && (now < 0 || now > most)) text.scrollTop += now - text.clientHeight / 2;
  };

  visualViewport.addEventListener("resize", update);
  narrow.addEventListener("change", update);
  text.addEventListener("focus", update);
  text.addEventListener("blur", update);
  // A button keeps the keyboard up; one that moved away below the finger would not be pressed either.
  text.form.addEventListener("pointerdown", (event) => {
    if (root.classList.contains("is-writing") && event.target.closest("button")) event.preventDefault();
  });
  update();
}
