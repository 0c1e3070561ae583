import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";

import * as vscode from "vscode";
import {
  DidChangeConfigurationNotification,
  ExecuteCommandRequest,
  LanguageClient,
  State,
  WorkDoneProgressCancelNotification,
} from "vscode-languageclient/node";

import { clientOptions, experimentalCapabilities, STATUS_CHANGED } from "./clientOptions";
import { Feedback } from "./feedback";
import { ActionProgress } from "./progress";
import { findProgram, type Machine, ProgramNotFound } from "./program";
import { covers, settingsTree, type Tree } from "./settings";
import { Standing } from "./standing";
import { type ServerStatus } from "./status";
import { type StatusBar } from "./statusBar";

const MACHINE: Machine = {
  windows: process.platform === "win32",
  home: homedir(),
  environment: process.env,
  path,
  isProgram,
};

/** A server that dies more often within this time is not started again: it would go on so. */
const MOST_CRASHES = 4;
const CRASHES_MS = 3 * 60_000;
/** A process that ends at all ends in that time. */
const END_MS = 5000;

/** One language server, its start, its end, and what it is told. */
export class Session implements vscode.Disposable {
  #client: LanguageClient | undefined;
  #sent: Tree = {};
  #crashes: number[] = [];
  /** The number of the newest start that is wanted, and whether one is going on: else the client starts by itself. */
  #wanted = 0;
  #starts = false;
  readonly #standing = new Standing();
  /** Starts and stops, one after another. */
  #last: Promise<void> = Promise.resolve();
  readonly #feedback = new Feedback((method, params) => {
    void this.client?.sendNotification(method, params);
  });
  readonly #progress = new ActionProgress((token) => {
    void this.client?.sendNotification(WorkDoneProgressCancelNotification.type, { token });
  });

  constructor(
    private readonly log: vscode.LogOutputChannel,
    private readonly bar: StatusBar,
    private readonly names: readonly string[],
  ) {}

  /** The client, if its server runs. */
  get client(): LanguageClient | undefined {
    return this.#client?.state === State.Running ? this.#client : undefined;
  }

  /** Start the server, or start it anew. Settles once it runs or once the user has been told why not. */
  async restart(): Promise<void> {
    // A program that never answers must not keep the next one waiting.
    const client = this.#client;
    if (client?.state === State.Starting) void client.dispose().catch(() => undefined);
    const mine = ++this.#wanted;
    this.#crashes = [];
    const next = this.#last.then(async () => {
      await this.#stop();
      if (mine === this.#wanted) await this.#start(mine);
    });
    this.#last = next;
    await next;
  }

  /** Run one of the server's commands. Without a server the user is told so, and the answer is undefined. */
  async ask(command: string, ...values: unknown[]): Promise<unknown> {
    if (this.client === undefined) {
      this.complain();
      return undefined;
    }
    return await this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: values });
  }

  /** Tell the user that the server does not run. */
  complain(): void {
    const restart = "Restart the Server";
    void vscode.window
      .showWarningMessage("Codestral: the server is not running.", restart)
      .then(async (chosen) => {
        if (chosen === restart) await this.restart();
      });
  }

  /** Tell the server the settings. It adds them to those it has: if one is gone, it has to be started anew. */
  async tellSettings(): Promise<void> {
    await this.#last;
    const tree = this.#tree();
    if (!covers(tree, this.#sent)) {
      await this.restart();
    } else if (JSON.stringify(tree) !== JSON.stringify(this.#sent)) {
      this.#sent = tree;
      const settings = { codestral: tree };
      await this.client?.sendNotification(DidChangeConfigurationNotification.type, { settings });
    }
  }

  dispose(): void {
    this.#feedback.dispose();
    void this.stop();
  }

  /** End the server. */
  async stop(): Promise<void> {
    this.#last = this.#last.then(() => this.#stop());
    await this.#last;
  }

  async #start(mine: number): Promise<void> {
    const configuration = vscode.workspace.getConfiguration("codestral");
    this.bar.show({ state: "starting" });
    this.#starts = true;
    try {
      const command = findProgram(configuration.get<string>("server.path", ""), MACHINE);
      const args = configuration.get<string[]>("server.arguments", []);
      this.log.info(`Starting ${[command, ...args].join(" ")}`);
      const client = this.#make(command, args);
      this.#client = client;
      await client.start();
    } catch (error) {
      if (mine === this.#wanted) this.#failed(error);
    } finally {
      this.#starts = false;
    }
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#progress.clear();
    if (client !== undefined) await ended(client);
    this.#isRunning(false);
  }

  #startsAgain(client: LanguageClient): boolean {
    if (client !== this.#client || client.state !== State.Running) return false;
    const now = Date.now();
    this.#crashes = [...this.#crashes.filter((at) => now - at < CRASHES_MS), now];
    if (this.#crashes.length <= MOST_CRASHES) return true;
    this.complain();
    return false;
  }

  /** What was said to the last server is said to a new one before it hears of any document. */
  #sayAgain(): void {
    for (const command of this.#standing.again(Date.now())) {
      void this.client?.sendRequest(ExecuteCommandRequest.type, command).catch(() => undefined);
    }
  }

  #make(command: string, args: string[]): LanguageClient {
    const options = clientOptions({
      log: this.log,
      feedback: this.#feedback,
      progress: this.#progress,
      startSettings: () => (this.#sent = this.#tree()),
      sentSettings: () => this.#sent,
      settingsChanged: () => this.tellSettings(),
      startsAgain: () => this.#startsAgain(client),
      executed: (command, values, answer) => {
        this.#standing.heard(command, values, answer, Date.now());
      },
    });
    // The home folder: an open folder could have modules in it that Python would load.
    const server = { command, args, options: { cwd: homedir() } };
    const client: LanguageClient = new QuietClient("codestral", "Codestral", server, options);
    client.registerFeature(experimentalCapabilities);
    client.onNotification(STATUS_CHANGED, (status: ServerStatus) => {
      if (client === this.#client) this.bar.show(status);
    });
    client.onDidChangeState(({ newState }) => {
      if (client === this.#client) this.#stateChanged(newState);
    });
    return client;
  }

  #stateChanged(state: State): void {
    this.#isRunning(state === State.Running);
    if (state === State.Starting) this.bar.show({ state: "starting" });
    if (state === State.Running) this.#sayAgain();
    if (state === State.Stopped || state === State.StartFailed) {
      this.#progress.clear();
      this.bar.show({ state: "stopped", message: "The server has stopped: its log says why" });
    }
    if (state === State.StartFailed && !this.#starts) this.complain();
  }

  #isRunning(running: boolean): void {
    void vscode.commands.executeCommand("setContext", "codestral-lsp.running", running);
  }

  #failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.log.error(reason);
    this.bar.show({ state: "stopped", message: `The server does not run: ${reason}` });
    const [text, ...buttons] =
      error instanceof ProgramNotFound
        ? [
            `Codestral: the server was not found: ${reason}. Install codestral-lsp, or say where it is.`,
            { title: "Open Settings", command: "codestral-lsp.serverSettings" },
            { title: "How to Install", command: "codestral-lsp.walkthrough" },
          ]
        : [
            "Codestral: the server does not start. Its log says why.",
            { title: "Show Log", command: "codestral-lsp.log" },
            { title: "Open Settings", command: "codestral-lsp.serverSettings" },
          ];
    void vscode.window.showErrorMessage(text, ...buttons).then(async (chosen) => {
      if (chosen !== undefined) await vscode.commands.executeCommand(chosen.command);
    });
  }

  #tree(): Tree {
    const configuration = vscode.workspace.getConfiguration("codestral");
    return settingsTree(this.names, (name) => configuration.inspect(name), vscode.workspace.isTrusted);
  }
}

/** What the client would show by force is in its log; the session says it, once. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** Ends `client`. One that starts cannot be stopped: it is disposed, which kills its process, and fails. */
async function ended(client: LanguageClient): Promise<void> {
  const starting = client.state === State.Starting;
  const over = new Promise<void>((resolve) => {
    setTimeout(resolve, END_MS);
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped || newState === State.StartFailed) resolve();
    });
  });
  // A server that has died has nothing to be stopped.
  await client.dispose().catch(() => undefined);
  if (starting) await over;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
