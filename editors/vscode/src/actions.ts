import * as vscode from "vscode";
import {
  type CodeAction,
  CodeActionRequest,
  CodeActionTriggerKind,
  Command,
  type LanguageClient,
} from "vscode-languageclient/node";

/** The server's command for every action that a model does. */
export const ACTION = "codestral.action";
/** Actions that need the user's words. */
const ASKING = new Set(["edit"]);

/**
 * The arguments of `codestral.action` with the user's words in them where the action needs some; undefined if
 * the user gives none.
 */
export async function withInstruction(values: readonly unknown[]): Promise<unknown[] | undefined> {
  const [wanted, ...others] = values;
  if (!needsInstruction(wanted)) return [...values];
  const instruction = await vscode.window.showInputBox({
    title: "Codestral: Edit by Instruction",
    prompt: "What should be done with the selection, or with the code at the cursor?",
    placeHolder: "use pathlib",
    ignoreFocusOut: true,
  });
  if (instruction === undefined || instruction.trim() === "") return undefined;
  return [{ ...wanted, instruction: instruction.trim() }, ...others];
}

/** Let the user choose among the actions that the server has for the selection, and run it. */
export async function runAction(client: LanguageClient): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    void vscode.window.showInformationMessage("Codestral: put the cursor into a file first.");
    return;
  }
  const items = (await actionsAt(client, editor)).map((action) => ({ label: action.title, action }));
  if (items.length === 0) {
    void vscode.window.showInformationMessage("Codestral: there is no action for this place.");
    return;
  }
  const picked = await vscode.window.showQuickPick(items, { title: "Codestral: Run an Action Here" });
  const command = picked?.action.command;
  if (command !== undefined) {
    await vscode.commands.executeCommand(
      command.command,
      ...((command.arguments as unknown[] | undefined) ?? []),
    );
  }
}

async function actionsAt(client: LanguageClient, editor: vscode.TextEditor): Promise<CodeAction[]> {
  const { document, selection } = editor;
  const near = vscode.languages
    .getDiagnostics(document.uri)
    .filter((diagnostic) => diagnostic.range.intersection(selection) !== undefined);
  const found = await client.sendRequest(CodeActionRequest.type, {
    textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(document),
    range: client.code2ProtocolConverter.asRange(selection),
    context: {
      diagnostics: await client.code2ProtocolConverter.asDiagnostics(near),
      triggerKind: CodeActionTriggerKind.Invoked,
    },
  });
  return (found ?? []).filter((action): action is CodeAction => !Command.is(action));
}

function needsInstruction(wanted: unknown): wanted is { action: string } {
  if (typeof wanted !== "object" || wanted === null) return false;
  const { action, instruction } = wanted as { action?: unknown; instruction?: unknown };
  return typeof action === "string" && ASKING.has(action) && typeof instruction !== "string";
}
