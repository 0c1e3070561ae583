/** A menu below a button or at the cursor, worked by keys as menus are. */

import { element } from "./dom";

export interface MenuItem {
  label: string;
  /** Said at the right, softly. */
  hint?: string;
  run: () => void;
}

export interface Anchor {
  left: number;
  top: number;
  bottom: number;
}

let close: (() => void) | null = null;

/** Show a menu at `anchor`; whichever was open before is closed. `empty` is said where there are no items. */
export function openMenu(anchor: Anchor, label: string, items: MenuItem[], empty = ""): void {
  close?.();
  const before = document.activeElement;
  const buttons = items.map((item) => {
    const button = element(
      "button",
      { type: "button", role: "menuitem", tabindex: -1 },
      element("span", {}, item.label),
      item.hint !== undefined && element("small", {}, item.hint),
    );
    button.addEventListener("click", () => {
      leave();
      item.run();
    });
    return button;
  });
  const menu = element("div", { class: "menu", role: "menu", "aria-label": label, tabindex: -1 }, ...buttons);
  if (items.length === 0) menu.append(element("p", {}, empty));
  const outside = (event: Event): void => {
    if (!menu.contains(event.target as Node)) leave(false);
  };
  const leave = (refocus = true): void => {
    close = null;
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    if (refocus && before instanceof HTMLElement) before.focus();
  };
  close = leave;
  menu.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key];
    if (next !== undefined) buttons.at(next % Math.max(buttons.length, 1))?.focus();
    else if (event.key === "Escape" || event.key === "Tab") leave();
    else return;
    event.preventDefault();
  });
  document.addEventListener("pointerdown", outside, true);
  document.body.append(menu);
  place(menu, anchor);
  (buttons[0] ?? menu).focus();
}

function place(menu: HTMLElement, anchor: Anchor): void {
  const { width, height } = menu.getBoundingClientRect();
  const left = Math.max(8, Math.min(anchor.left, window.innerWidth - width - 8));
  const below = anchor.bottom + 4;
  const fits = below + height < window.innerHeight - 8;
  menu.style.left = `${left}px`;
  menu.style.top = `${fits ? below : Math.max(8, anchor.top - height - 4)}px`;
}
