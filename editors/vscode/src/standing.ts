/**
 * What the user has said to a server in this window. A server forgets it when it ends, so the next one is told again.
 * Pure; the page of the playground has it too.
 */

export interface Command {
  command: string;
  arguments: unknown[];
}

const MINUTE_MS = 60_000;

export class Standing {
  private off = false;
  private snoozedUntilMs = 0;
  private backend: unknown = null;

  /** A server has executed `command` and returned `answer`. `nowMs` is of any clock, in milliseconds. */
  heard(command: string, values: readonly unknown[], answer: unknown, nowMs: number): void {
    const [value = null] = values;
    switch (command) {
      case "codestral.toggle":
        this.off = answer === false;
        this.snoozedUntilMs = 0;
        break;
      case "codestral.snooze":
        this.snoozedUntilMs = typeof value === "number" ? nowMs + value * MINUTE_MS : 0;
        break;
      case "codestral.backend":
        this.backend = value;
    }
  }

  /** The commands that bring a new server to where the last one was. */
  again(nowMs: number): Command[] {
    const commands: Command[] = [];
    const say = (command: string, ...values: unknown[]): void => {
      commands.push({ command: `codestral.${command}`, arguments: values });
    };
    if (this.backend !== null) say("backend", this.backend);
    if (this.off) say("toggle");
    if (this.snoozedUntilMs > nowMs) say("snooze", (this.snoozedUntilMs - nowMs) / MINUTE_MS);
    return commands;
  }
}
