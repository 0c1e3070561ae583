/** Short messages in a corner, read out by screen readers. */

import { byId, element } from "./dom";

const SECONDS: Record<Level, number> = { info: 6, warning: 12, error: 20 };

export type Level = "info" | "warning" | "error";

/** The level of LSP's message type. */
export function levelOf(type: number): Level {
  return type === 1 ? "error" : type === 2 ? "warning" : "info";
}

export function toast(level: Level, text: string): void {
  const box = byId("toasts");
  const close = element(
    "button",
    { type: "button", class: "toast-close", "aria-label": "Close message" },
    "×",
  );
  const shown = element("div", { class: `toast ${level}` }, element("p", {}, text), close);
  const remove = (): void => {
    shown.remove();
  };
  close.addEventListener("click", remove);
  window.setTimeout(remove, 1000 * SECONDS[level]);
  for (const old of [...box.children].slice(0, -3)) old.remove();
  box.append(shown);
}

/** Something that runs for longer, with a way to give it up. */
export class Running {
  private readonly message = element("p");
  private readonly shown: HTMLElement;

  constructor(
    private readonly title: string,
    cancel: () => void,
  ) {
    const button = element("button", { type: "button", class: "small" }, "Cancel");
    button.addEventListener("click", cancel);
    this.shown = element(
      "div",
      { class: "toast running" },
      element("i", { class: "spinner" }),
      this.message,
      button,
    );
    this.report("");
    byId("toasts").append(this.shown);
  }

  report(text: string): void {
    this.message.textContent = text === "" ? `${this.title} …` : `${this.title}: ${text}`;
  }

  end(): void {
    this.shown.remove();
  }
}
