/** What the status bar says. Pure: the bar itself is in `statusBar`. */

/** The server's notification `codestral/status`. */
export interface ServerStatus {
  readonly state: "ready" | "working" | "snoozed" | "off" | "unavailable";
  readonly backend: string | null;
  readonly model: string | null;
  readonly remote: boolean;
  readonly message: string;
}

/** The server's status, or what the extension knows while there is no server. */
export type Status =
  ServerStatus | { readonly state: "starting" } | { readonly state: "stopped"; readonly message: string };

export interface StatusView {
  readonly text: string;
  /** Plain text of several lines. */
  readonly tooltip: string;
  readonly warning: boolean;
}

const NAME = "Codestral";
const SAID_OF_STATE = {
  ready: "Ready",
  working: "A model is at work",
  snoozed: "Snoozed",
  off: "Suggestions are off",
  unavailable: "No backend can be asked",
} as const;

/** The entry of the status bar for `status`. */
export function statusView(status: Status): StatusView {
  if (status.state === "starting") return view("$(loading~spin)", NAME, ["The server starts"]);
  if (status.state === "stopped") return view("$(error)", NAME, [status.message], true);
  const { state, backend, message } = status;
  const lines = [SAID_OF_STATE[state], message, described(status)];
  switch (state) {
    case "snoozed":
      return view("$(bell-slash)", `${NAME}: snoozed`, lines);
    case "off":
      return view("$(circle-slash)", `${NAME}: off`, lines);
    case "unavailable":
      return view("$(warning)", NAME, lines, true);
    case "working":
      return view("$(loading~spin)", backend === null ? NAME : `${NAME}: ${backend}`, lines);
    case "ready":
      return view(
        status.remote ? "$(cloud)" : "$(sparkle)",
        backend === null ? NAME : `${NAME}: ${backend}`,
        lines,
      );
  }
}

/** The backend in a line; empty without one. */
function described({ backend, model, remote }: ServerStatus): string {
  if (backend === null) return "";
  return `${[backend, model].filter(Boolean).join(": ")} (${remote ? "another machine" : "this machine"})`;
}

function view(icon: string, text: string, lines: readonly string[], warning = false): StatusView {
  return { text: `${icon} ${text}`, tooltip: [NAME, ...lines].filter(Boolean).join("\n"), warning };
}
