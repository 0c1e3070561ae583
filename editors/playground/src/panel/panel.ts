/** The live panel: what the session has come to, and its last requests. */

import { Disconnected, ResponseError } from "../lsp/connection";
import type { Session } from "../lsp/session";
import type { Stats } from "../lsp/types";
import { byId, element, fill } from "../ui/dom";
import { RequestList } from "./requests";
import { duration, legend } from "./steps";

/** Milliseconds between two looks, so that typing does not fill the connection with them. */
const PAUSE_MS = 200;

export class Panel {
  private readonly requests = new RequestList(byId("requests"));
  private timer: number | undefined;

  constructor(private readonly session: () => Session | null) {
    byId("legend").append(legend());
    this.clear();
  }

  /** Something has happened: look soon what it was. */
  later(): void {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, PAUSE_MS);
  }

  clear(): void {
    this.requests.clear();
    fill(byId("stats"), ...tiles(null));
  }

  private async look(): Promise<void> {
    const session = this.session();
    if (session === null) return;
    try {
      const [explanation, stats] = await Promise.all([session.explain(), session.stats()]);
      this.requests.show(explanation.requests);
      fill(byId("stats"), ...tiles(stats));
    } catch (error) {
      if (!(error instanceof ResponseError || error instanceof Disconnected)) throw error;
    }
  }
}

function tiles(stats: Stats | null): HTMLElement[] {
  const taken = (stats?.accepted ?? 0) + (stats?.accepted_in_part ?? 0);
  const shown = stats?.shown ?? 0;
  const median = stats?.median_ms ?? null;
  return [
    tile("requests", String(stats?.requests ?? 0)),
    tile("suggested", String(stats?.suggestions ?? 0)),
    tile("taken", shown > 0 ? `${taken} of ${shown}` : String(taken)),
    tile("median time", median === null ? "–" : duration(median)),
  ];
}

function tile(label: string, value: string): HTMLElement {
  return element("div", { class: "tile" }, element("dd", {}, value), element("dt", {}, label));
}
