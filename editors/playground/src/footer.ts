/** The line below the editor: where the cursor is, what the text is, and which keys are of use now. */

import type { Editor } from "./editor/editor";
import { choiceOf, ghostField, type Ghost } from "./editor/ghost";
import { languageName } from "./editor/languages";
import { positionOf } from "./editor/positions";
import { byId, element, fill } from "./ui/dom";

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);
const MOD = isMac ? "⌘" : "Ctrl";
const ALT = isMac ? "⌥" : "Alt";

type Hint = [keys: string[], text: string];

const WITH_GHOST: Hint[] = [
  [["Tab"], "take all"],
  [[MOD, "→"], "a word"],
  [[MOD, "Enter"], "a line"],
  [[ALT, "]"], "another"],
  [["Esc"], "dismiss"],
];

const WITHOUT_GHOST: Hint[] = [
  [[ALT, "\\"], "suggest"],
  [[MOD, "."], "actions"],
];

/** Text for screen readers about a suggestion that has just appeared. */
export function spoken(ghost: Ghost): string {
  const { text } = choiceOf(ghost);
  const lines = text.split("\n");
  const first = lines.find((line) => line.trim() !== "")?.trim() ?? "";
  const more = lines.length > 1 ? `, ${lines.length} lines` : "";
  return `Suggestion: ${first}${more}. Tab takes it.`;
}

export class Footer {
  private hinted: string | null = null;

  constructor(private readonly editor: Editor) {}

  update(): void {
    const page = this.editor.shown;
    if (page === null) return;
    const { state } = this.editor.view;
    const { line, character } = positionOf(state.doc, state.selection.main.head);
    const place = `Line ${line + 1}, column ${character + 1}`;
    const ends = page.lineEnd === "\n" ? "LF" : "CRLF";
    byId("place").textContent = [place, languageName(page.language), ends].join("  ·  ");
    this.hint(state.field(ghostField));
  }

  background(text: string | null): void {
    byId("background").textContent = text ?? "";
  }

  private hint(ghost: Ghost | null): void {
    const count =
      ghost !== null && ghost.choices.length > 1 ? `${ghost.index + 1} of ${ghost.choices.length}` : "";
    const key = ghost === null ? "" : `ghost ${count}`;
    if (key === this.hinted) return;
    this.hinted = key;
    const hints = (ghost === null ? WITHOUT_GHOST : WITH_GHOST).map(([keys, text]) =>
      element("span", { class: "hint" }, ...keys.map((each) => element("kbd", {}, each)), text),
    );
    fill(byId("editor-keys"), count !== "" && element("span", { class: "hint count" }, count), ...hints);
  }
}
