/** Asking for suggestions: after each edit, and by hand. The newest question is the only one. */

import { ViewPlugin, type EditorView, type ViewUpdate } from "@codemirror/view";
import { pageDocument } from "../documents";
import { Disconnected, ResponseError, type Pending } from "../lsp/connection";
import type { Session } from "../lsp/session";
import type { InlineItem } from "../lsp/types";
import { choiceOf, ghostField, ghostOf, setGhost, type Ghost } from "./ghost";
import { positionOf } from "./positions";

/** Milliseconds after an edit: the server waits by itself for as long as its backend's pace calls for. */
const AFTER_EDIT_MS = 20;

export interface AskingHost {
  session: () => Session | null;
  /** A request was answered, with a suggestion or without. */
  answered: () => void;
  /** Ghost text appears that was not there before. */
  shown: (ghost: Ghost) => void;
}

export class Asker {
  private pending: Pending<unknown> | null = null;
  private timer: number | undefined;
  private readonly told = new WeakSet<InlineItem>();

  constructor(
    private readonly view: EditorView,
    private readonly host: AskingHost,
  ) {}

  update(update: ViewUpdate): void {
    const asks = update.transactions.some((each) => each.isUserEvent("input") || each.isUserEvent("delete"));
    if (update.docChanged && asks && !this.isComposing()) {
      this.later();
    } else if (update.docChanged || update.selectionSet) {
      this.stop();
    }
    const ghost = update.state.field(ghostField);
    if (ghost !== null) this.tellShown(ghost);
  }

  destroy(): void {
    this.stop();
  }

  /** Ask after a moment, in which more may be typed. */
  later(): void {
    this.stop();
    this.timer = window.setTimeout(() => void this.ask(false), AFTER_EDIT_MS);
  }

  /**
   * Ask now. By hand (`invoked`) several suggestions may come: the best is shown, or the one that is `step` further
   * than what was shown before.
   */
  async ask(invoked: boolean, step = 0): Promise<void> {
    this.stop();
    const { view } = this;
    const session = this.host.session();
    const page = view.state.facet(pageDocument);
    const { main, ranges } = view.state.selection;
    if (session === null || page === null || !main.empty || ranges.length > 1 || this.isComposing()) return;
    const { head } = main;
    const { version } = page;
    const pending = session.inlineCompletion(page.uri, positionOf(view.state.doc, head), invoked);
    this.pending = pending;
    let items: InlineItem[] | null = null;
    try {
      items = (await pending.answer)?.items ?? null;
    } catch (error) {
      if (!(error instanceof ResponseError || error instanceof Disconnected)) throw error;
    }
    this.host.answered();
    if (this.pending !== pending) return;
    this.pending = null;
    const now = view.state;
    const isThere = now.facet(pageDocument) === page && page.version === version;
    if (items === null || !isThere || now.selection.main.head !== head || this.isComposing()) return;
    const ghost = ghostOf(now, head, items, invoked);
    view.dispatch({ effects: setGhost.of(invoked ? moved(now.field(ghostField), ghost, step) : ghost) });
  }

  stop(): void {
    window.clearTimeout(this.timer);
    this.pending?.cancel();
    this.pending = null;
  }

  private isComposing(): boolean {
    return this.view.compositionStarted;
  }

  private tellShown(ghost: Ghost): void {
    const { item } = choiceOf(ghost);
    if (this.told.has(item)) return;
    this.told.add(item);
    this.host.session()?.shown(item);
    this.host.shown(ghost);
  }
}

/** The ghost of an answer by hand, `step` further than what was shown before. */
function moved(before: Ghost | null, ghost: Ghost | null, step: number): Ghost | null {
  if (ghost === null || step === 0) return ghost;
  const text = before === null ? null : choiceOf(before).text;
  const known = ghost.choices.findIndex((choice) => choice.text === text);
  return known < 0
    ? ghost
    : { ...ghost, index: (known + step + ghost.choices.length) % ghost.choices.length };
}

export function asking(host: AskingHost): ViewPlugin<Asker> {
  return ViewPlugin.define((view) => new Asker(view, host), {
    eventHandlers: {
      // Input methods edit around the cursor: nothing of ours may stand there meanwhile.
      compositionstart(_event, view) {
        this.stop();
        if (view.state.field(ghostField) !== null) view.dispatch({ effects: setGhost.of(null) });
      },
      compositionend() {
        this.later();
      },
    },
  });
}
