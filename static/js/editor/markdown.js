// Colours for Markdown, a line at a time.
//
// Idea: what a line looks like depends on its text and on one short word about the lines above it
// (the state), so that after a change only the lines from there to the next equal state are scanned
// again. It is a hint for the eye and no parser: what it does not know stays plain. Pure.

/** The state before the first line. */
export const START = "start";

/** Longer lines stay plain. */
const MAX_LINE = 2000;

const FENCE = /^\s*(?:> ?)*\s*(`{3,}|~{3,})/;
const BLOCK = [
  ["md-hr", /^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/],
  ["md-heading", /^ {0,3}#{1,6}(?:[ \t].*)?$/],
];
const QUOTE = /^(?: {0,3}> ?)+/;
const ITEM = /^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?/;

/** What stands within a line, in order of precedence; the first that matches at a place wins. */
const INLINE = [
  ["", /\\./y],
  ["md-code", /(`+)(?!`)[^`](?:.*?[^`])??\1(?!`)/y],
  ["md-comment", /<!--.*?-->/y],
  ["md-wikilink", /!?\[\[[^[\]]+\]\]/y],
  ["link", /!?\[[^[\]]*\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:[ \t]+[^()]*)?\)/y],
  ["md-link", /\[\^[^\]\s]+\]:?/y],
  ["md-link", /<?https?:\/\/[^\s<>)\]]+>?/y],
  ["md-strong", /(\*\*|__)(?=\S).+?(?<=\S)\1/y],
  ["md-em", /(\*)(?=[^\s*]).+?(?<=\S)\1(?!\*)/y],
  ["md-em", /(?<![\p{L}\p{N}])(_)(?=[^\s_]).+?(?<=\S)\1(?![\p{L}\p{N}])/uy],
  ["md-comment", /~~(?=\S).+?(?<=\S)~~/y],
];
const CAN_BEGIN = /[\\`<![h*_~]/g;

/**
 * Scans a line.
 * @param {string} line without its line end
 * @param {string} state what the line before it returned, `START` for the first
 * @returns {{tokens: [string, string][], state: string}} pairs of a class (or "") and a text, which
 *   joined give the line; and the state for the next line
 */
export function scanLine(line, state) {
  const whole = (kind, next) => ({ tokens: line ? [[kind, line]] : [], state: next });
  if (state === START && /^---[ \t]*$/.test(line)) return whole("md-frontmatter", "front");
  if (state === "front") return whole("md-frontmatter", /^(?:---|\.\.\.)[ \t]*$/.test(line) ? "" : "front");
  if (state === "comment") return whole("md-comment", line.includes("-->") ? "" : "comment");
  const fence = line.length <= MAX_LINE && line.match(FENCE)?.[1];
  if (state[0] === "`" || state[0] === "~") {
    const closes = fence && fence[0] === state[0] && fence.length >= state.length && /^[\s>]*[`~]+\s*$/.test(line);
    return whole("md-code", closes ? "" : state);
  }
  if (fence && !(fence[0] === "`" && line.slice(line.indexOf(fence) + fence.length).includes("`"))) {
    return whole("md-code", fence);
  }
  if (line.length > MAX_LINE) return whole("", "");
  for (const [kind, pattern] of BLOCK) {
    if (pattern.test(line)) return whole(kind, "");
  }
  const open = line.lastIndexOf("<!--");
  if (open >= 0 && !line.includes("-->", open)) {
    return { tokens: [...blockTokens(line.slice(0, open)), ["md-comment", line.slice(open)]], state: "comment" };
  }
  return { tokens: blockTokens(line), state: "" };
}

function blockTokens(line) {
  const tokens = [];
  let rest = line;
  for (const [kind, pattern] of [["md-quote", QUOTE], ["md-list", ITEM]]) {
    const marker = rest.match(pattern)?.[0];
    if (marker) {
      tokens.push([kind, marker]);
      rest = rest.slice(marker.length);
    }
  }
  inlineTokens(rest, tokens);
  return tokens;
}

function inlineTokens(text, tokens) {
  let plain = 0;
  const flush = (end) => end > plain && tokens.push(["", text.slice(plain, end)]);
  for (let at = next(text, 0); at < text.length; ) {
    const found = match(text, at);
    if (!found) {
      at = next(text, at + 1);
      continue;
    }
    const [kind, length] = found;
    if (kind) {
      flush(at);
      if (kind === "link") linkTokens(text.slice(at, at + length), tokens);
      else tokens.push([kind, text.slice(at, at + length)]);
      plain = at + length;
    }
    at = next(text, at + length);
  }
  flush(text.length);
}

/** The words of a link stay text; its brackets and its target step back. */
function linkTokens(link, tokens) {
  const from = link.indexOf("[") + 1;
  const to = link.indexOf("](");
  tokens.push(["md-link", link.slice(0, from)]);
  if (to > from) tokens.push(["", link.slice(from, to)]);
  tokens.push(["md-link", link.slice(to)]);
}

function next(text, from) {
  CAN_BEGIN.lastIndex = from;
  return CAN_BEGIN.exec(text)?.index ?? text.length;
}

function match(text, at) {
  for (const [kind, pattern] of INLINE) {
    pattern.lastIndex = at;
    const length = pattern.exec(text)?.[0].length;
    if (length) return [kind, length];
  }
  return null;
}
