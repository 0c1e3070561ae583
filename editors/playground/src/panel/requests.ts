/** The last requests, newest first: what came of each, from where, and where its time went. */

import type { RequestEvent } from "../lsp/types";
import { element, fill } from "../ui/dom";
import { bar, duration, stepTable, total } from "./steps";

const MOST = 40;

/** One request, or several in a row that came to nothing for the same reason. */
interface Entry {
  event: RequestEvent;
  count: number;
}

export class RequestList {
  private readonly seen = new Map<number, number>();
  private readonly opened = new Set<number>();
  private entries: Entry[] = [];

  constructor(private readonly list: HTMLElement) {
    window.setInterval(() => {
      this.tellAges();
    }, 5000);
  }

  show(events: RequestEvent[]): void {
    const now = Date.now();
    for (const { number } of events) if (!this.seen.has(number)) this.seen.set(number, now);
    this.entries = gathered(events).slice(0, MOST);
    if (this.entries.length === 0) {
      fill(
        this.list,
        element("li", { class: "nothing" }, "Type in the editor, and its requests appear here."),
      );
      return;
    }
    const focused = document.activeElement?.closest("li[data-number]")?.getAttribute("data-number");
    fill(this.list, ...this.entries.map((entry) => this.item(entry)));
    if (focused !== undefined && focused !== null) {
      this.list.querySelector<HTMLElement>(`li[data-number="${focused}"] summary`)?.focus();
    }
    this.tellAges();
  }

  /** Numbers begin anew with another session. */
  clear(): void {
    this.seen.clear();
    this.opened.clear();
    this.show([]);
  }

  private item({ event, count }: Entry): HTMLElement {
    const { number } = event;
    const summary = element(
      "summary",
      {},
      element(
        "span",
        { class: "headline" },
        element("span", {}, headline(event)),
        element("time", { "data-number": number }),
        element("b", {}, duration(total(event.timings_ms))),
      ),
      bar(event.timings_ms),
      element("span", { class: "pills" }, ...pills(event, count)),
    );
    const details = element("details", {}, summary, ...more(event));
    details.open = this.opened.has(number);
    details.addEventListener("toggle", () => {
      if (details.open) this.opened.add(number);
      else this.opened.delete(number);
    });
    const kind = event.gate === null ? "answered" : "gated";
    return element("li", { class: `request ${kind}`, "data-number": number }, details);
  }

  private tellAges(): void {
    for (const time of this.list.querySelectorAll("time")) {
      const at = this.seen.get(Number(time.getAttribute("data-number")));
      if (at !== undefined) time.textContent = age(Date.now() - at);
    }
  }
}

function gathered(events: RequestEvent[]): Entry[] {
  const found: Entry[] = [];
  for (const event of events) {
    const last = found.at(-1);
    if (last !== undefined && event.gate !== null && last.event.gate === event.gate) last.count += 1;
    else found.push({ event, count: 1 });
  }
  return found;
}

function headline(event: RequestEvent): string {
  if (event.gate !== null) return event.detail === "" ? event.gate.replaceAll("_", " ") : event.detail;
  const lines = event.lines > 1 ? `${event.lines} lines, ` : "";
  return `${lines}${event.characters} characters`;
}

const ORIGINS: Record<string, string> = {
  backend: "from the model",
  cache: "from the cache",
  joined: "joined a running request",
};

function pills(event: RequestEvent, count: number): HTMLElement[] {
  const { gate, origin, outcome, backend, model } = event;
  const made: HTMLElement[] = [];
  if (gate !== null) made.push(pill(`gate: ${gate.replaceAll("_", " ")}`, "gate"));
  if (count > 1) made.push(pill(`${count} times`, ""));
  if (origin !== null) made.push(pill(ORIGINS[origin] ?? origin, `origin-${origin}`));
  if (backend !== null && gate === null) {
    made.push(pill(model === null || model === backend ? backend : `${backend} · ${model}`, ""));
  }
  if (outcome !== null) made.push(pill(outcome, outcome.replaceAll(" ", "-")));
  return made;
}

function pill(text: string, kind: string): HTMLElement {
  return element("span", { class: `pill ${kind}`, title: text }, text);
}

function more(event: RequestEvent): HTMLElement[] {
  const { prompt, usage } = event;
  const facts: [string, string][] = [
    [
      "asked at",
      `${nameOf(event.path)}:${event.line}:${event.column}${event.trigger === "invoked" ? ", by hand" : ""}`,
    ],
  ];
  if (event.gate !== null && event.backend !== null) facts.push(["backend", event.backend]);
  if (prompt !== null) facts.push(["prompt", `${prompt.tokens} tokens, laid out for ${prompt.family}`]);
  const counts = { "known to the engine": usage?.cached_tokens, written: usage?.completion_tokens };
  for (const [name, count] of Object.entries(counts)) {
    if (typeof count === "number") facts.push([name, `${count} tokens`]);
  }
  const made: HTMLElement[] = [
    element(
      "dl",
      {},
      ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
    ),
  ];
  if (prompt !== null && prompt.snippets.length > 0) {
    const rows = prompt.snippets.map((snippet) =>
      element(
        "li",
        {},
        element("code", { title: snippet.path }, nameOf(snippet.path)),
        element("span", {}, snippet.origin),
        element("span", { title: "score" }, snippet.score.toFixed(2)),
      ),
    );
    made.push(element("ul", { class: "snippets", "aria-label": "Snippets in the prompt" }, ...rows));
  }
  made.push(stepTable(event.timings_ms));
  return made;
}

function nameOf(path: string): string {
  return path.replace(/^untitled:/, "");
}

function age(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 5) return "now";
  return seconds < 60 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
}
