/** The page: an editor, a session with the server, and a panel about it. */

import { openActions } from "./actions";
import { Client } from "./client";
import type { PageDocument, Source } from "./documents";
import { Editor } from "./editor/editor";
import { Footer, spoken } from "./footer";
import { Session, type Folder } from "./lsp/session";
import { Disconnected } from "./lsp/connection";
import { Standing } from "../../vscode/src/standing";
import { Header } from "./panel/header";
import { Panel } from "./panel/panel";
import { SAMPLES } from "./samples";
import { byId, selectById, element } from "./ui/dom";
import { toast } from "./ui/toasts";
import "../styles/page.css";
import "../styles/panel.css";
import "../styles/pieces.css";

/** What the server says at the start. */
interface Start {
  version: string;
  folders: Folder[];
  documents: Source[];
}

const RETRY_MS = 3000;
const MOST_RETRIES = 20;

class Page {
  private session: Session | null = null;
  private retries = 0;
  private connecting = false;
  private readonly standing = new Standing();
  private timer: number | undefined;
  private listed: PageDocument | null = null;
  private readonly editor: Editor;
  private readonly header: Header;
  private readonly panel: Panel;
  private readonly footer: Footer;
  private readonly picker = selectById("document");

  constructor(
    private readonly start: Start,
    private readonly socket: string,
    nonce: string,
  ) {
    const session = (): Session | null => this.session;
    this.header = new Header(session);
    this.panel = new Panel(session);
    this.editor = new Editor(byId("editor"), nonce, {
      session,
      answered: () => {
        this.panel.later();
      },
      shown: (ghost) => {
        byId("spoken").textContent = spoken(ghost);
        this.panel.later();
      },
      taken: () => {
        this.panel.later();
      },
      changed: () => {
        this.changed();
      },
      actions: (anchor) => void openActions(this.editor, this.session, anchor),
    });
    this.footer = new Footer(this.editor);
    this.listen();
    const first = [...start.documents, ...SAMPLES][0];
    if (first !== undefined) this.editor.show(this.editor.open(first));
    this.editor.view.focus();
  }

  async connect(): Promise<void> {
    window.clearTimeout(this.timer);
    if (this.connecting || this.session?.isOpen === true) return;
    this.connecting = true;
    const { editor, header } = this;
    const client = new Client({
      editor,
      session: () => this.session,
      status: (status) => {
        header.status(status);
      },
      background: (text) => {
        this.footer.background(text);
      },
      acted: () => {
        this.panel.later();
      },
      closed: (reason) => {
        // Before there is a session `begin` fails, with the same reason.
        if (this.session !== null) this.lost(reason);
      },
    });
    try {
      this.session = await Session.begin(this.socket, this.start, client, this.standing);
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error;
      this.lost(error.message);
      return;
    } finally {
      this.connecting = false;
    }
    this.retries = 0;
    byId("lost").hidden = true;
    this.panel.clear();
    editor.tellAll();
  }

  private lost(reason: string): void {
    this.session = null;
    this.header.gone("Disconnected");
    byId("lost-reason").textContent =
      reason === "" ? "The server is not there any more." : `The server has left: ${reason}.`;
    byId("lost").hidden = false;
    this.retries += 1;
    window.clearTimeout(this.timer);
    if (this.retries <= MOST_RETRIES) this.timer = window.setTimeout(() => void this.connect(), RETRY_MS);
  }

  private listen(): void {
    this.picker.addEventListener("change", () => {
      this.pick(this.picker.value);
      this.editor.view.focus();
    });
    byId("actions").addEventListener("click", () => {
      void openActions(this.editor, this.session, byId("actions").getBoundingClientRect());
    });
    byId("again").addEventListener("click", () => void this.connect());
    byId("download").addEventListener("click", () => {
      if (this.editor.shown !== null) download(this.editor.shown, this.editor.text(this.editor.shown));
    });
    byId("copy").addEventListener("click", () => void this.copy());
    // What was written here is nowhere else.
    window.addEventListener("beforeunload", (event) => {
      if (this.editor.all.some((page) => page.version > 1)) event.preventDefault();
    });
    window.addEventListener("pagehide", () => this.session?.end());
  }

  private pick(uri: string): void {
    const source = [...this.start.documents, ...SAMPLES].find((each) => each.uri === uri);
    const page = this.editor.find(uri) ?? (source === undefined ? undefined : this.editor.open(source));
    if (page !== undefined) this.editor.show(page);
  }

  private async copy(): Promise<void> {
    if (this.editor.shown === null) return;
    await navigator.clipboard.writeText(this.editor.text(this.editor.shown));
    toast("info", "The whole text is copied.");
  }

  private changed(): void {
    const page = this.editor.shown;
    if (page === null) return;
    this.footer.update();
    if (page !== this.listed) this.list(page);
  }

  /** The documents to choose from: those of the command line and of actions, and the samples. */
  private list(page: PageDocument): void {
    this.listed = page;
    const { documents } = this.start;
    const given = new Set([...documents, ...SAMPLES].map((each) => each.uri));
    const made = this.editor.all.filter((each) => !given.has(each.uri));
    const group = (label: string, sources: { uri: string; name: string }[]): HTMLElement[] =>
      sources.length === 0
        ? []
        : [
            element(
              "optgroup",
              { label },
              ...sources.map((each) => element("option", { value: each.uri }, each.name)),
            ),
          ];
    this.picker.replaceChildren(
      ...group("Files", documents),
      ...group("Made here", made),
      ...group("Samples", SAMPLES),
    );
    this.picker.value = page.uri;
    this.picker.title = page.path ?? page.name;
    document.title = `${page.name} - Codestral playground`;
    byId("memory").textContent =
      page.path === null ? "In this page only" : `Edits stay in this page: ${page.path} is not written to`;
  }
}

function download(page: PageDocument, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const name = page.name.split(": ").at(-1) ?? page.name;
  element("a", { href: url, download: name }).click();
  window.setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 1000);
}

async function begin(): Promise<void> {
  const query = window.location.search;
  const nonce = document.querySelector<HTMLMetaElement>("meta[name=nonce]")?.nonce ?? "";
  const answer = await fetch(`/start.json${query}`);
  if (!answer.ok) throw new Error(await answer.text());
  const page = new Page((await answer.json()) as Start, `ws://${window.location.host}/lsp${query}`, nonce);
  await page.connect();
}

begin().catch((error: unknown) => {
  toast("error", `The page cannot start: ${error instanceof Error ? error.message : String(error)}`);
});
