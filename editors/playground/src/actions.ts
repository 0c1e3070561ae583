/** The menu of code actions, and the words that some of them need. */

import { Disconnected, ResponseError } from "./lsp/connection";
import type { Session } from "./lsp/session";
import type { CodeAction } from "./lsp/types";
import type { Editor } from "./editor/editor";
import { askForWords } from "./ui/dialogs";
import { openMenu, type Anchor } from "./ui/menu";
import { toast } from "./ui/toasts";

/** The action whose words the person gives. */
const BY_INSTRUCTION = "edit";

const KINDS: Record<string, string> = {
  quickfix: "fix",
  "refactor.rewrite": "rewrite",
  "refactor.extract": "extract",
};

export async function openActions(editor: Editor, session: Session | null, anchor: Anchor): Promise<void> {
  const page = editor.shown;
  if (session === null || page === null) return;
  await tried(async () => {
    const found = (await session.codeActions(page.uri, editor.selection())) ?? [];
    const items = found.map((action) => ({
      label: action.title,
      hint: KINDS[action.kind ?? ""] ?? "",
      run: () => void tried(() => begin(session, action)),
    }));
    openMenu(anchor, "Code actions", items, "There is nothing to do here.");
  });
}

async function begin(session: Session, action: CodeAction): Promise<void> {
  const { command } = action;
  if (command === undefined) return;
  const [first] = command.arguments ?? [];
  if (isInstructed(first)) {
    const instruction = await askForWords("What shall become of it?");
    if (instruction === null) return;
    await session.execute({ ...command, arguments: [{ ...first, instruction }] });
  } else {
    await session.execute(command);
  }
}

function isInstructed(argument: unknown): argument is { action: string } {
  return (
    typeof argument === "object" &&
    argument !== null &&
    "action" in argument &&
    argument.action === BY_INSTRUCTION
  );
}

async function tried(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ResponseError) toast("warning", error.message);
    else if (!(error instanceof Disconnected)) throw error;
  }
}
