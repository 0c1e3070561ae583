import * as vscode from "vscode";

import { runAction } from "./actions";
import { type Pages } from "./pages";
import { type Session } from "./session";
import { type StatusBar } from "./statusBar";

interface Backend {
  readonly name: string;
  readonly kind: string;
  readonly model: string | null;
  readonly remote: boolean;
  readonly state: string;
  readonly chosen: boolean;
}

export interface Parts {
  readonly session: Session;
  readonly bar: StatusBar;
  readonly pages: Pages;
  readonly log: vscode.LogOutputChannel;
}

type Run = () => unknown;

const EXTENSION = "codestral-lsp.codestral-lsp";
const USUAL_SNOOZE_MIN = 10;
const SAMPLE = [
  "def is_prime(number: int) -> bool:",
  '    """Whether a number is a prime."""',
  "    ",
  "",
].join("\n");

/** Register the commands; their names do not collide with the server's, which begin with \`codestral.\`. */
export function registerCommands(parts: Parts): vscode.Disposable {
  const { session, bar, log } = parts;
  const commands: Record<string, Run> = {
    menu: () => showMenu(bar),
    action: () => runActionHere(session),
    explain: () => showPage(parts, "Last suggestions", "codestral.explain"),
    stats: () => showPage(parts, "Statistics of this session", "codestral.stats"),
    backend: () => chooseBackend(session),
    snooze: () => snooze(session),
    wake: () => session.ask("codestral.snooze", null),
    toggle: () => session.ask("codestral.toggle"),
    restart: () => session.restart(),
    log: () => {
      log.show();
    },
    settings: () => openSettings(`@ext:${EXTENSION}`),
    serverSettings: () => openSettings("codestral.server"),
    walkthrough: () =>
      vscode.commands.executeCommand("workbench.action.openWalkthrough", `${EXTENSION}#start`, false),
    sample: openSample,
  };
  const registered = Object.entries(commands).map(([name, run]) =>
    vscode.commands.registerCommand(`codestral-lsp.${name}`, () => reported(run)),
  );
  return vscode.Disposable.from(...registered);
}

/** Run a command; an error of the server's is one line for the user. */
async function reported(run: Run): Promise<void> {
  try {
    await run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(`Codestral: ${reason}`);
  }
}

async function runActionHere(session: Session): Promise<void> {
  if (session.client === undefined) session.complain();
  else await runAction(session.client);
}

async function showPage({ session, pages }: Parts, title: string, command: string): Promise<void> {
  const answer = await session.ask(command);
  if (typeof answer !== "object" || answer === null) return;
  const { markdown } = answer as { markdown?: unknown };
  if (typeof markdown === "string") await pages.show(title, markdown);
}

async function chooseBackend(session: Session): Promise<void> {
  const answer = (await session.ask("codestral.status")) as { backends: Backend[] } | undefined;
  if (answer === undefined) return;
  const items = answer.backends.map((backend) => ({
    label: `${backend.remote ? "$(cloud)" : "$(vm)"} ${backend.name}`,
    description: [backend.model ?? backend.kind, backend.chosen ? "chosen" : ""].filter(Boolean).join(", "),
    detail: `${backend.remote ? "Another machine" : "This machine"}; ${backend.state}`,
    name: backend.name,
  }));
  const usual = { label: "$(list-ordered) As the settings say", description: "", detail: "", name: null };
  const placeHolder = "Which backend is asked first, until the window is closed";
  const picked = await vscode.window.showQuickPick([...items, usual], {
    title: "Codestral: Choose a Backend",
    placeHolder,
  });
  if (picked !== undefined) await session.ask("codestral.backend", picked.name);
}

async function snooze(session: Session): Promise<void> {
  const typed = await vscode.window.showInputBox({
    title: "Codestral: Snooze Suggestions",
    prompt: "For how many minutes?",
    value: String(USUAL_SNOOZE_MIN),
    validateInput: (text) => (Number(text) > 0 ? undefined : "A number of minutes, above 0"),
  });
  if (typed !== undefined) await session.ask("codestral.snooze", Number(typed));
}

async function showMenu(bar: StatusBar): Promise<void> {
  const { status } = bar;
  const entry = (icon: string, text: string, command: string) => ({ label: `$(${icon}) ${text}`, command });
  const about = [
    entry("gear", "Open the Settings", "settings"),
    entry("output", "Show the Log", "log"),
    entry("debug-restart", "Restart the Server", "restart"),
  ];
  const entries =
    status.state === "starting" || status.state === "stopped"
      ? [...about, entry("mortar-board", "How to Begin", "walkthrough")]
      : [
          entry("lightbulb", "Run an Action Here", "action"),
          status.state === "snoozed"
            ? entry("bell", "End the Snooze", "wake")
            : entry("bell-slash", "Snooze Suggestions", "snooze"),
          status.state === "off"
            ? entry("check", "Switch Suggestions On", "toggle")
            : entry("circle-slash", "Switch Suggestions Off", "toggle"),
          entry("server", "Choose a Backend", "backend"),
          entry("question", "Explain the Last Suggestions", "explain"),
          entry("graph", "Show Statistics", "stats"),
          ...about,
        ];
  const picked = await vscode.window.showQuickPick(entries, { title: "Codestral" });
  if (picked !== undefined) await vscode.commands.executeCommand(`codestral-lsp.${picked.command}`);
}

/** Open the settings where those with machine scope are: in a remote window they are the other machine's. */
async function openSettings(query: string): Promise<void> {
  const place = vscode.env.remoteName === undefined ? "openSettings" : "openRemoteSettings";
  await vscode.commands.executeCommand(`workbench.action.${place}`, { query });
}

async function openSample(): Promise<void> {
  const document = await vscode.workspace.openTextDocument({ language: "python", content: SAMPLE });
  const end = document.lineAt(2).range.end;
  await vscode.window.showTextDocument(document, { selection: new vscode.Range(end, end) });
  await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
}
