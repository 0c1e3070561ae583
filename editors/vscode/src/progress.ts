import * as vscode from "vscode";
import {
  type HandleWorkDoneProgressSignature,
  type ProgressToken,
  type WorkDoneProgressBegin,
  type WorkDoneProgressEnd,
  type WorkDoneProgressReport,
} from "vscode-languageclient/node";

type Value = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

interface Running {
  report(message: string): void;
  end(): void;
}

/** Shows the progress of actions with a button that cancels them, which the client's own display lacks. */
export class ActionProgress {
  readonly #running = new Map<ProgressToken, Running>();

  constructor(private readonly cancel: (token: ProgressToken) => void) {}

  readonly handle = (token: ProgressToken, value: Value, next: HandleWorkDoneProgressSignature): void => {
    const running = this.#running.get(token);
    if (value.kind === "begin" && value.cancellable === true) {
      this.#begin(token, value.title);
    } else if (value.kind === "report" && running !== undefined) {
      running.report(value.message ?? "");
    } else {
      running?.end();
      this.#running.delete(token);
      next(token, value);
    }
  };

  /** The server is gone, and with it whatever ran there. */
  clear(): void {
    for (const running of this.#running.values()) running.end();
    this.#running.clear();
  }

  #begin(token: ProgressToken, title: string): void {
    const location = vscode.ProgressLocation.Notification;
    void vscode.window.withProgress({ location, title, cancellable: true }, (progress, cancellation) => {
      cancellation.onCancellationRequested(() => {
        this.cancel(token);
      });
      return new Promise<void>((resolve) => {
        this.#running.set(token, {
          report: (message) => {
            progress.report({ message });
          },
          end: resolve,
        });
      });
    });
  }
}
