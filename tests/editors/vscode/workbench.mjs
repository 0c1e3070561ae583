// What is on VS Code's screen, and what a user does there. Everything waits for what it is about to see.
import { PATIENCE_MS } from "./editor.mjs";

const STATUS = "[id='codestral-lsp.codestral-lsp.codestral-lsp']";

/** The entry in the status bar, once its text and tooltip match `pattern`. */
export async function status({ page }, { pattern, patience = PATIENCE_MS }) {
  const read = ([selector, source]) => {
    const item = document.querySelector(selector);
    const label = item?.getAttribute("aria-label") ?? "";
    return new RegExp(source, "s").test(label) && { text: item.textContent.trim(), label };
  };
  return await seen(page, read, [STATUS, pattern], `a status that matches ${pattern}`, patience);
}

/** Ghost text as it is drawn, in the order of the screen, once it has all of `text` but for white space. */
export async function ghost({ page }, { text = "." }) {
  const read = (wanted) => {
    const drawn = [".ghost-text-decoration", ".suggest-preview-text .ghost-text"]
      .flatMap((selector) => [...document.querySelectorAll(`.editor-instance ${selector}`)])
      .filter((node) => node.getClientRects().length > 0)
      .map((node) => node.textContent)
      .join("")
      .replace(/\s/g, "");
    return drawn.includes(wanted.replace(/\s/g, "")) && drawn;
  };
  return await seen(page, read, text === "." ? "" : text, `ghost text ${JSON.stringify(text)}`);
}

/** A notification whose text matches `pattern`, with its buttons. */
export async function notification({ page }, { pattern }) {
  const read = (source) => {
    for (const toast of document.querySelectorAll(".notification-toast")) {
      const message = toast.querySelector(".notification-list-item-message")?.textContent ?? "";
      if (!new RegExp(source).test(message)) continue;
      const buttons = [...toast.querySelectorAll(".monaco-text-button")].map((button) => button.textContent);
      return { message, buttons };
    }
    return false;
  };
  return await seen(page, read, pattern, `a notification that matches ${pattern}`);
}

/** The texts of the notifications on the screen. */
export async function notifications({ page }) {
  return await page.locator(".notification-toast .notification-list-item-message").allTextContents();
}

/** Clears the notifications until none is on the screen: one that comes meanwhile is not in what was cleared. */
export async function dismissNotifications({ page, hands }) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    await hands("run", { command: "notifications.clearAll" });
    if ((await page.locator(".notification-toast").count()) === 0) return null;
    await page.waitForTimeout(100); // For those that fade out.
  }
  const left = await page.locator(".notification-toast").allTextContents();
  throw new Error(`notifications stay: ${left.join("; ")}`);
}

/** Clicks on what has the text `label`, in notifications and pages. */
export async function click({ page }, { label }) {
  await page.locator(`.monaco-text-button:has-text("${label}")`).first().click();
  return null;
}

export async function press({ page }, { key }) {
  await page.keyboard.press(key);
  return null;
}

export async function type({ page }, { text, delay = 20 }) {
  await page.waitForFunction(() => document.activeElement?.closest(".monaco-editor"));
  await page.keyboard.type(text, { delay });
  return null;
}

/** Chooses the entry that begins with `label` in the list that is open, or about to open. */
export async function pick({ page }, { label }) {
  const entry = page.locator(".quick-input-widget .monaco-list-row", { hasText: label }).first();
  await entry.waitFor();
  await entry.click();
  return null;
}

/** Answers the input box that is open, or about to open. */
export async function fill({ page }, { text }) {
  const box = page.locator(".quick-input-widget input[type=text]");
  await box.waitFor();
  await box.fill(text);
  await box.press("Enter");
  return null;
}

/** The text of the Markdown preview that matches `pattern`. */
export async function preview({ page }, { pattern }) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    for (const frame of page.frames()) {
      const text = await frame.evaluate(() => document.body?.innerText ?? "").catch(() => "");
      if (frame !== page.mainFrame() && new RegExp(pattern, "s").test(text)) return text;
    }
    await page.waitForTimeout(100); // Frames of pages come and go, without an event for their text.
  }
  throw new Error(`no page that matches ${pattern} came`);
}

export async function screenshot({ page }, { path }) {
  await page.screenshot({ path });
  return null;
}

async function seen(page, read, argument, what, timeout = PATIENCE_MS) {
  try {
    const handle = await page.waitForFunction(read, argument, { polling: "raf", timeout });
    return await handle.jsonValue();
  } catch (error) {
    const bar = await page.locator(".part.statusbar").ariaSnapshot();
    throw new Error(`${what} did not come: ${error.message}; the status bar: ${bar}`);
  }
}
