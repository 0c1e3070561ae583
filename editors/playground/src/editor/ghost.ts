/** Ghost text: the suggestion at the cursor, drawn into the line and never part of the text. */

import { StateEffect, StateField, type EditorState, type Range, type Transaction } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, type DecorationSet } from "@codemirror/view";
import type { InlineItem } from "../lsp/types";
import { pieces } from "./ghost-text";
import { offsetOf } from "./positions";

/** One suggestion. `text` is what is left of it, `to` the end of what it replaces, `taken` the part that is there. */
export interface Choice {
  item: InlineItem;
  text: string;
  to: number;
  taken: number;
}

/** The suggestions at `from`, the cursor. `isComplete`: others were asked for by hand. */
export interface Ghost {
  from: number;
  choices: readonly Choice[];
  index: number;
  isComplete: boolean;
}

export const setGhost = StateEffect.define<Ghost | null>();

export function choiceOf(ghost: Ghost): Choice {
  const choice = ghost.choices[ghost.index];
  if (choice === undefined) throw new RangeError("a ghost has a choice");
  return choice;
}

/** The ghost of an answer for the cursor at `from`; null if there is nothing to show. */
export function ghostOf(
  state: EditorState,
  from: number,
  items: readonly InlineItem[],
  isComplete: boolean,
): Ghost | null {
  const choices = items
    .map((item) => ({ item, text: item.insertText, to: offsetOf(state.doc, item.range.end), taken: 0 }))
    .filter((choice) => choice.to >= from && choice.text !== state.sliceDoc(from, choice.to));
  return choices.length > 0 ? { from, choices, index: 0, isComplete } : null;
}

export const ghostField = StateField.define<Ghost | null>({
  create: () => null,
  update(ghost, transaction) {
    for (const effect of transaction.effects) if (effect.is(setGhost)) return effect.value;
    if (ghost === null) return null;
    if (transaction.docChanged) return typedAlong(ghost, transaction);
    const { main, ranges } = transaction.newSelection;
    return ranges.length === 1 && main.empty && main.head === ghost.from ? ghost : null;
  },
  provide: (field) => EditorView.decorations.compute([field], (state) => draw(state, state.field(field))),
});

/**
 * The ghost once its beginning was typed. Brackets that the editor closes by itself come behind the cursor: they
 * belong to what is replaced from now on.
 */
function typedAlong(ghost: Ghost, transaction: Transaction): Ghost | null {
  let change: { from: number; to: number; text: string } | null = null;
  let count = 0;
  transaction.changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    count += 1;
    change = { from, to, text: inserted.toString() };
  });
  const { main, ranges } = transaction.newSelection;
  const only = change as { from: number; to: number; text: string } | null;
  if (only === null || count > 1 || ranges.length > 1 || !main.empty || only.from !== ghost.from) return null;
  const length = main.head - ghost.from;
  if (length <= 0 || length > only.text.length) return null;
  const typed = only.text.slice(0, length);
  const behind = only.text.slice(length);
  const current = ghost.choices[ghost.index];
  const choices: Choice[] = [];
  let index = 0;
  for (const choice of ghost.choices) {
    const text = choice.text.slice(length);
    if (!choice.text.startsWith(typed) || !text.includes(behind) || only.to > choice.to) continue;
    const to = main.head + behind.length + choice.to - only.to;
    if (text === "" || text === transaction.newDoc.sliceString(main.head, to)) continue;
    if (choice === current) index = choices.length;
    choices.push({ item: choice.item, text, to, taken: choice.taken + length });
  }
  return choices.length > 0 ? { from: main.head, choices, index, isComplete: ghost.isComplete } : null;
}

class GhostWidget extends WidgetType {
  constructor(readonly text: string) {
    super();
  }

  override eq(other: GhostWidget): boolean {
    return other.text === this.text;
  }

  /** One inline element with line ends in it: the rest of the line goes on behind its last one by itself. */
  override toDOM(): HTMLElement {
    const span = document.createElement("span");
    span.className = "cm-ghost";
    span.ariaHidden = "true";
    span.textContent = this.text;
    return span;
  }

  override get lineBreaks(): number {
    return this.text.split("\n").length - 1;
  }

  override ignoreEvent(): boolean {
    return false;
  }
}

function draw(state: EditorState, ghost: Ghost | null): DecorationSet {
  if (ghost === null) return Decoration.none;
  const { text, to } = choiceOf(ghost);
  const { from } = ghost;
  const replaced = state.sliceDoc(from, to);
  const parts = pieces(text, replaced);
  if (parts === null) {
    return Decoration.set(Decoration.replace({ widget: new GhostWidget(text) }).range(from, to));
  }
  const widgets: Range<Decoration>[] = parts.map((part) =>
    Decoration.widget({ widget: new GhostWidget(part.text), side: 1 }).range(from + part.at),
  );
  return Decoration.set(widgets);
}
