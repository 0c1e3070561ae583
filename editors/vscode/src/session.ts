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
import { type ServerStatus } from "./status";
import { type StatusBar } from "./statusBar";

const MACHINE: Machine = {
  windows: process.platform === "win32",
  home: homedir(),
  environment: process.env,
  path,
  isProgram,
};

/** One language server, its start, its end, and what it is told. */
export class Session implements vscode.Disposable {
  #client: LanguageClient | undefined;
  #sent: Tree = {};
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
    const next = this.#last.then(async () => {
      await this.#stop();
      await this.#start();
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

  async #start(): Promise<void> {
    const configuration = vscode.workspace.getConfiguration("codestral");
    this.bar.show({ state: "starting" });
    try {
      const command = findProgram(configuration.get<string>("server.path", ""), MACHINE);
      const args = configuration.get<string[]>("server.arguments", []);
      this.log.info(`Starting ${[command, ...args].join(" ")}`);
      const client = this.#make(command, args);
      this.#client = client;
      await client.start();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#progress.clear();
    // A server that has died has nothing to be stopped.
    await client?.dispose().catch(() => undefined);
    this.#isRunning(false);
  }

  #make(command: string, args: string[]): LanguageClient {
    const options = clientOptions({
      log: this.log,
      feedback: this.#feedback,
      progress: this.#progress,
      startSettings: () => (this.#sent = this.#tree()),
      sentSettings: () => this.#sent,
      settingsChanged: () => this.tellSettings(),
    });
    // The home folder: an open folder could have modules in it that Python would load.
    const server = { command, args, options: { cwd: homedir() } };
    const client = new LanguageClient("codestral", "Codestral", server, options);
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
    if (state === State.Stopped) {
      this.#progress.clear();
      this.bar.show({ state: "stopped", message: "The server has stopped: its log says why" });
    }
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

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
