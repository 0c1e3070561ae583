/** Offsets of the editor and positions of LSP. Both count UTF-16 units. */

import type { ChangeSet, Text } from "@codemirror/state";
import { withLineEnds, type LineEnd } from "../documents";
import type { Position, Range } from "../lsp/types";

export function positionOf(text: Text, offset: number): Position {
  const line = text.lineAt(offset);
  return { line: line.number - 1, character: offset - line.from };
}

/** The offset of a position; one behind its line or behind the text is at that end. */
export function offsetOf(text: Text, position: Position): number {
  if (position.line >= text.lines) return text.length;
  const line = text.line(position.line + 1);
  return Math.min(line.from + position.character, line.to);
}

export function rangeOf(text: Text, from: number, to: number): Range {
  return { start: positionOf(text, from), end: positionOf(text, to) };
}

/** Changes of `before` as LSP applies them one after the other: the last one first, so that none moves another. */
export function contentChanges(
  before: Text,
  changes: ChangeSet,
  lineEnd: LineEnd,
): { range: Range; text: string }[] {
  const found: { range: Range; text: string }[] = [];
  changes.iterChanges((fromA, toA, _fromB, _toB, inserted) => {
    found.unshift({
      range: rangeOf(before, fromA, toA),
      text: withLineEnds(inserted.toString(), lineEnd),
    });
  });
  return found;
}
