/** What the server asks of the page, and tells it: messages, edits, pages, progress, the status. */

import { ResponseError, type Handlers } from "./lsp/connection";
import type { MessageParams, MessageRequestParams, Progress, Status, WorkspaceEdit } from "./lsp/types";
import type { Session } from "./lsp/session";
import { applyEdit } from "./editor/edits";
import type { Editor } from "./editor/editor";
import { choose, showPage } from "./ui/dialogs";
import { Running, levelOf, toast } from "./ui/toasts";

const METHOD_NOT_FOUND = -32601;

export interface ClientHost {
  editor: Editor;
  session: () => Session | null;
  status: (status: Status) => void;
  /** Progress that nobody can give up, such as reading the workspace; null when it is over. */
  background: (text: string | null) => void;
  /** An action is over: there may be something new to see. */
  acted: () => void;
  closed: (reason: string) => void;
}

export class Client implements Handlers {
  private readonly pages = new Map<string, string>();
  private readonly running = new Map<string | number, Running | string>();

  constructor(private readonly host: ClientHost) {}

  notification(method: string, params: unknown): void {
    switch (method) {
      case "window/showMessage": {
        const { type, message } = params as MessageParams;
        toast(levelOf(type), message.replace(/^Codestral: /, ""));
        break;
      }
      case "codestral/status":
        this.host.status(params as Status);
        break;
      case "codestral/page": {
        const { uri, markdown } = params as { uri: string; markdown: string };
        this.pages.set(uri, markdown);
        break;
      }
      case "$/progress":
        this.progress(params as Progress);
    }
  }

  async request(method: string, params: unknown): Promise<unknown> {
    switch (method) {
      case "workspace/applyEdit": {
        const { edit } = params as { edit: WorkspaceEdit };
        return applyEdit(this.host.editor, edit, confirmEdit);
      }
      case "window/showMessageRequest": {
        const { message, actions } = params as MessageRequestParams;
        const title = await choose(
          message,
          (actions ?? []).map((each) => each.title),
        );
        return title === null ? null : { title };
      }
      case "window/showDocument":
        return { success: this.showDocument((params as { uri: string }).uri) };
      case "window/workDoneProgress/create":
        return null;
      default:
        throw new ResponseError(METHOD_NOT_FOUND, `the page has no ${method}`);
    }
  }

  closed(reason: string): void {
    for (const each of this.running.values()) if (each instanceof Running) each.end();
    this.running.clear();
    this.host.background(null);
    this.host.closed(reason);
  }

  private showDocument(uri: string): boolean {
    const page = this.host.editor.find(uri);
    const markdown = this.pages.get(uri);
    if (page !== undefined) this.host.editor.show(page);
    else if (markdown !== undefined) showPage(markdown);
    else return false;
    return true;
  }

  private progress({ token, value }: Progress): void {
    const known = this.running.get(token);
    const { kind, title = "", message = "", cancellable = false } = value;
    if (kind === "begin" && cancellable) {
      const cancel = (): void => this.host.session()?.cancelProgress(token);
      this.running.set(token, new Running(title.replace(/^Codestral: /, ""), cancel));
    } else if (kind === "begin") {
      this.running.set(token, title.replace(/^Codestral: /, ""));
      this.host.background(title);
    } else if (kind === "report") {
      if (known instanceof Running) known.report(message);
      else if (known !== undefined) this.host.background(`${known}: ${message}`);
    } else {
      this.running.delete(token);
      if (known instanceof Running) {
        known.end();
        this.host.acted();
      } else {
        this.host.background(null);
      }
    }
  }
}

async function confirmEdit(label: string): Promise<boolean> {
  return (await choose(`Make this large edit? ${label}`, ["Make it", "Leave it"])) === "Make it";
}
