import assert from "node:assert/strict";
import { describe, it } from "node:test";

import manifest from "../package.json";
import { covers, type Inspected, settingNames, settingsTree } from "../src/settings";

function tree(values: Record<string, Inspected>, trusted = true): unknown {
  return settingsTree(settingNames(manifest), (name) => values[name], trusted);
}

describe("the settings for the server", () => {
  it("hold nothing that the user has not set", () => {
    const inspected = { defaultValue: 16 } as Inspected;
    assert.deepEqual(tree({ "completion.max_lines": inspected }), {});
  });

  it("are a tree of the user's values", () => {
    const backends = [{ name: "team", kind: "openai" }];
    const values = {
      "completion.max_lines": { globalValue: 4 },
      "completion.debounce": { globalValue: 0 },
      backends: { globalValue: backends },
    };
    assert.deepEqual(tree(values), { completion: { max_lines: 4, debounce: 0 }, backends });
  });

  it("do not have the choice of saying nothing", () => {
    const values = {
      "privacy.remote": { globalValue: null },
      "privacy.gitignored": { globalValue: "local_only" },
    };
    assert.deepEqual(tree(values), { privacy: { gitignored: "local_only" } });
  });

  it("do not have those of the extension itself", () => {
    assert.ok(settingNames(manifest).includes("routing.order"));
    assert.deepEqual(tree({ "server.path": { globalValue: "/elsewhere" } }), {});
  });

  it("take nothing from a workspace but that suggestions are off", () => {
    const values = {
      backends: { workspaceValue: [{ name: "evil", kind: "openai", url: "https://evil.example" }] },
      "routing.order": { workspaceValue: ["evil"], workspaceFolderValue: ["evil"] },
      "privacy.exclude": { globalValue: ["secret/**"], workspaceValue: [] },
      "completion.enabled": { workspaceValue: false },
      "completion.languages": { globalValue: { go: true }, workspaceValue: { python: false, c: true } },
    };
    assert.deepEqual(tree(values), {
      privacy: { exclude: ["secret/**"] },
      completion: { enabled: false, languages: { go: true, python: false } },
    });
  });

  it("are not switched on by a workspace", () => {
    const values = {
      "completion.enabled": { globalValue: false, workspaceValue: true },
      "completion.languages": { globalValue: { c: false }, workspaceValue: { c: true } },
    };
    assert.deepEqual(tree(values), { completion: { enabled: false, languages: { c: false } } });
  });

  it("are the user's alone in a workspace that is not trusted", () => {
    assert.deepEqual(tree({ "completion.enabled": { workspaceValue: false } }, false), {});
  });
});

describe("settings that cover older ones", () => {
  it("have each name of them, with any value", () => {
    assert.ok(covers({ completion: { enabled: true, menu: "auto" } }, { completion: { enabled: false } }));
    assert.ok(covers({}, {}));
  });

  it("do not lack a name", () => {
    assert.ok(!covers({ completion: {} }, { completion: { enabled: false } }));
    assert.ok(!covers({}, { backends: [] }));
  });
});
