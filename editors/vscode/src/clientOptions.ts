import { createInterface } from "node:readline";

import { type LogOutputChannel, Uri } from "vscode";
import {
  type ClientCapabilities,
  CloseAction,
  ErrorAction,
  type ExecuteCommandParams,
  ExecuteCommandRequest,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  type StaticFeature,
} from "vscode-languageclient/node";

import { ACTION, withInstruction } from "./actions";
import { type Feedback } from "./feedback";
import { showMarkdown } from "./pages";
import { type ActionProgress } from "./progress";
import { type Tree } from "./settings";

/** The server's notification of its status. */
export const STATUS_CHANGED = "codestral/status";
const SECTION = "codestral";

export interface Parts {
  readonly log: LogOutputChannel;
  readonly feedback: Feedback;
  readonly progress: ActionProgress;
  /** The settings for a server that starts. */
  startSettings(): Tree;
  /** The settings that the server has. */
  sentSettings(): Tree;
  settingsChanged(): Promise<void>;
  /** Whether a server whose connection has ended is to be started again. */
  startsAgain(): boolean;
  /** A command was answered. */
  executed(command: string, values: readonly unknown[], answer: unknown): void;
}

/** What the server is told of this client beside what the protocol knows. */
export const experimentalCapabilities: StaticFeature = {
  fillClientCapabilities(capabilities: ClientCapabilities) {
    capabilities.experimental = { codestral: { instructions: true, status: true } };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};

/** How the language client behaves where that is not as it comes. */
export function clientOptions(parts: Parts): LanguageClientOptions {
  return {
    // No other schemes: the server could not tell whose file it is, and what is excluded by its path.
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
    outputChannel: parts.log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    errorHandler: {
      // What cannot be written any more is followed by the end of the connection.
      error: () => ({ action: ErrorAction.Continue }),
      closed: () => ({ action: parts.startsAgain() ? CloseAction.Restart : CloseAction.DoNotRestart }),
    },
    initializationFailedHandler: () => false,
    initializationOptions: () => ({ [SECTION]: parts.startSettings() }),
    // What the server writes there is its log, with levels of its own.
    stdioOptions: {
      stdout: (input) => input.resume(),
      stderr: (input) =>
        createInterface(input).on("line", (line) => {
          parts.log.info(line);
        }),
    },
    middleware: {
      sendRequest: async (type, param, token, next) => {
        const answer = await next(type, param, token);
        if ((typeof type === "string" ? type : type.method) === ExecuteCommandRequest.method) {
          const { command, arguments: values } = param as ExecuteCommandParams;
          parts.executed(command, values ?? [], answer);
        }
        return answer;
      },
      provideInlineCompletionItems: async (document, position, context, token, next) => {
        const found = await next(document, position, context, token);
        if (found && !token.isCancellationRequested) {
          parts.feedback.offered(document, Array.isArray(found) ? found : found.items);
        }
        return found;
      },
      executeCommand: async (command, values, next) => {
        const complete = command === ACTION ? await withInstruction(values) : values;
        return complete === undefined ? undefined : ((await next(command, complete)) as unknown);
      },
      handleWorkDoneProgress: parts.progress.handle,
      workspace: {
        configuration: ({ items }) =>
          items.map(({ section }) => (section === SECTION ? parts.sentSettings() : null)),
        didChangeConfiguration: () => parts.settingsChanged(),
      },
      window: {
        showDocument: async (params, token, next) => {
          if (params.external === true || !params.uri.endsWith(".md")) return await next(params, token);
          await showMarkdown(Uri.parse(params.uri, true));
          return { success: true };
        },
      },
    },
  };
}
