/** Which of VS Code's settings are sent to the server. Pure: VS Code's answers are arguments. */

/** What VS Code tells of one setting (`WorkspaceConfiguration.inspect`), as far as it is looked at. */
export interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

export type Tree = Record<string, unknown>;

/** Settings of the extension itself, which the server does not know. */
const OWN = "server.";

/** The names of the server's settings, without `codestral.`, from the extension's manifest. */
export function settingNames(manifest: unknown): string[] {
  const { contributes } = manifest as { contributes: { configuration: { properties: object }[] } };
  return contributes.configuration
    .flatMap((section) => Object.keys(section.properties))
    .map((name) => name.replace(/^codestral\./, ""))
    .filter((name) => !name.startsWith(OWN));
}

/**
 * The tree of what the user has set. Defaults are never in it: they would stand over the server's own file.
 *
 * Values of a workspace may come from a repository. They are used only where the workspace is trusted, and
 * only to switch suggestions off.
 */
export function settingsTree(
  names: readonly string[],
  inspect: (name: string) => Inspected | undefined,
  trusted: boolean,
): Tree {
  const tree: Tree = {};
  for (const name of names) {
    const found = inspect(name);
    if (found === undefined) continue;
    const workspace = trusted ? [found.workspaceValue, found.workspaceFolderValue] : [];
    const value = switchedOff(name, found.globalValue, workspace);
    // Null is the choice of saying nothing.
    if (value !== undefined && value !== null) put(tree, name.split("."), value);
  }
  return tree;
}

/** Whether everything that `older` sets is set by `newer` too, if to other values. */
export function covers(newer: unknown, older: unknown): boolean {
  if (!isTable(older)) return newer !== undefined;
  return isTable(newer) && Object.entries(older).every(([name, value]) => covers(newer[name], value));
}

function switchedOff(name: string, user: unknown, workspace: readonly unknown[]): unknown {
  if (name === "completion.enabled") return workspace.includes(false) ? false : user;
  if (name !== "completion.languages") return user;
  const off = workspace.flatMap((value) =>
    isTable(value) ? Object.entries(value).filter(([, on]) => on === false) : [],
  );
  return off.length === 0 ? user : { ...(isTable(user) ? user : {}), ...Object.fromEntries(off) };
}

function put(tree: Tree, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const below = tree[name];
  const table = isTable(below) ? below : (tree[name] = {});
  put(table, rest, value);
}

function isTable(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
