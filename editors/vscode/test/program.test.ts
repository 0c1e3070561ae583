import assert from "node:assert/strict";
import * as path from "node:path";
import { describe, it } from "node:test";

import { findProgram, type Machine, ProgramNotFound } from "../src/program";

function machine(programs: readonly string[], environment: Record<string, string> = {}): Machine {
  return {
    windows: false,
    home: "/home/me",
    environment,
    path: path.posix,
    isProgram: (file) => programs.includes(file),
  };
}

describe("the server's program", () => {
  it("is the first of its name on the PATH", () => {
    const here = machine(["/b/codestral-lsp", "/c/codestral-lsp"], { PATH: "/a:/b:/c" });
    assert.equal(findProgram("codestral-lsp", here), "/b/codestral-lsp");
  });

  it("is found where pip and pipx put it", () => {
    const here = machine(["/home/me/.local/bin/codestral-lsp"], { PATH: "/usr/bin" });
    assert.equal(findProgram("codestral-lsp", here), "/home/me/.local/bin/codestral-lsp");
  });

  it("can be an absolute path, or one in the home folder", () => {
    const here = machine(["/home/me/venv/bin/codestral-lsp"]);
    assert.equal(findProgram("/home/me/venv/bin/codestral-lsp", here), "/home/me/venv/bin/codestral-lsp");
    assert.equal(findProgram(" ~/venv/bin/codestral-lsp ", here), "/home/me/venv/bin/codestral-lsp");
  });

  it("has its ending on Windows", () => {
    const here: Machine = {
      ...machine(["C:\\bin\\codestral-lsp.exe"], { Path: "C:\\other;C:\\bin" }),
      windows: true,
      path: path.win32,
    };
    assert.equal(findProgram("codestral-lsp", here), "C:\\bin\\codestral-lsp.exe");
  });

  it("is never chosen by the folder that is open", () => {
    const here = machine(["codestral-lsp", "./codestral-lsp", "bin/codestral-lsp"], { PATH: ".::bin" });
    for (const setting of ["codestral-lsp", "./codestral-lsp", "bin/codestral-lsp"]) {
      assert.throws(() => findProgram(setting, here), ProgramNotFound);
    }
  });

  it("is missed with a sentence that names it", () => {
    const here = machine([]);
    assert.throws(() => findProgram("/gone/server", here), /there is no program \/gone\/server/);
    assert.throws(() => findProgram("", here), /codestral\.server\.path is empty/);
  });
});
