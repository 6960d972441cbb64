// The result as it will be saved, following the choices. The server works it out, in the same way
// as when it is saved.

/** How long choices rest before the server is asked, in milliseconds: at least, and at most. */
const REST = 120;
const LONG_REST = 3000;

/** Follows a form's choices in the element that shows its result. */
export class LiveResult {
  constructor(form, element) {
    this.form = form;
    this.element = element;
    this.fallback = element.querySelector(".merge-show");
    this.rest = REST;
  }

  /** Asks for the result soon; only the last question counts. */
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), this.rest);
  }

  async ask() {
    if (!this.element.open) return;
    this.asked?.abort();
    const asked = new AbortController();
    this.asked = asked;
    const body = new URLSearchParams(new FormData(this.form));
    body.set("action", "result");
    const began = performance.now();
    this.element.setAttribute("aria-busy", "true");
    try {
      // Not `form.action`: that is the button of that name.
      const answer = await fetch(this.form.getAttribute("action"), { method: "POST", body, signal: asked.signal });
      if (!answer.ok) throw new Error(answer.statusText);
      if (answer.redirected) throw new Error("led elsewhere");
      this.show(await answer.text());
      // What takes long, for a very long page, is not asked for at every choice.
      this.rest = Math.min(LONG_REST, Math.max(REST, performance.now() - began));
      this.fallback?.classList.add("no-js-only");
    } catch {
      if (asked.signal.aborted) return;
      // The button of the page without script does the same.
      this.fallback?.classList.remove("no-js-only");
    }
    if (this.asked === asked) this.element.removeAttribute("aria-busy");
  }

  show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("article");
    const old = this.element.querySelector("article");
    if (!fresh || !old) return;
    const top = this.element.scrollTop;
    old.replaceWith(document.adoptNode(fresh));
    this.element.scrollTop = top;
  }
}
