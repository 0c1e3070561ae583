/** The editor with its documents: what is shown, and what the server is told of them. */

import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, isolateHistory } from "@codemirror/commands";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type ChangeSpec, type Extension, type Transaction } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  dropCursor,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  rectangularSelection,
  type Command,
  type ViewUpdate,
} from "@codemirror/view";
import { lineEndOf, pageDocument, withLineEnds, type PageDocument, type Source } from "../documents";
import type { Session } from "../lsp/session";
import type { Range } from "../lsp/types";
import type { Anchor } from "../ui/menu";
import type { Taken } from "./accepting";
import { asking, type AskingHost } from "./asking";
import { ghostField } from "./ghost";
import { ghostKeys } from "./keys";
import { languageSupport } from "./languages";
import { contentChanges, rangeOf } from "./positions";
import { theme } from "./theme";

/** In a sample, where the cursor stands at first. */
const CURSOR = "‸";

export interface EditorHost extends AskingHost {
  /** Another document is shown, or the cursor, the text or the ghost text is another now. */
  changed: () => void;
  /** Something of a suggestion was taken. */
  taken: () => void;
  /** Code actions are wanted, with their menu there. */
  actions: (anchor: Anchor) => void;
}

export class Editor {
  readonly view: EditorView;
  private readonly documents = new Map<string, PageDocument>();
  private readonly asker: ReturnType<typeof asking>;

  constructor(
    parent: HTMLElement,
    nonce: string,
    private readonly host: EditorHost,
  ) {
    this.asker = asking(host);
    this.view = new EditorView({
      parent,
      // The page's nonce has to be known before the first style is made.
      state: EditorState.create({ extensions: EditorView.cspNonce.of(nonce) }),
      dispatchTransactions: (transactions, view) => {
        view.update(transactions);
        for (const each of transactions) this.follow(each);
      },
    });
    this.extensions = this.common(nonce);
  }

  private readonly extensions: Extension;

  get shown(): PageDocument | null {
    return this.view.state.facet(pageDocument);
  }

  get all(): PageDocument[] {
    return [...this.documents.values()];
  }

  has(uri: string): boolean {
    return this.documents.has(uri);
  }

  find(uri: string): PageDocument | undefined {
    return this.documents.get(uri);
  }

  /** Open a document without showing it. */
  open(source: Source): PageDocument {
    const known = this.documents.get(source.uri);
    if (known !== undefined) return known;
    const cursor = source.path === null ? source.text.indexOf(CURSOR) : -1;
    const text = cursor < 0 ? source.text : source.text.replace(CURSOR, "");
    const lineEnd = lineEndOf(text);
    const before = EditorState.create().toText(text.slice(0, Math.max(cursor, 0)));
    const page: PageDocument = { ...source, lineEnd, version: 1, state: EditorState.create() };
    page.state = EditorState.create({
      doc: text,
      selection: { anchor: before.length },
      extensions: [pageDocument.of(page), languageSupport(source.language, text), this.extensions],
    });
    this.documents.set(source.uri, page);
    this.tell(page);
    return page;
  }

  /** Show an open document. */
  show(page: PageDocument): void {
    const before = this.shown;
    if (before === page) return;
    this.view.plugin(this.asker)?.stop();
    if (before !== null) before.state = this.view.state;
    this.view.setState(page.state);
    const { head } = page.state.selection.main;
    this.view.dispatch({ effects: EditorView.scrollIntoView(head, { y: "center" }) });
    this.host.changed();
    this.askSoon();
  }

  /** Ask for a suggestion at the cursor; by hand in a sample, as nobody has typed yet what would call for one. */
  private askSoon(): void {
    const asker = this.view.plugin(this.asker);
    const isFresh = this.shown?.version === 1;
    if (!isFresh) asker?.later();
    else if (this.view.state.selection.main.head > 0) void asker?.ask(true);
  }

  /** The text with the document's own line ends. */
  text(page: PageDocument): string {
    return withLineEnds(this.stateOf(page).doc.toString(), page.lineEnd);
  }

  stateOf(page: PageDocument): EditorState {
    return page === this.shown ? this.view.state : page.state;
  }

  /** Change a document, shown or not, in one step for undo. */
  change(page: PageDocument, changes: ChangeSpec): void {
    const spec = { changes, annotations: isolateHistory.of("full"), userEvent: "action" };
    if (page === this.shown) {
      this.view.dispatch({ ...spec, scrollIntoView: true });
    } else {
      const transaction = page.state.update(spec);
      page.state = transaction.state;
      this.follow(transaction);
    }
  }

  /** Where an action is asked for. */
  selection(): Range {
    const { doc, selection } = this.view.state;
    return rangeOf(doc, selection.main.from, selection.main.to);
  }

  /** Tell a new session of every document. */
  tellAll(): void {
    for (const page of this.documents.values()) this.tell(page);
    this.askSoon();
  }

  private tell(page: PageDocument): void {
    this.session?.didOpen(page.uri, page.language, page.version, this.text(page));
  }

  private get session(): Session | null {
    return this.host.session();
  }

  /** Send a change at once, so that no later request speaks of another text. */
  private follow(transaction: Transaction): void {
    const page = transaction.state.facet(pageDocument);
    if (page === null || !transaction.docChanged) return;
    page.version += 1;
    const changes = contentChanges(transaction.startState.doc, transaction.changes, page.lineEnd);
    this.session?.didChange(page.uri, page.version, changes);
  }

  private common(nonce: string): Extension {
    const taken: Taken = {
      accepted: (item) => {
        this.session?.accepted(item);
        this.host.taken();
      },
      acceptedPart: (item, length) => {
        this.session?.acceptedPart(item, length);
        this.host.taken();
      },
    };
    const actions: Command = (view) => {
      const box = view.coordsAtPos(view.state.selection.main.head) ?? view.dom.getBoundingClientRect();
      this.host.actions(box);
      return true;
    };
    return [
      EditorView.cspNonce.of(nonce),
      EditorState.allowMultipleSelections.of(true),
      ghostField,
      this.asker,
      ghostKeys(this.asker, taken),
      lineNumbers(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      history(),
      drawSelection(),
      dropCursor(),
      rectangularSelection(),
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      search(),
      highlightSelectionMatches(),
      keymap.of([{ key: "Mod-.", run: actions }]),
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap]),
      EditorView.clipboardOutputFilter.of((text, state) =>
        withLineEnds(text, state.facet(pageDocument)?.lineEnd ?? "\n"),
      ),
      EditorView.contentAttributes.of({
        "aria-label": "Text editor. Escape, then Tab leaves it.",
        "aria-describedby": "editor-keys",
      }),
      EditorView.updateListener.of((update: ViewUpdate) => {
        if (update.docChanged || update.selectionSet || update.transactions.length > 0) this.host.changed();
      }),
      theme,
    ];
  }
}
