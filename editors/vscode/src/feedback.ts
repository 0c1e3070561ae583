import * as vscode from "vscode";

import { Follower } from "./shown";

export type Notify = (method: string, params: object) => void;

interface Offer {
  readonly document: vscode.TextDocument;
  readonly version: number;
  readonly item: vscode.InlineCompletionItem;
  readonly follower: Follower;
  readonly timer: NodeJS.Timeout;
}

/** VS Code tells extensions nothing of what it shows: what stays at the cursor for so long counts as shown. */
const SHOWN_AFTER_MS = 200;
const ACCEPTED = "codestral.accepted";

/** Tells the server which suggestions were shown, and which were accepted in part. */
export class Feedback implements vscode.Disposable {
  readonly #subscriptions: vscode.Disposable;
  #offer: Offer | undefined;

  constructor(private readonly notify: Notify) {
    this.#subscriptions = vscode.workspace.onDidChangeTextDocument((event) => {
      this.#changed(event);
    });
  }

  /** VS Code has been given `items` for a place in `document`, the first of which it shows. */
  offered(document: vscode.TextDocument, items: readonly vscode.InlineCompletionItem[]): void {
    this.#forget();
    const item = items.find((each) => each.command?.command === ACCEPTED);
    if (item?.range === undefined || typeof item.insertText !== "string") return;
    const timer = setTimeout(() => {
      this.#stayed();
    }, SHOWN_AFTER_MS);
    const follower = new Follower(item.insertText, document.offsetAt(item.range.start));
    this.#offer = { document, version: document.version, item, follower, timer };
  }

  dispose(): void {
    this.#forget();
    this.#subscriptions.dispose();
  }

  #stayed(): void {
    const editor = vscode.window.activeTextEditor;
    const { document, version, item } = this.#offer ?? {};
    if (editor?.document !== document || document?.version !== version) return;
    const { isEmpty, active } = editor?.selection ?? {};
    if (item?.range !== undefined && isEmpty === true && active?.isEqual(item.range.start) === true) {
      this.notify("textDocument/didShowCompletion", { item: told(item) });
    }
  }

  #changed(event: vscode.TextDocumentChangeEvent): void {
    const offer = this.#offer;
    if (offer?.document !== event.document || event.contentChanges.length === 0) return;
    const changes = event.contentChanges.map((change) => ({
      offset: change.rangeOffset,
      replaced: change.rangeLength,
      text: change.text,
    }));
    // Undo and redo put text back that was accepted before.
    const fate = event.reason === undefined ? offer.follower.follow(changes) : ({ kind: "left" } as const);
    if (fate.kind === "left") this.#forget();
    if (fate.kind === "acceptedPart") {
      const params = { item: told(offer.item), acceptedLength: fate.length };
      this.notify("textDocument/didPartiallyAcceptCompletion", params);
    }
  }

  #forget(): void {
    clearTimeout(this.#offer?.timer);
    this.#offer = undefined;
  }
}

/** The item as LSP has it, as far as the server looks at it. */
function told(item: vscode.InlineCompletionItem): object {
  const { command, arguments: values } = item.command ?? {};
  return { insertText: item.insertText, command: { command, arguments: values } };
}
