/** The steps of a request, and how their times are drawn. */

import { element } from "../ui/dom";

interface Group {
  label: string;
  className: string;
  steps: string[];
}

const GROUPS: Group[] = [
  { label: "waits for a pause", className: "step-wait", steps: ["debounce"] },
  { label: "context and prompt", className: "step-prompt", steps: ["identify", "prompt"] },
  { label: "queue", className: "step-queue", steps: ["slot"] },
  { label: "model reads", className: "step-read", steps: ["first_token"] },
  { label: "model writes", className: "step-write", steps: ["stream", "join", "alternatives"] },
  { label: "checks and the rest", className: "step-rest", steps: ["gate", "cache", "shaping"] },
];

const ORDER = "gate cache join debounce identify prompt slot first_token stream alternatives shaping".split(
  " ",
);

/** Milliseconds as people read them. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** The whole time of a request. */
export function total(timings: Record<string, number>): number {
  return timings["total"] ?? steps(timings).reduce((sum, [, ms]) => sum + ms, 0);
}

/** A bar whose parts are as long as their steps have taken; what no step has measured is of the last. */
export function bar(timings: Record<string, number>): HTMLElement {
  const known = new Map(steps(timings));
  const rest = total(timings) - [...known.values()].reduce((sum, ms) => sum + ms, 0);
  const shares = GROUPS.map((group, index) => ({
    group,
    ms: group.steps.reduce(
      (sum, step) => sum + (known.get(step) ?? 0),
      index === GROUPS.length - 1 ? Math.max(rest, 0) : 0,
    ),
  })).filter(({ ms }) => ms > 0);
  const parts = shares.map(({ group, ms }) => {
    const part = element("i", { class: group.className, title: `${group.label}: ${duration(ms)}` });
    // Parts that add up to less than 1 would not fill the bar.
    part.style.flexGrow = String(1000 * ms);
    return part;
  });
  const spoken = shares.map(({ group, ms }) => `${group.label} ${duration(ms)}`).join(", ");
  return element("div", { class: "bar", role: "img", "aria-label": spoken || "no times" }, ...parts);
}

/** Every step with its time, as a table. */
export function stepTable(timings: Record<string, number>): HTMLElement {
  const rows = steps(timings).map(([name, ms]) =>
    element(
      "tr",
      {},
      element("td", {}, element("i", { class: `dot ${classOf(name)}` }), name.replaceAll("_", " ")),
      element("td", {}, duration(ms)),
    ),
  );
  return element("table", { class: "steps" }, ...rows);
}

/** What the colours of the bars mean. */
export function legend(): HTMLElement {
  const entries = GROUPS.map((group) =>
    element("li", {}, element("i", { class: `dot ${group.className}` }), group.label),
  );
  return element("ul", { class: "legend", "aria-label": "Colours of the bars" }, ...entries);
}

/** The steps in the order in which a request goes through them. */
function steps(timings: Record<string, number>): [string, number][] {
  return Object.entries(timings)
    .filter(([name]) => name !== "total")
    .sort(([one], [other]) => rank(one) - rank(other));
}

function rank(step: string): number {
  const place = ORDER.indexOf(step);
  return place < 0 ? ORDER.length : place;
}

function classOf(step: string): string {
  return GROUPS.find((group) => group.steps.includes(step))?.className ?? "step-rest";
}
