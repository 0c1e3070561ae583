/** Documents of the page: in memory alone, whatever their address. */

import { Facet, type EditorState } from "@codemirror/state";

export type LineEnd = "\n" | "\r\n";

/** A document as it comes: from the command line, from a sample, or made by an action. */
export interface Source {
  uri: string;
  name: string;
  path: string | null;
  language: string;
  text: string;
}

/**
 * An open document. The editor counts every line end as one `\n`; `lineEnd` is what the server and whoever
 * copies or downloads the text get instead. In a text with mixed line ends the more frequent one wins.
 */
export interface PageDocument {
  readonly uri: string;
  readonly name: string;
  readonly path: string | null;
  readonly language: string;
  readonly lineEnd: LineEnd;
  version: number;
  /** The state to come back to while another document is shown. */
  state: EditorState;
}

export const pageDocument = Facet.define<PageDocument, PageDocument | null>({
  combine: (values) => values[0] ?? null,
});

export function lineEndOf(text: string): LineEnd {
  const both = text.split("\r\n").length - 1;
  const all = text.split("\n").length - 1;
  return both > all - both ? "\r\n" : "\n";
}

export function withLineEnds(text: string, lineEnd: LineEnd): string {
  return lineEnd === "\n" ? text : text.replaceAll("\n", lineEnd);
}
