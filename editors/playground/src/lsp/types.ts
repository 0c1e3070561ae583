/** The parts of LSP, and of this server's own commands, that the page uses. */

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

export interface Command {
  title?: string;
  command: string;
  arguments?: unknown[];
}

export interface InlineItem {
  insertText: string;
  range: Range;
  command?: Command;
}

export interface TextEdit {
  range: Range;
  newText: string;
  annotationId?: string;
}

export interface TextDocumentEdit {
  textDocument: { uri: string; version: number | null };
  edits: TextEdit[];
}

export interface CreateFile {
  kind: "create";
  uri: string;
}

export interface WorkspaceEdit {
  changes?: Record<string, TextEdit[]>;
  documentChanges?: (TextDocumentEdit | CreateFile)[];
  changeAnnotations?: Record<string, { label: string; needsConfirmation?: boolean }>;
}

export interface CodeAction {
  title: string;
  kind?: string;
  isPreferred?: boolean;
  command?: Command;
}

export interface MessageParams {
  type: number;
  message: string;
}

export interface MessageRequestParams extends MessageParams {
  actions?: { title: string }[];
}

export interface Progress {
  token: string | number;
  value: { kind: "begin" | "report" | "end"; title?: string; message?: string; cancellable?: boolean };
}

export type State = "ready" | "working" | "snoozed" | "off" | "unavailable";

export interface Status {
  state: State;
  backend: string | null;
  model: string | null;
  remote: boolean;
  message: string;
}

export interface Backend {
  name: string;
  model?: string | null;
  remote?: boolean;
  chosen?: boolean;
}

export interface FullStatus {
  backends: Backend[];
}

export interface Snippet {
  path: string;
  origin: string;
  score: number;
}

export interface RequestEvent {
  number: number;
  path: string;
  line: number;
  column: number;
  trigger: string;
  gate: string | null;
  detail: string;
  origin: string | null;
  backend: string | null;
  model: string | null;
  lines: number;
  characters: number;
  outcome: string | null;
  timings_ms: Record<string, number>;
  prompt: { family: string; tokens: number; snippets: Snippet[] } | null;
  usage: {
    prompt_tokens: number | null;
    cached_tokens: number | null;
    completion_tokens: number | null;
  } | null;
}

export interface Explanation {
  requests: RequestEvent[];
}

export interface Stats {
  requests: number;
  suggestions: number;
  shown: number;
  accepted: number;
  accepted_in_part: number;
  median_ms: number | null;
}
