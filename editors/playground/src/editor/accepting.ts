/** Taking ghost text, all of it or its beginning, each in one step for undo. */

import { isolateHistory } from "@codemirror/commands";
import type { Command, EditorView } from "@codemirror/view";
import type { InlineItem } from "../lsp/types";
import { covered, firstLine, firstWord } from "./ghost-text";
import { choiceOf, ghostField, setGhost } from "./ghost";

export interface Taken {
  accepted: (item: InlineItem) => void;
  acceptedPart: (item: InlineItem, length: number) => void;
}

export function acceptAll(taken: Taken): Command {
  return (view) => {
    const ghost = view.state.field(ghostField);
    if (ghost === null) return false;
    const { item, text, to } = choiceOf(ghost);
    insert(view, ghost.from, to, text, true);
    taken.accepted(item);
    return true;
  };
}

export const acceptWord = (taken: Taken): Command => acceptPart(taken, firstWord);
export const acceptLine = (taken: Taken): Command => acceptPart(taken, firstLine);

function acceptPart(taken: Taken, measure: (text: string) => number): Command {
  return (view) => {
    const ghost = view.state.field(ghostField);
    if (ghost === null) return false;
    const choice = choiceOf(ghost);
    const length = measure(choice.text);
    if (length === choice.text.length) return acceptAll(taken)(view);
    const behind = covered(choice.text, view.state.sliceDoc(ghost.from, choice.to), length);
    insert(view, ghost.from, ghost.from + behind, choice.text.slice(0, length), false);
    taken.acceptedPart(choice.item, choice.taken + length);
    return true;
  };
}

function insert(view: EditorView, from: number, to: number, text: string, isAll: boolean): void {
  const insertion = view.state.toText(text);
  view.dispatch({
    changes: { from, to, insert: insertion },
    selection: { anchor: from + insertion.length },
    // Of a part the ghost is worked out as if it had been typed.
    effects: isAll ? setGhost.of(null) : [],
    annotations: isolateHistory.of("full"),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
}
