/** A session with the server: what the page can do, and the requests that it makes. */

import type { Standing } from "../../../vscode/src/standing";
import { Connection, type Handlers, type Pending } from "./connection";
import type {
  CodeAction,
  Command,
  Explanation,
  FullStatus,
  InlineItem,
  Position,
  Range,
  Stats,
} from "./types";

export interface Folder {
  uri: string;
  name: string;
}

const INVOKED = 1;
const AUTOMATIC = 2;

const CAPABILITIES = {
  general: { positionEncodings: ["utf-16"] },
  textDocument: {
    synchronization: { dynamicRegistration: false, didSave: false },
    inlineCompletion: { dynamicRegistration: false },
    codeAction: {
      isPreferredSupport: true,
      codeActionLiteralSupport: {
        codeActionKind: {
          valueSet: ["quickfix", "refactor", "refactor.rewrite", "refactor.extract", "source"],
        },
      },
    },
  },
  workspace: {
    applyEdit: true,
    workspaceFolders: true,
    workspaceEdit: {
      documentChanges: true,
      resourceOperations: ["create"],
      changeAnnotationSupport: { groupsOnLabel: false },
    },
  },
  window: { showDocument: { support: true }, workDoneProgress: true },
  experimental: {
    codestral: { status: true, replacesAfterCursor: true, asksAgain: true, instructions: true },
  },
};

export class Session {
  private constructor(
    private readonly connection: Connection,
    private readonly standing: Standing,
  ) {}

  /** Connect, initialize, and say again what was said to the server before. */
  static async begin(
    url: string,
    { version, folders }: { version: string; folders: Folder[] },
    handlers: Handlers,
    standing: Standing,
  ): Promise<Session> {
    const connection = await Connection.open(url, handlers);
    const params = {
      processId: null,
      clientInfo: { name: "codestral-playground", version },
      rootUri: folders[0]?.uri ?? null,
      workspaceFolders: folders.length > 0 ? folders : null,
      capabilities: CAPABILITIES,
    };
    await connection.request("initialize", params).answer;
    connection.notify("initialized", {});
    const session = new Session(connection, standing);
    for (const command of standing.again(Date.now())) void session.execute(command).catch(() => undefined);
    return session;
  }

  get isOpen(): boolean {
    return this.connection.isOpen;
  }

  /** Tell the server that the page goes; it ends the session then. */
  end(): void {
    this.connection.close();
  }

  didOpen(uri: string, languageId: string, version: number, text: string): void {
    this.connection.notify("textDocument/didOpen", { textDocument: { uri, languageId, version, text } });
  }

  didChange(uri: string, version: number, contentChanges: { range: Range; text: string }[]): void {
    this.connection.notify("textDocument/didChange", { textDocument: { uri, version }, contentChanges });
  }

  inlineCompletion(
    uri: string,
    position: Position,
    invoked: boolean,
  ): Pending<{ items: InlineItem[] } | null> {
    return this.connection.request("textDocument/inlineCompletion", {
      textDocument: { uri },
      position,
      context: { triggerKind: invoked ? INVOKED : AUTOMATIC },
    });
  }

  codeActions(uri: string, range: Range): Promise<CodeAction[] | null> {
    const params = { textDocument: { uri }, range, context: { diagnostics: [], triggerKind: 1 } };
    return this.connection.request<CodeAction[] | null>("textDocument/codeAction", params).answer;
  }

  async execute<T>(command: Command): Promise<T> {
    const params = { command: command.command, arguments: command.arguments ?? [] };
    const answer = await this.connection.request<T>("workspace/executeCommand", params).answer;
    this.standing.heard(params.command, params.arguments, answer, Date.now());
    return answer;
  }

  explain(): Promise<Explanation> {
    return this.execute({ command: "codestral.explain" });
  }

  stats(): Promise<Stats> {
    return this.execute({ command: "codestral.stats" });
  }

  status(): Promise<FullStatus> {
    return this.execute({ command: "codestral.status" });
  }

  chooseBackend(name: string | null): Promise<FullStatus> {
    return this.execute({ command: "codestral.backend", arguments: [name] });
  }

  shown(item: InlineItem): void {
    this.connection.notify("textDocument/didShowCompletion", { item });
  }

  /** The user took `item` whole. */
  accepted(item: InlineItem): void {
    if (item.command !== undefined) void this.execute(item.command).catch(() => undefined);
  }

  /** The user took the first `length` UTF-16 units of `item`. */
  acceptedPart(item: InlineItem, length: number): void {
    this.connection.notify("textDocument/didPartiallyAcceptCompletion", { item, acceptedLength: length });
  }

  cancelProgress(token: string | number): void {
    this.connection.notify("window/workDoneProgress/cancel", { token });
  }
}
