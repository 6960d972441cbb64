// The search page: results follow the typing. Without script its button searches.
import { say } from "./site/say.js";

/** How long typing rests before the server is asked, in milliseconds. */
const REST = 200;

const form = document.querySelector(".big-search");
const results = document.getElementById("results");
let timer = 0;
let asked = new AbortController();

async function look() {
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  const address = new URL(form.action);
  const query = form.elements.q.value.trim();
  if (query) address.searchParams.set("q", query);
  try {
    const answer = await fetch(address, { signal });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("results");
    if (signal.aborted || !found) return;
    results.replaceChildren(...found.childNodes);
    history.replaceState(history.state, "", address);
    say(results.querySelector("[role=status], h2")?.textContent ?? "");
  } catch {
    // The server cannot be reached, or there is a newer query: what is shown stays.
  }
}

form.addEventListener("input", (event) => {
  clearTimeout(timer);
  if (!event.isComposing) timer = setTimeout(look, REST);
});
form.addEventListener("compositionend", () => {
  clearTimeout(timer);
  timer = setTimeout(look, REST);
});
form.addEventListener("submit", () => {
  clearTimeout(timer);
  asked.abort();
});
