import * as vscode from "vscode";

import { type Status, statusView } from "./status";

/** The entry in the status bar; a click opens the menu. */
export class StatusBar implements vscode.Disposable {
  readonly #item: vscode.StatusBarItem;
  #status: Status = { state: "starting" };

  constructor() {
    this.#item = vscode.window.createStatusBarItem("codestral-lsp", vscode.StatusBarAlignment.Right, 100);
    this.#item.name = "Codestral";
    this.#item.command = "codestral-lsp.menu";
    this.show(this.#status);
    this.#item.show();
  }

  get status(): Status {
    return this.#status;
  }

  show(status: Status): void {
    this.#status = status;
    const { text, tooltip, warning } = statusView(status);
    this.#item.text = text;
    this.#item.tooltip = tooltip;
    this.#item.backgroundColor = warning
      ? new vscode.ThemeColor("statusBarItem.warningBackground")
      : undefined;
  }

  dispose(): void {
    this.#item.dispose();
  }
}
