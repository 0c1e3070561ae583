/** The header: which document, which backend, what the session is doing, and pausing it. */

import { Disconnected, ResponseError } from "../lsp/connection";
import type { Session } from "../lsp/session";
import type { Backend, State, Status } from "../lsp/types";
import { byId, selectById, element, fill } from "../ui/dom";
import { openMenu, type MenuItem } from "../ui/menu";
import { toast } from "../ui/toasts";

const SAID: Record<State, string> = {
  ready: "Ready",
  working: "Working",
  snoozed: "Paused",
  off: "Off",
  unavailable: "No backend",
};

const AUTOMATIC = "";

export class Header {
  private readonly picker = selectById("backend");
  private readonly chip = byId("state");
  private state: State | null = null;

  constructor(private readonly session: () => Session | null) {
    this.picker.addEventListener("change", () => void this.choose());
    byId("pause").addEventListener("click", () => {
      this.openPauseMenu();
    });
  }

  status(status: Status): void {
    const looksAgain = this.state === null || status.state === "unavailable" || this.state === "unavailable";
    this.state = status.state;
    this.say(status.state, SAID[status.state], status.message);
    byId("remote").hidden = !status.remote;
    if (looksAgain || (status.backend !== null && !this.knows(status.backend))) void this.look();
  }

  /** There is no session: `text` says why. */
  gone(text: string): void {
    this.state = null;
    this.say("unavailable", text, "");
    byId("remote").hidden = true;
  }

  private say(state: State, text: string, message: string): void {
    this.chip.className = `chip ${state}`;
    this.chip.title = message;
    fill(this.chip, element("i", { class: "light" }), text);
  }

  private knows(name: string): boolean {
    return [...this.picker.options].some((option) => option.value === name);
  }

  private async look(): Promise<void> {
    await this.tried(async (session) => {
      this.list((await session.status()).backends);
    });
  }

  private async choose(): Promise<void> {
    const { value } = this.picker;
    await this.tried(async (session) => {
      this.list((await session.chooseBackend(value === AUTOMATIC ? null : value)).backends);
    });
  }

  private list(backends: Backend[]): void {
    const first = backends[0];
    const label = first === undefined ? "No backend" : "By the settings’ order";
    const options = backends.map((each) =>
      element(
        "option",
        { value: each.name, selected: each.chosen === true },
        [each.name, each.model === each.name ? "" : each.model, each.remote === true ? "hosted" : ""]
          .filter((part) => typeof part === "string" && part !== "")
          .join(" · "),
      ),
    );
    const [only] = options;
    if (options.length === 1 && only !== undefined) fill(this.picker, only);
    else fill(this.picker, element("option", { value: AUTOMATIC }, label), ...options);
    this.picker.disabled = options.length < 2;
  }

  private openPauseMenu(): void {
    const snooze = (minutes: number | null) => () =>
      void this.tried((session) => session.execute({ command: "codestral.snooze", arguments: [minutes] }));
    const toggle = (): void => void this.tried((session) => session.execute({ command: "codestral.toggle" }));
    const items: MenuItem[] = [];
    if (this.state === "snoozed") items.push({ label: "Go on now", run: snooze(null) });
    if (this.state !== "off") {
      items.push({ label: "Pause for 10 minutes", run: snooze(10) });
      items.push({ label: "Pause for an hour", run: snooze(60) });
    }
    items.push({ label: this.state === "off" ? "Switch on" : "Switch off", run: toggle });
    openMenu(byId("pause").getBoundingClientRect(), "Automatic suggestions", items);
  }

  private async tried(work: (session: Session) => Promise<unknown>): Promise<void> {
    const session = this.session();
    if (session === null) return;
    try {
      await work(session);
    } catch (error) {
      if (error instanceof ResponseError) toast("warning", error.message);
      else if (!(error instanceof Disconnected)) throw error;
    }
  }
}
