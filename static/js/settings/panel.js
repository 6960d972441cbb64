// The page of preferences: its switches, and the link for other devices.

/** Makes the switches of a page set and show settings. */
export function switches(settings) {
  for (const group of document.querySelectorAll("[data-setting]")) {
    const setting = settings[group.dataset.setting];
    if (!setting) continue;
    const buttons = [...group.querySelectorAll("button[value]")];
    const show = () => {
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.value === setting.value));
    };
    group.addEventListener("click", (event) => {
      const button = event.target.closest("button[value]");
      if (!button) return;
      event.preventDefault();
      setting.value = button.value;
      show();
    });
    setting.subscribe(show);
    show();
  }
}

/** Makes the part about other devices work. */
export function devicesPart(devices) {
  const part = document.querySelector("[data-devices]");
  if (!part) return;
  const link = part.querySelector("input");
  const said = part.querySelector("[data-devices-said]");
  const show = (words = "") => {
    const key = devices.key;
    for (const element of part.querySelectorAll("[data-devices-on]")) element.hidden = !key;
    for (const element of part.querySelectorAll("[data-devices-off]")) element.hidden = Boolean(key);
    // Behind the #, so that it is never sent to a server or written to its log.
    link.value = key ? `${location.origin}${location.pathname}#reader=${key}` : "";
    said.textContent = words;
  };
  const away = "The server cannot be reached. The next page you open will try again.";
  const deeds = {
    share: async () => show((await devices.share()) ? "Open the link on your other devices." : away),
    copy: async () => {
      link.select();
      const done = await navigator.clipboard?.writeText(link.value).then(() => true, () => false);
      said.textContent = done ? "Copied." : "The link is selected. Copy it with your keyboard or menu.";
    },
    unshare: () => {
      devices.unshare();
      show("This device no longer shares its choices.");
    },
  };
  part.addEventListener("click", (event) => deeds[event.target.closest("[data-do]")?.dataset.do]?.());
  const given = location.hash.match(/^#reader=([0-9A-Za-z-]+)$/)?.[1];
  show();
  if (!given) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  if (given === devices.key) return;
  devices.share(given).then((done) => show(done ? "This device now shares your choices." : away));
}
