import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Follower } from "../src/shown";

function insertion(offset: number, text: string): { offset: number; replaced: number; text: string }[] {
  return [{ offset, replaced: 0, text }];
}

describe("a suggestion that is followed", () => {
  it("is accepted in part, word after word", () => {
    const follower = new Follower("first second third", 10);
    assert.deepEqual(follower.follow(insertion(10, "first")), { kind: "acceptedPart", length: 5 });
    assert.deepEqual(follower.follow(insertion(15, " second")), { kind: "acceptedPart", length: 12 });
  });

  it("is typed along without being accepted", () => {
    const follower = new Follower("call()", 3);
    assert.deepEqual(follower.follow(insertion(3, "c")), { kind: "typed" });
    assert.deepEqual(follower.follow(insertion(4, "all")), { kind: "acceptedPart", length: 4 });
  });

  it("is counted without the document's own line ends", () => {
    const follower = new Follower("one\ntwo\nthree", 0);
    assert.deepEqual(follower.follow(insertion(0, "one\r\n")), { kind: "acceptedPart", length: 4 });
    assert.deepEqual(follower.follow(insertion(5, "two\r\n")), { kind: "acceptedPart", length: 8 });
  });

  it("is left by other text, another place, several cursors, and by all of it", () => {
    const left = { kind: "left" };
    assert.deepEqual(new Follower("first", 0).follow(insertion(0, "other")), left);
    assert.deepEqual(new Follower("first", 0).follow(insertion(7, "first")), left);
    assert.deepEqual(new Follower("first", 0).follow([{ offset: 0, replaced: 2, text: "fir" }]), left);
    assert.deepEqual(new Follower("first", 0).follow([...insertion(0, "fir"), ...insertion(9, "fir")]), left);
    assert.deepEqual(new Follower("first", 0).follow(insertion(0, "first")), left);
  });
});
