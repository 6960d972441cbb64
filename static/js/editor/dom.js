// Making elements.

/**
 * Makes an element: `element("a", { href, class: "x", onclick }, "text", child)`.
 * Names that begin with `on` are listeners; `null` and `false` leave an attribute or a child out.
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === false || value === undefined) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== false && child !== undefined));
  return made;
}

/** Makes an icon of the sprite, which screen readers do not see. */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  const use = document.createElementNS(namespace, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/** Makes a small button. */
export function button(text, onclick, kind = "") {
  return element("button", { type: "button", class: `button button-small ${kind}`.trim(), onclick }, text);
}

/**
 * Makes a notice.
 * @param {"info" | "success" | "warn" | "error" | "conflict"} tone
 * @param {Node | string} body
 * @param {Node[]} actions
 */
export function notice(tone, sign, body, actions = []) {
  return element("div", { class: `notice notice-${tone}`, role: tone === "error" ? "alert" : null },
    icon(sign),
    element("div", { class: "notice-body" }, ...[body].flat()),
    actions.length > 0 && element("div", { class: "notice-actions" }, ...actions));
}

/**
 * Makes a function that does something once before the next picture, however often it is called.
 * What is read of the layout there costs nothing; read while typing it costs a layout for each letter.
 */
export function oncePerFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

/**
 * Makes a function that does something so many milliseconds after its last call; `cancel` calls it off.
 * A call while one is waited for only notes the time: to set a timer anew for every key costs more than that.
 */
export function afterRest(work) {
  let [timer, wakes, due] = [0, 0, 0];
  const wake = () => {
    timer = 0;
    if (performance.now() < due) wait();
    else work();
  };
  const wait = () => {
    wakes = due;
    timer = setTimeout(wake, due - performance.now());
  };
  const put = (delay) => {
    due = performance.now() + delay;
    if (timer && wakes <= due) return;
    clearTimeout(timer);
    wait();
  };
  put.cancel = () => {
    clearTimeout(timer);
    timer = 0;
  };
  return put;
}

/** Returns an address of the site. */
export function address(path) {
  return document.body.dataset.base + path;
}

/** Returns a time of the day, with the date where it is not today's. */
export function clock(time) {
  const date = new Date(time);
  const today = new Date().toDateString() === date.toDateString();
  const minutes = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return today ? minutes : `${date.toLocaleDateString([], { day: "numeric", month: "short" })}, ${minutes}`;
}
