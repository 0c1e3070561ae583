/** Questions to the person at the page. Each is a modal dialog that Escape closes. */

import { element } from "./dom";
import { renderMarkdown } from "./markdown";

/** Which of `choices` the person takes; null if none. */
export function choose(text: string, choices: string[]): Promise<string | null> {
  return new Promise((resolve) => {
    const buttons = choices.map((choice, index) => {
      const button = element("button", { type: "button", class: index === 0 ? "primary" : "" }, choice);
      button.addEventListener("click", () => {
        dialog.close(choice);
      });
      return button;
    });
    const dialog = open([element("p", {}, text), element("div", { class: "buttons" }, ...buttons)], () => {
      resolve(dialog.returnValue === "" ? null : dialog.returnValue);
    });
  });
}

/** Words for an action; null if the person has none. */
export function askForWords(title: string): Promise<string | null> {
  return new Promise((resolve) => {
    const input = element("textarea", {
      id: "instruction",
      rows: 3,
      required: true,
      placeholder: "For example: use pathlib, and raise FileNotFoundError for a missing file",
    });
    const submit = element("button", { type: "submit", class: "primary", value: "go" }, "Do it");
    const form = element(
      "form",
      { method: "dialog" },
      element("label", { for: "instruction" }, title),
      input,
      element(
        "div",
        { class: "buttons" },
        submit,
        element("button", { type: "submit", formnovalidate: true, value: "" }, "Cancel"),
      ),
    );
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(submit);
    });
    const dialog = open([form], () => {
      const words = input.value.trim();
      resolve(dialog.returnValue === "go" && words !== "" ? words : null);
    });
    input.focus();
  });
}

/** A page of Markdown, to read and to copy. */
export function showPage(markdown: string): void {
  const copy = element("button", { type: "button", class: "small" }, "Copy");
  copy.addEventListener("click", () => {
    void navigator.clipboard.writeText(markdown).then(() => {
      copy.textContent = "Copied";
    });
  });
  const close = element("button", { type: "button", class: "small primary" }, "Close");
  const text = element("div", { class: "page-text", tabindex: 0 });
  text.append(renderMarkdown(markdown));
  const dialog = open([text, element("div", { class: "buttons" }, close, copy)], () => undefined);
  dialog.classList.add("page");
  close.addEventListener("click", () => {
    dialog.close();
  });
  text.focus();
}

function open(children: HTMLElement[], closed: () => void): HTMLDialogElement {
  const dialog = element("dialog", {}, ...children);
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before instanceof HTMLElement) before.focus();
    closed();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
