// The accept cases, one after another in one window: ghost text is drawn, then accepted, then saved.
import { readFile } from "node:fs/promises";
import path from "node:path";

import { ghost } from "./workbench.mjs";

/** Runs the cases of `file` from `first` to before `end`; returns those that went wrong, with what is on the disk. */
export async function acceptCases(editor, { file, first, end }) {
  const folder = path.dirname(file);
  const wrong = [];
  const cases = JSON.parse(await readFile(file, "utf8")).slice(first, end);
  for (const one of cases) {
    const at = path.join(folder, one.name);
    try {
      await editor.hands("openAndAsk", { path: at, line: one.line, character: one.column_utf16 });
      await ghost(editor, { text: drawnOf(one) });
      if (!(await editor.hands("acceptSaveAndClose"))) throw new Error("the file was not saved");
      const saved = (await readFile(at)).toString("utf8");
      if (saved !== one.expected) wrong.push({ name: one.name, expected: one.expected, saved });
    } catch (error) {
      wrong.push({ name: one.name, expected: one.expected, error: error.message });
      await editor.hands("closeAll");
    }
  }
  return { cases: cases.length, wrong };
}

/** What has to be drawn: where a closer is replaced by the suggestion's own, what comes before that. */
function drawnOf({ suggestion, replaces }) {
  return replaces ? suggestion.slice(0, suggestion.indexOf(")")) : suggestion;
}
