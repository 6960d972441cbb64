// What the go-to-page box shows for a text: pages, then a search, then a new page. Pure.

/** Makes a text comparable: no case, no accents. One sign stays one sign. */
function fold(text) {
  return [...text].map((sign) => sign.normalize("NFD")[0].toLowerCase()).join("");
}

/**
 * Cuts a title into pieces `{ text, hit }`: where the query's words stand, or else its signs in
 * order, as a fuzzy search found them.
 */
export function marked(title, query) {
  const signs = [...title];
  const folded = [...fold(title)];
  const hits = new Array(signs.length).fill(false);
  for (const word of query.split(/\s+/).filter(Boolean)) {
    const wanted = [...fold(word)];
    const at = indexOf(folded, wanted);
    if (at >= 0) hits.fill(true, at, at + wanted.length);
    else markInOrder(folded, wanted, hits);
  }
  const pieces = [];
  signs.forEach((sign, i) => {
    const last = pieces.at(-1);
    if (last && last.hit === hits[i]) last.text += sign;
    else pieces.push({ text: sign, hit: hits[i] });
  });
  return pieces;
}

function indexOf(signs, wanted) {
  const stands = (i) => wanted.every((sign, j) => signs[i + j] === sign);
  // The start of a word is worth more than its middle.
  const starts = signs.findIndex((_, i) => (i === 0 || signs[i - 1] === " ") && stands(i));
  return starts >= 0 ? starts : signs.findIndex((_, i) => stands(i));
}

function markInOrder(signs, wanted, hits) {
  const found = [];
  let from = 0;
  for (const sign of wanted) {
    const at = signs.indexOf(sign, from);
    if (at < 0) return;
    found.push(at);
    from = at + 1;
  }
  for (const at of found) hits[at] = true;
}

/** Lists the rows for a text: `{ kind, title, folder, href }`. */
export function rows(query, pages, { base, mayCreate }) {
  const text = query.trim();
  const list = pages.map((page) => ({ kind: "page", ...page }));
  if (!text) return list;
  const coded = encodeURIComponent(text);
  list.push({ kind: "search", title: `Search for “${text}”`, folder: "", href: `${base}/-/search?q=${coded}` });
  const exists = pages.some((page) => fold(page.title) === fold(text));
  if (mayCreate && !exists) {
    list.push({ kind: "create", title: `Create “${text}”`, folder: "", href: `${base}/-/new?path=${coded}` });
  }
  return list;
}
