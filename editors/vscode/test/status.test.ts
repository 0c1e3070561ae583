import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type ServerStatus, statusView } from "../src/status";

const READY: ServerStatus = { state: "ready", backend: "local", model: "qwen", remote: false, message: "" };

describe("the status bar", () => {
  it("names the backend, and says where it is", () => {
    const here = statusView(READY);
    assert.equal(here.text, "$(sparkle) Codestral: local");
    assert.equal(here.tooltip, "Codestral\nReady\nlocal: qwen (this machine)");
    const there = statusView({ ...READY, remote: true });
    assert.match(there.text, /^\$\(cloud\)/);
    assert.match(there.tooltip, /another machine/);
  });

  it("tells each state from the others", () => {
    const states = ["ready", "working", "snoozed", "off", "unavailable"] as const;
    const texts = new Set(states.map((state) => statusView({ ...READY, state }).text));
    texts.add(statusView({ state: "stopped", message: "gone" }).text);
    assert.equal(texts.size, 6);
  });

  it("warns where nothing will be suggested until something is done", () => {
    const unavailable = statusView({ ...READY, state: "unavailable", backend: null, message: "do this" });
    assert.ok(unavailable.warning);
    assert.match(unavailable.tooltip, /do this/);
    assert.ok(statusView({ state: "stopped", message: "gone" }).warning);
    assert.ok(!statusView({ ...READY, state: "off" }).warning);
  });
});
