// Pictures and files put into the text: chosen, dropped or pasted.
//
// A placeholder stands in the text until the server has the file, then what shows it. The file goes
// where the page is.

import { block } from "./commands.js";
import { button, element, notice } from "./dom.js";
import { holdsFiles, progressBar, transfer } from "./transfer.js";

export class Uploads {
  #form;
  #field;
  #bars;
  #running = new Set();
  #hasCursor = false;
  #count = 0;

  constructor(form, field, bars) {
    this.#form = form;
    this.#field = field;
    this.#bars = bars;
    const text = field.element;
    // The field has the focus from the beginning: that is no place that somebody chose.
    const chosen = () => (this.#hasCursor = true);
    for (const kind of ["pointerdown", "keydown", "input"]) text.addEventListener(kind, chosen, { once: true });
    text.addEventListener("paste", (event) => {
      // A table copied from a spreadsheet is text with a picture of it: the text is meant.
      if (event.clipboardData.files.length && !event.clipboardData.types.includes("text/plain")) {
        event.preventDefault();
        this.add(event.clipboardData.files);
      }
    });
    const panes = form.querySelector(".editor-panes");
    for (const kind of ["dragenter", "dragover"]) {
      panes.addEventListener(kind, (event) => {
        if (!holdsFiles(event.dataTransfer)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
        panes.classList.add("is-over");
      });
    }
    panes.addEventListener("dragleave", (event) => {
      if (!panes.contains(event.relatedTarget)) panes.classList.remove("is-over");
    });
    panes.addEventListener("drop", (event) => {
      panes.classList.remove("is-over");
      if (!holdsFiles(event.dataTransfer)) return;
      event.preventDefault();
      this.add(event.dataTransfer.files);
    });
  }

  /** Says why the text cannot be saved just now. */
  get obstacle() {
    return this.#running.size ? "A file is still on its way. Save when it is there, or cancel it." : null;
  }

  /** Asks for files. */
  choose() {
    const input = element("input", { type: "file", multiple: true });
    input.addEventListener("change", () => this.add(input.files));
    input.click();
  }

  /** Puts files into the text at the cursor. */
  add(files) {
    const list = [...files];
    const placeholders = list.map((file) => {
      const name = file.name.replace(/[[\]\n]/g, "");
      return `![Uploading ${name} (${++this.#count})…]()`;
    });
    const { start, end, text } = this.#field;
    const insert = placeholders.join("\n");
    // Nobody has put the cursor anywhere yet: after the text is better than before it.
    if (this.#hasCursor) this.#field.apply({ from: start, to: end, insert });
    else this.#field.apply(block(text, text.length, text.length, insert));
    list.forEach((file, i) => this.#send(file, placeholders[i]));
  }

  async #send(file, placeholder) {
    const form = new FormData();
    form.append("folder", this.#form.dataset.folder);
    form.append("author", this.#form.elements.author.value);
    form.append("file", file, fileName(file));
    const { bar, set } = progressBar(`Uploading ${file.name}`);
    const running = transfer(form, set);
    this.#running.add(running);
    const words = element("span", { class: "progress" }, bar, `Uploading “${file.name}”`);
    const shown = notice("info", "upload", words, [button("Cancel", running.cancel)]);
    this.#bars.append(shown);
    try {
      const { files, refused } = await running.done;
      if (!files.length) throw new Error(refused[0]?.message ?? "The server kept nothing.");
      if (!(await this.#field.swap(placeholder, files[0].markdown))) this.#offer(files[0].markdown);
    } catch (error) {
      await this.#field.swap(placeholder, "");
      if (error.name !== "AbortError") this.#refuse(file, error.message);
    } finally {
      this.#running.delete(running);
      shown.remove();
    }
  }

  /** Somebody took the placeholder away: the file is there, and the text is left alone. */
  #offer(markdown) {
    const words = ["The file is there. To show it, write ", element("code", {}, markdown)];
    const shown = notice("success", "check", words, [button("Close", () => shown.remove(), "button-quiet")]);
    this.#bars.append(shown);
  }

  #refuse(file, message) {
    const title = element("strong", {}, `“${file.name}” was not uploaded.`);
    const shown = notice("error", "caution", [title, ` ${message}`], [
      button("Try again", () => (shown.remove(), this.add([file]))),
      button("Close", () => shown.remove(), "button-quiet"),
    ]);
    this.#bars.append(shown);
  }
}

/** Pasted pictures are all called the same; the time tells them apart. */
function fileName(file) {
  if (!/^image\.\w+$/.test(file.name)) return file.name;
  const now = new Date();
  const local = new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  return file.name.replace("image", `Picture ${local.replace("T", " ").replace(/:/g, ".")}`);
}
