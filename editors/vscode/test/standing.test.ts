import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Command, Standing } from "../src/standing";

const MINUTE_MS = 60_000;

function after(
  ...heard: [command: string, values: unknown[], answer: unknown][]
): (nowMs: number) => Command[] {
  const standing = new Standing();
  for (const [command, values, answer] of heard) standing.heard(command, values, answer, 0);
  return (nowMs) => standing.again(nowMs);
}

describe("what the user has said in this window", () => {
  it("is nothing at first, and of no other commands", () => {
    assert.deepEqual(after(["codestral.explain", [1], {}])(0), []);
  });

  it("is that suggestions are off, until they are on again", () => {
    const off: [string, unknown[], unknown] = ["codestral.toggle", [], false];
    assert.deepEqual(after(off)(0), [{ command: "codestral.toggle", arguments: [] }]);
    assert.deepEqual(after(off, ["codestral.toggle", [], true])(0), []);
  });

  it("is what is left of a snooze, until it ends or is ended", () => {
    const snooze: [string, unknown[], unknown] = ["codestral.snooze", [10], null];
    assert.deepEqual(after(snooze)(4 * MINUTE_MS), [{ command: "codestral.snooze", arguments: [6] }]);
    assert.deepEqual(after(snooze)(10 * MINUTE_MS), []);
    assert.deepEqual(after(snooze, ["codestral.snooze", [null], null])(0), []);
    assert.deepEqual(after(snooze, ["codestral.toggle", [], true])(0), []);
  });

  it("is the chosen backend, until the choice is taken back", () => {
    const chosen: [string, unknown[], unknown] = ["codestral.backend", ["local"], {}];
    assert.deepEqual(after(chosen)(0), [{ command: "codestral.backend", arguments: ["local"] }]);
    assert.deepEqual(after(chosen, ["codestral.backend", [null], {}])(0), []);
    assert.deepEqual(after(chosen, ["codestral.backend", [], {}])(0), []);
  });
});
