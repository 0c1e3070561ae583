/**
 * Markdown of pages as elements: headings, paragraphs, lists, tables, code, and emphasis. Links and HTML stay the
 * text that they are: a model may have written them.
 */

import { element } from "./dom";

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^(#{1,6}) +(.*?) *#*$/;
const ITEM = /^\s*(?:[-*+]|\d+[.)]) +(.*)$/;
const NUMBERED = /^\s*\d/;
const ROW = /^\s*\|(.*)\|\s*$/;
const RULE = /^[\s|:-]*-[\s|:-]*$/;
const SPAN = /(`+)(.+?)\1(?!`)|\*\*(.+?)\*\*|(?<!\w)[*_](\S.*?)[*_](?!\w)/g;

export function renderMarkdown(markdown: string): DocumentFragment {
  const lines = markdown.split(/\r\n?|\n/);
  const made = document.createDocumentFragment();
  let at = 0;
  /** Takes lines while `wanted` says so. */
  const take = (wanted: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && wanted(lines[at] ?? "")) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const fence = FENCE.exec(line)?.[1];
    const heading = HEADING.exec(line);
    if (fence !== undefined) {
      at += 1;
      const code = take((each) => !each.trim().startsWith(fence));
      at += 1;
      made.append(element("pre", {}, element("code", {}, code.join("\n"))));
    } else if (heading !== null) {
      at += 1;
      const level = `h${Math.min((heading[1] ?? "").length + 1, 6)}` as "h2";
      made.append(spans(element(level), heading[2] ?? ""));
    } else if (ITEM.test(line)) {
      made.append(list(take((each) => ITEM.test(each))));
    } else if (ROW.test(line)) {
      made.append(table(take((each) => ROW.test(each))));
    } else if (line.trim() === "") {
      at += 1;
    } else {
      const text = take(
        (each) => each.trim() !== "" && !FENCE.test(each) && !HEADING.test(each) && !ITEM.test(each),
      );
      made.append(spans(element("p"), text.join(" ")));
    }
  }
  return made;
}

function list(lines: string[]): HTMLElement {
  const items = lines.map((line) => spans(element("li"), ITEM.exec(line)?.[1] ?? line));
  return element(NUMBERED.test(lines[0] ?? "") ? "ol" : "ul", {}, ...items);
}

function table(lines: string[]): HTMLElement {
  const rows = lines.filter((line) => !RULE.test(line)).map((line) => (ROW.exec(line)?.[1] ?? "").split("|"));
  const made = rows
    .filter((cells) => cells.some((cell) => cell.trim() !== ""))
    .map((cells) => element("tr", {}, ...cells.map((cell) => spans(element("td"), cell.trim()))));
  return element("table", {}, ...made);
}

function spans<E extends HTMLElement>(parent: E, text: string): E {
  let from = 0;
  for (const match of text.matchAll(SPAN)) {
    parent.append(text.slice(from, match.index));
    const [whole, , code, strong, soft] = match;
    if (code !== undefined) parent.append(element("code", {}, code));
    else if (strong !== undefined) parent.append(spans(element("strong"), strong));
    else parent.append(spans(element("em"), soft ?? ""));
    from = match.index + whole.length;
  }
  parent.append(text.slice(from));
  return parent;
}
