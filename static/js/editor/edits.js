// What an input event changed, as far as it says so. Pure.

const INSERTS = new Set(["insertText", "insertLineBreak", "insertFromPaste"]);
const DELETES = new Set([
  "deleteContentBackward", "deleteWordBackward", "deleteSoftLineBackward", "deleteHardLineBackward", "deleteByCut",
]);

/**
 * Returns the change `{from, to, insert}` that an input event made, or `null` if it cannot be told.
 * @param {{inputType?: string, data?: string | null}} event
 * @param {[number, number] | null} before the selection before it
 * @param {number} caret where the caret is now
 */
export function editOf({ inputType, data }, before, caret) {
  if (!before) return null;
  const [start, end] = before;
  if (INSERTS.has(inputType)) {
    const insert = inputType === "insertLineBreak" ? "\n" : data?.replace(/\r\n?/g, "\n");
    return insert && caret === start + insert.length ? { from: start, to: end, insert } : null;
  }
  if (DELETES.has(inputType) && caret <= start && (start === end || caret === start)) {
    return { from: caret, to: end, insert: "" };
  }
  return null;
}
