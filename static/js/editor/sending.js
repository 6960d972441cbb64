// Sending the form: first the text is safe in this browser, then the server is known to listen.

import { address, notice } from "./dom.js";

/** How long the server may take to show that it is there; after that the form is sent all the same. */
const PATIENCE = 4000;

/**
 * Takes care of the form while it is sent, and asks before unsaved text is left.
 * @param {() => string | null} obstacle says why the form cannot be sent yet
 */
export function takeCare(form, keeper, bars, obstacle) {
  let going = false;
  let waiting = false;
  let bar = null;
  const say = (tone, sign, title, words) => {
    bar?.remove();
    const strong = document.createElement("strong");
    strong.textContent = title;
    bar = notice(tone, sign, [strong, ` ${words}`]);
    bars.append(bar);
  };

  form.addEventListener("submit", async (event) => {
    if (going) return;
    event.preventDefault();
    if (waiting) return;
    const why = obstacle();
    if (why) return say("warn", "upload", "Not saved yet.", why);
    waiting = true;
    const kept = await keeper.send(form.elements.nonce.value);
    const reachable = await isReachable();
    waiting = false;
    if (!reachable) {
      const safe = "Your text is kept in this browser, also when it is closed.";
      const advice = kept ? safe : "Leave this page open, or copy your text.";
      return say("error", "caution", "The server cannot be reached.", `${advice} Save again when it is back.`);
    }
    bar?.remove();
    going = true;
    form.requestSubmit(event.submitter);
  });

  // A window that comes back from where the form led is an editor again.
  addEventListener("pageshow", () => (going = false));
  addEventListener("beforeunload", (event) => {
    if (keeper.dirty && !going) event.preventDefault();
  });
}

async function isReachable() {
  try {
    await fetch(address("/-/healthz"), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    return true;
  } catch (error) {
    // A slow server is still one.
    return error.name === "TimeoutError";
  }
}
