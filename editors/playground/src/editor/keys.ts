/** The keys of ghost text. Each does what it did before where there is no ghost text. */

import { indentLess, indentMore } from "@codemirror/commands";
import { indentUnit } from "@codemirror/language";
import { Prec, type Extension } from "@codemirror/state";
import { keymap, type Command, type EditorView, type KeyBinding, type ViewPlugin } from "@codemirror/view";
import { acceptAll, acceptLine, acceptWord, type Taken } from "./accepting";
import type { Asker } from "./asking";
import { ghostField, setGhost } from "./ghost";

/** Show the next (1) or the previous (-1) suggestion; ask for others the first time. */
function cycle(asker: ViewPlugin<Asker>, step: 1 | -1): Command {
  return (view) => {
    const ghost = view.state.field(ghostField);
    if (ghost?.isComplete === true) {
      const index = (ghost.index + step + ghost.choices.length) % ghost.choices.length;
      view.dispatch({ effects: setGhost.of({ ...ghost, index }) });
    } else {
      void view.plugin(asker)?.ask(true, step);
    }
    return true;
  };
}

function dismiss(asker: ViewPlugin<Asker>): Command {
  return (view) => {
    view.plugin(asker)?.stop();
    return forget(view);
  };
}

function forget(view: EditorView): boolean {
  if (view.state.field(ghostField) === null) return false;
  view.dispatch({ effects: setGhost.of(null) });
  return true;
}

/** The caret moves by what is drawn, and ghost text takes lines: it goes before the caret does. */
const stepAside: Command = (view) => {
  forget(view);
  return false;
};

/** Without a selection a level of indentation is inserted at the cursor. */
const indent: Command = (view) => {
  const { state } = view;
  if (state.selection.ranges.some((range) => !range.empty)) return indentMore(view);
  view.dispatch(
    state.update(state.replaceSelection(state.facet(indentUnit)), {
      scrollIntoView: true,
      userEvent: "input",
    }),
  );
  return true;
};

export function ghostKeys(asker: ViewPlugin<Asker>, taken: Taken): Extension {
  const bindings: KeyBinding[] = [
    { key: "Tab", run: acceptAll(taken) },
    { key: "Mod-ArrowRight", run: acceptWord(taken) },
    { key: "Mod-Enter", run: acceptLine(taken) },
    { key: "Escape", run: dismiss(asker) },
    { key: "Alt-]", run: cycle(asker, 1) },
    { key: "Alt-[", run: cycle(asker, -1) },
    {
      key: "Alt-\\",
      run: (view) => {
        void view.plugin(asker)?.ask(true);
        return true;
      },
    },
    { key: "ArrowUp", run: stepAside },
    { key: "ArrowDown", run: stepAside },
    { key: "PageUp", run: stepAside },
    { key: "PageDown", run: stepAside },
  ];
  return [Prec.highest(keymap.of(bindings)), keymap.of([{ key: "Tab", run: indent, shift: indentLess }])];
}
