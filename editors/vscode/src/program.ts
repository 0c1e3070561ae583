/** Finding the server's program. Pure: the machine is an argument. */

export interface Machine {
  readonly windows: boolean;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly path: {
    readonly delimiter: string;
    isAbsolute(path: string): boolean;
    join(...parts: string[]): string;
  };
  /** Whether a file is there that may be run. */
  isProgram(path: string): boolean;
}

export class ProgramNotFound extends Error {}

/**
 * The absolute path of the program that `setting` names.
 *
 * A relative path is refused, and the `PATH` is read by its absolute parts alone: a folder that happens to be
 * open must not choose what is run.
 *
 * @throws ProgramNotFound with a sentence for people.
 */
export function findProgram(setting: string, machine: Machine): string {
  const wanted = setting.trim();
  const named = wanted.startsWith("~/") ? machine.path.join(machine.home, wanted.slice(2)) : wanted;
  if (named === "") throw new ProgramNotFound("the setting codestral.server.path is empty");
  if (machine.path.isAbsolute(named)) {
    const found = firstProgram([named], machine);
    if (found === undefined) throw new ProgramNotFound(`there is no program ${named}`);
    return found;
  }
  if (/[/\\]/.test(named)) {
    throw new ProgramNotFound(
      `the path ${named} is relative: name the program alone, or give an absolute path`,
    );
  }
  const found = firstProgram(
    searched(machine).map((folder) => machine.path.join(folder, named)),
    machine,
  );
  if (found === undefined) throw new ProgramNotFound(`there is no program ${named} on the PATH`);
  return found;
}

/** The folders to look in. Programs of pip, pipx and uv lie in the last one, which graphical shells forget. */
function searched(machine: Machine): string[] {
  const { environment, path } = machine;
  const named = Object.keys(environment).find((name) => name.toUpperCase() === "PATH");
  const listed = (named === undefined ? "" : (environment[named] ?? "")).split(path.delimiter);
  return [...listed.filter((folder) => path.isAbsolute(folder)), path.join(machine.home, ".local", "bin")];
}

function firstProgram(paths: readonly string[], machine: Machine): string | undefined {
  const endings = machine.windows ? ["", ".exe"] : [""];
  return paths
    .flatMap((path) => endings.map((ending) => path + ending))
    .find((path) => machine.isProgram(path));
}
