// A picture of VS Code with ghost text, for the documentation.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { startEditor } from "./editor.mjs";
import { ghost, status } from "./workbench.mjs";

const VSIX = fileURLToPath(new URL("../../../editors/vscode/codestral-lsp.vsix", import.meta.url));

const SAMPLE = `"""Words and how often they occur."""

from collections import Counter
from pathlib import Path

STOP_WORDS = frozenset({"a", "an", "and", "of", "the", "to"})


def read_words(path: Path) -> list[str]:
    """The words of a file, in lower case."""
    return path.read_text(encoding="utf-8").lower().split()


def most_common_words(path: Path, limit: int = 10) -> list[tuple[str, int]]:
    """The words that occur most often, with how often they do."""
    
`;

const SETTINGS = {
  "workbench.colorTheme": "Default Dark Modern",
  "editor.fontSize": 15,
  "editor.fontFamily": "'DejaVu Sans Mono', monospace",
  "editor.lineHeight": 1.55,
  "editor.inlineSuggest.showToolbar": "never",
  "editor.lightbulb.enabled": "off",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "window.commandCenter": false,
  "workbench.layoutControl.enabled": false,
  "extensions.ignoreRecommendations": true,
};

const MODEL_LOADS_MS = 180_000;
const MODEL_WRITES_MS = 15_000;

/** Leaves the picture in `file`. The server is started as the user would start it, with the user's files. */
export async function screenshot(file, server) {
  const home = await mkdtemp(path.join(os.tmpdir(), "vscode-picture-"));
  const folder = path.join(home, "words");
  let editor;
  try {
    const sample = path.join(folder, "words.py");
    await mkdir(folder);
    await writeFile(sample, SAMPLE);
    editor = await startEditor({
      home,
      folder,
      extensions: [VSIX],
      settings: { ...SETTINGS, ...serverSettings(server) },
    });
    await status(editor, { pattern: "Ready", patience: MODEL_LOADS_MS });
    const lines = SAMPLE.split("\n");
    const line = lines.length - 2;
    await editor.hands("open", { path: sample, line, character: lines[line].length });
    await editor.hands("run", { command: "editor.action.inlineSuggest.trigger" });
    await severalLines(editor);
    await status(editor, { pattern: "Ready" });
    await editor.page.mouse.move(640, 600);
    await editor.page.screenshot({ path: file });
  } finally {
    await editor?.close();
    await rm(home, { recursive: true, force: true });
  }
}

/**
 * Waits for ghost text of several lines. A slow model's first line is shown as soon as it is there; the others are at
 * hand a little later, for what is typed next.
 */
async function severalLines(editor) {
  const lines = editor.page.locator(".suggest-preview-text .view-line");
  const drawn = await ghost(editor, {});
  if ((await lines.count()) === 0) {
    await editor.page.waitForTimeout(MODEL_WRITES_MS); // Nothing on the screen tells when it is done.
    await editor.page.keyboard.type(drawn.slice(0, 2), { delay: 100 });
  }
  await lines.first().waitFor();
}

/** The server with the user's own home folder again, which VS Code here does not have. */
function serverSettings(server) {
  const names = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"];
  const unset = names.filter((name) => !process.env[name]).flatMap((name) => ["-u", name]);
  const set = ["HOME", ...names]
    .filter((name) => process.env[name])
    .map((name) => `${name}=${process.env[name]}`);
  return {
    "codestral.server.path": "/usr/bin/env",
    "codestral.server.arguments": [...unset, ...set, ...server],
  };
}
