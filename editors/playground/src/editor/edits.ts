/** Edits that the server asks for: for exactly one version of a document, or not at all. */

import type { ChangeSpec, Text } from "@codemirror/state";
import type { TextEdit, WorkspaceEdit } from "../lsp/types";
import type { Editor } from "./editor";
import { languageOfFile } from "./languages";
import { offsetOf } from "./positions";

export interface Applied {
  applied: boolean;
  failureReason?: string;
}

export async function applyEdit(
  editor: Editor,
  edit: WorkspaceEdit,
  confirm: (label: string) => Promise<boolean>,
): Promise<Applied> {
  const wanted = Object.values(edit.changeAnnotations ?? {}).filter(
    (each) => each.needsConfirmation === true,
  );
  for (const { label } of wanted) {
    if (!(await confirm(label))) return { applied: false, failureReason: "it was not confirmed" };
  }
  const changes = Object.entries(edit.changes ?? {}).map(([uri, edits]) => ({
    textDocument: { uri, version: null },
    edits,
  }));
  for (const step of edit.documentChanges ?? changes) {
    const failureReason = "kind" in step ? create(editor, step.uri) : change(editor, step);
    if (failureReason !== null) return { applied: false, failureReason };
  }
  return { applied: true };
}

function create(editor: Editor, uri: string): string | null {
  if (editor.has(uri)) return "there is such a document already";
  const path = uri.startsWith("file://") ? decodeURIComponent(new URL(uri).pathname) : null;
  const name = (path ?? uri).split("/").at(-1) ?? uri;
  editor.show(editor.open({ uri, name, path, language: languageOfFile(name), text: "" }));
  return null;
}

function change(
  editor: Editor,
  step: { textDocument: { uri: string; version: number | null }; edits: TextEdit[] },
): string | null {
  const page = editor.find(step.textDocument.uri);
  if (page === undefined) return "the document is not open in this page";
  const { version } = step.textDocument;
  if (version !== null && version !== page.version) return "the text was changed meanwhile";
  const { doc } = editor.stateOf(page);
  editor.change(
    page,
    step.edits.map((each) => changeOf(doc, each)),
  );
  return null;
}

function changeOf(doc: Text, edit: TextEdit): ChangeSpec {
  const { start, end } = edit.range;
  return { from: offsetOf(doc, start), to: offsetOf(doc, end), insert: edit.newText };
}
