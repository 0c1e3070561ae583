// The driver's hands inside VS Code: it connects to the driver and does there what the driver asks.
const net = require("node:net");

const vscode = require("vscode");

const PATIENCE_MS = 15_000;

const actions = {
  /** Opens a file with the cursor at a place; returns once it has the focus. */
  async open({ path, line, character }) {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
    const place = new vscode.Position(line, character);
    await vscode.window.showTextDocument(document, {
      selection: new vscode.Range(place, place),
      preview: true,
    });
    await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
    return null;
  },

  async run({ command, values = [] }) {
    const result = await vscode.commands.executeCommand(command, ...values);
    return JSON.parse(JSON.stringify(result ?? null));
  },

  /** As `run`, for commands that wait for the user. */
  begin({ command, values = [] }) {
    vscode.commands.executeCommand(command, ...values);
    return null;
  },

  /** Returns once the text of the file that has the focus is `text`. */
  async awaitText({ text }) {
    const { document } = vscode.window.activeTextEditor;
    const holds = () => document.getText() === text;
    await until(
      holds,
      vscode.workspace.onDidChangeTextDocument,
      () => `the text ${JSON.stringify(text)}, but ${JSON.stringify(document.getText())}`,
    );
    return null;
  },

  /** Opens a file at a place and asks for a suggestion there. */
  async openAndAsk(place) {
    await actions.open(place);
    await vscode.commands.executeCommand("editor.action.inlineSuggest.trigger");
    return null;
  },

  /** Accepts what is suggested by VS Code's own command; saves and closes the file once that has changed it. */
  async acceptSaveAndClose() {
    const { document } = vscode.window.activeTextEditor;
    const { version } = document;
    await vscode.commands.executeCommand("editor.action.inlineSuggest.commit");
    await until(
      () => document.version > version,
      vscode.workspace.onDidChangeTextDocument,
      () => "a change",
    );
    const saved = await document.save();
    await actions.closeAll();
    return saved;
  },

  isTrusted() {
    return vscode.workspace.isTrusted;
  },

  async save() {
    return await vscode.window.activeTextEditor.document.save();
  },

  /** Returns once the user's or the workspace's settings under `codestral` are these. */
  async awaitSettings({ expected, of = "globalValue" }) {
    const wanted = JSON.stringify(expected);
    const now = () => {
      const settings = vscode.workspace.getConfiguration("codestral");
      const values = Object.keys(expected).map((name) => [name, settings.inspect(name)?.[of]]);
      return JSON.stringify(Object.fromEntries(values)) === wanted;
    };
    await until(now, vscode.workspace.onDidChangeConfiguration, () => `settings ${wanted}`);
    return null;
  },

  /** Closes what is open, saved or not. */
  async closeAll() {
    while (vscode.window.tabGroups.activeTabGroup.activeTab !== undefined) {
      await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    }
    return null;
  },
};

/** Returns once `holds`, which is asked anew at each event. */
function until(holds, event, what) {
  if (holds()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const subscription = event(() => {
      if (!holds()) return;
      clearTimeout(timer);
      subscription.dispose();
      resolve();
    });
    const timer = setTimeout(() => {
      subscription.dispose();
      reject(new Error(`there is not ${what()}`));
    }, PATIENCE_MS);
  });
}

async function answer({ id, action, args }) {
  try {
    return { id, value: await actions[action](args ?? {}) };
  } catch (error) {
    return { id, error: String(error?.message ?? error) };
  }
}

exports.activate = () => {
  const socket = net.connect(Number(process.env.CODESTRAL_TEST_DRIVER_PORT), "127.0.0.1");
  let rest = "";
  socket.setEncoding("utf8").on("data", async (data) => {
    const lines = (rest + data).split("\n");
    rest = lines.pop();
    for (const line of lines) socket.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  });
};
