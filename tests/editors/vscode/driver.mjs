// Drives a real VS Code.
//
//   node driver.mjs serve
//       reads one JSON object a line: {"do": "start", "home": ..., "folder": ..., "extensions": [...], ...} first,
//       then what is in `ACTIONS`; answers each with {"value": ...} or {"error": ...}. Ends with its input.
//   node driver.mjs screenshot OUT.png [SERVER ARGUMENT...]
//       a picture of a window with ghost text of several lines, from this server (codestral-lsp if none is named) with
//       the user's own files.
import process from "node:process";
import { createInterface } from "node:readline";

import { acceptCases } from "./cases.mjs";
import { startEditor, writeSettings } from "./editor.mjs";
import { screenshot } from "./screenshot.mjs";
import * as workbench from "./workbench.mjs";

const ACTIONS = {
  ...workbench,
  acceptCases,
  /** Has the driver's extension do something inside VS Code. */
  hands: (editor, { action, ...args }) => editor.hands(action, args),
  /** Replaces the user's settings. */
  settings: (editor, { values }) => writeSettings(editor.home, values),
};

async function serve() {
  let editor;
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: action, ...args } = JSON.parse(line);
    let answer;
    try {
      if (action === "start") editor = await startEditor(args);
      answer = { value: (action === "start" ? null : await ACTIONS[action](editor, args)) ?? null };
    } catch (error) {
      answer = { error: error.message };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  await editor?.close();
}

const [mode, ...values] = process.argv.slice(2);
if (mode === "serve") {
  await serve();
} else if (mode === "screenshot" && values.length > 0) {
  const [file, ...server] = values;
  await screenshot(file, server.length > 0 ? server : ["codestral-lsp"]);
} else {
  process.stderr.write("usage: driver.mjs serve | screenshot OUT.png [SERVER ARGUMENT...]\n");
  process.exitCode = 2;
}
