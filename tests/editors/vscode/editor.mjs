// A real VS Code: code-server with extensions, shown in a headless Chromium.
import { spawn } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root =
  process.env.CODESTRAL_LSP_EDITORS_DIR ?? path.join(os.homedir(), ".cache", "codestral-lsp-editors");
export const HOST = path.join(root, "vscode-host");
const HANDS = fileURLToPath(new URL("driver-extension", import.meta.url));
export const PATIENCE_MS = 60_000;

/** Without what moves text about, asks questions, covers the code, or works behind the scenes. */
const NEUTRAL_SETTINGS = {
  "editor.autoClosingBrackets": "never",
  "editor.autoClosingQuotes": "never",
  "editor.autoIndent": "none",
  "editor.detectIndentation": false,
  "editor.formatOnSave": false,
  "editor.codeLens": false,
  "editor.hover.enabled": "off",
  "editor.minimap.enabled": false,
  "editor.occurrencesHighlight": "off",
  "editor.parameterHints.enabled": false,
  "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" },
  "editor.suggestOnTriggerCharacters": false,
  "editor.trimAutoWhitespace": false,
  "files.autoSave": "off",
  "files.eol": "auto",
  "files.insertFinalNewline": false,
  "files.trimFinalNewlines": false,
  "files.trimTrailingWhitespace": false,
  "git.enabled": false,
  "remote.autoForwardPorts": false,
  "security.workspace.trust.enabled": false,
  "typescript.disableAutomaticTypeAcquisition": true,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "workbench.localHistory.enabled": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "chat.disableAIFeatures": true,
};

const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** Starts VS Code on a folder. `home` holds all that it writes. */
export async function startEditor({
  home,
  folder,
  settings = {},
  extensions,
  environment = {},
  trust = false,
}) {
  const cleanups = [];
  const editor = { home, close: () => closeAll(cleanups) };
  try {
    const hands = await listenForHands(cleanups);
    const port = await freePort();
    const env = {
      ...process.env,
      PATH: `${path.dirname(path.join(HOST, "node"))}:${process.env.PATH}`,
      ...environment,
      HOME: home,
      XDG_CONFIG_HOME: path.join(home, ".config"),
      XDG_DATA_HOME: path.join(home, ".local", "share"),
      XDG_CACHE_HOME: path.join(home, ".cache"),
      EXTENSIONS_GALLERY: '{"serviceUrl":""}',
      CODESTRAL_TEST_DRIVER_PORT: String(hands.port),
    };
    delete env.VSCODE_IPC_HOOK_CLI;
    await writeConfig(home, port);
    await writeSettings(home, settings);
    const installed = path.join(home, ".local", "share", "code-server", "extensions");
    await cp(HANDS, path.join(installed, "tests.driver-0.0.1"), { recursive: true });
    for (const file of extensions) await codeServer(env, ["--install-extension", file]);
    const server = await serve(env, folder, trust);
    cleanups.push(() => stopped(server));
    editor.page = await openPage(port, folder, cleanups);
    editor.hands = await within(hands.connected, "the start of the driver's extension");
    return editor;
  } catch (error) {
    await editor.close();
    throw error;
  }
}

/**
 * Replaces the user's settings, which VS Code also follows while it runs. To code-server all windows are remote
 * ones: settings with machine scope are read from the machine's file alone.
 */
export async function writeSettings(home, settings) {
  const text = JSON.stringify({ ...NEUTRAL_SETTINGS, ...settings }, null, 2);
  for (const name of ["User", "Machine"]) {
    const folder = path.join(home, ".local", "share", "code-server", name);
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "settings.json"), text);
  }
}

async function writeConfig(home, port) {
  const folder = path.join(home, ".config", "code-server");
  const lines = [`bind-addr: 127.0.0.1:${port}`, "auth: none", "cert: false", ""];
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "config.yaml"), lines.join("\n"));
}

function command(env, values) {
  const entry = path.join(HOST, "node_modules", "code-server", "out", "node", "entry.js");
  return spawn(path.join(HOST, "node"), [entry, ...values], { env, stdio: ["ignore", "pipe", "pipe"] });
}

async function codeServer(env, values) {
  const child = command(env, values);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(`code-server ${values.join(" ")} failed: ${output}`);
}

function serve(env, folder, trust) {
  const child = command(env, [
    "--disable-telemetry",
    "--disable-update-check",
    ...(trust ? [] : ["--disable-workspace-trust"]),
    "--disable-getting-started-override",
    "--disable-proxy",
    "--reconnection-grace-time",
    "5",
    "--ignore-last-opened",
    folder,
  ]);
  return new Promise((resolve, reject) => {
    let output = "";
    const look = (data) => {
      output += data;
      if (output.includes("HTTP server listening")) resolve(child);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.on("close", () => reject(new Error(`code-server ended: ${output}`)));
  });
}

async function openPage(port, folder, cleanups) {
  const { chromium } = createRequire(path.join(HOST, "package.json"))("playwright-core");
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: CHROMIUM_ARGUMENTS });
  cleanups.push(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}`);
  await page.waitForSelector(".monaco-workbench .part.statusbar");
  return page;
}

async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The driver's extension connects here; `connected` gives a function that has something done in VS Code. */
async function listenForHands(cleanups) {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => server.close());
  const connected = new Promise((resolve) => {
    server.on("connection", (socket) => {
      cleanups.push(() => socket.destroy());
      resolve(handsOn(socket));
    });
  });
  return { port: server.address().port, connected };
}

function handsOn(socket) {
  const waiting = new Map();
  let last = 0;
  let rest = "";
  socket.setEncoding("utf8").on("data", (data) => {
    const lines = (rest + data).split("\n");
    rest = lines.pop();
    for (const { id, value, error } of lines.map((line) => JSON.parse(line))) {
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) resolve(value);
      else reject(new Error(error));
    }
  });
  socket.on("error", () => undefined);
  return (action, args) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ id, action, args })}\n`);
    });
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Ends code-server and what it started: it ends its children when it is told to end itself. */
function stopped(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    child.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

async function closeAll(cleanups) {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}
