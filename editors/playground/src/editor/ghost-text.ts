/** What becomes of a suggestion's text: as it is typed along, taken in part, and drawn around what it replaces. */

/** A piece of ghost text, and where it stands in the text that the suggestion replaces. */
export interface Piece {
  at: number;
  text: string;
}

const CLOSERS: Record<string, string> = { ")": "(", "]": "[", "}": "{" };

/**
 * `text` as insertions into `replaced`, so that what is there already stays in sight; null if it is not in `text`.
 * A closer is found where the brackets before it are closed.
 */
export function pieces(text: string, replaced: string): Piece[] | null {
  if (text.endsWith(replaced) && !text.slice(0, -replaced.length).includes("\n")) {
    return withoutEmpty([{ at: 0, text: text.slice(0, text.length - replaced.length) }]);
  }
  const found: Piece[] = [];
  let from = 0;
  for (let index = 0; index < replaced.length; index++) {
    const at = findClosed(text, from, replaced.charAt(index));
    if (at < 0) return null;
    found.push({ at: index, text: text.slice(from, at) });
    from = at + 1;
  }
  found.push({ at: replaced.length, text: text.slice(from) });
  return withoutEmpty(found);
}

/** How much of `replaced` the first `length` units of `text` bring along, and so take the place of. */
export function covered(text: string, replaced: string, length: number): number {
  const tail = text.length - replaced.length;
  if (text.endsWith(replaced) && !text.slice(0, tail).includes("\n")) return Math.max(length - tail, 0);
  let from = 0;
  for (let index = 0; index < replaced.length; index++) {
    const at = findClosed(text, from, replaced.charAt(index));
    if (at < 0) return 0;
    if (at >= length) return index;
    from = at + 1;
  }
  return replaced.length;
}

function withoutEmpty(found: Piece[]): Piece[] {
  return found.filter((piece) => piece.text !== "");
}

function findClosed(text: string, from: number, wanted: string): number {
  const open: string[] = [];
  for (let index = from; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === wanted && open.length === 0) return index;
    if ("([{".includes(character)) open.push(character);
    else if (character in CLOSERS && open.at(-1) === CLOSERS[character]) open.pop();
  }
  return -1;
}

/** The length of the first word of `text` with the white space before it; all of it if there is no more. */
export function firstWord(text: string): number {
  const match = /^\s*(?:[\p{L}\p{N}\p{M}_]+|[^\s\p{L}\p{N}\p{M}_]+)/u.exec(text);
  return match === null ? text.length : match[0].length;
}

/** The length of the first line of `text`: up to the next line end, or to the one behind it at a line's end. */
export function firstLine(text: string): number {
  const end = text.indexOf("\n", 1);
  return end < 0 ? text.length : end;
}
