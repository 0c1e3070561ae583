import * as vscode from "vscode";

import { registerCommands } from "./commands";
import { Pages } from "./pages";
import { Session } from "./session";
import { settingNames } from "./settings";
import { StatusBar } from "./statusBar";

let running: Session | undefined;

/** Start the server, and keep it in step with the settings. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Codestral", { log: true });
  const bar = new StatusBar();
  const pages = new Pages();
  const session = new Session(log, bar, settingNames(context.extension.packageJSON));
  running = session;
  context.subscriptions.push(
    log,
    bar,
    pages,
    session,
    registerCommands({ session, bar, pages, log }),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("codestral.server")) await session.restart();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => session.tellSettings()),
  );
  await session.restart();
}

/** End the server before VS Code ends. */
export async function deactivate(): Promise<void> {
  await running?.stop();
}
