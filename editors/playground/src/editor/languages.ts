/** Highlighting and layout for each language, by LSP's identifiers. */

import { cpp } from "@codemirror/lang-cpp";
import { go } from "@codemirror/lang-go";
import { java } from "@codemirror/lang-java";
import { javascript } from "@codemirror/lang-javascript";
import { php } from "@codemirror/lang-php";
import { python } from "@codemirror/lang-python";
import { rust } from "@codemirror/lang-rust";
import { StreamLanguage, indentUnit, type StreamParser } from "@codemirror/language";
import { csharp, kotlin } from "@codemirror/legacy-modes/mode/clike";
import { lua } from "@codemirror/legacy-modes/mode/lua";
import { ruby } from "@codemirror/legacy-modes/mode/ruby";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { swift } from "@codemirror/legacy-modes/mode/swift";
import { EditorState, type Extension } from "@codemirror/state";

const stream = (parser: StreamParser<unknown>): Extension => StreamLanguage.define(parser);

const SUPPORT: Record<string, () => Extension> = {
  c: cpp,
  cpp,
  csharp: () => stream(csharp),
  go,
  java,
  javascript: () => javascript(),
  javascriptreact: () => javascript({ jsx: true }),
  kotlin: () => stream(kotlin),
  lua: () => stream(lua),
  php: () => php(),
  python,
  ruby: () => stream(ruby),
  rust,
  shellscript: () => stream(shell),
  swift: () => stream(swift),
  typescript: () => javascript({ typescript: true }),
  typescriptreact: () => javascript({ typescript: true, jsx: true }),
};

const NAMES: Record<string, string> = {
  c: "C",
  cpp: "C++",
  csharp: "C#",
  go: "Go",
  java: "Java",
  javascript: "JavaScript",
  javascriptreact: "JavaScript (JSX)",
  kotlin: "Kotlin",
  lua: "Lua",
  php: "PHP",
  plaintext: "Plain text",
  python: "Python",
  ruby: "Ruby",
  rust: "Rust",
  shellscript: "Shell",
  swift: "Swift",
  typescript: "TypeScript",
  typescriptreact: "TypeScript (TSX)",
};

const ENDINGS: Record<string, string> = {
  c: "c",
  cc: "cpp",
  cpp: "cpp",
  cs: "csharp",
  go: "go",
  h: "c",
  hpp: "cpp",
  java: "java",
  js: "javascript",
  jsx: "javascriptreact",
  kt: "kotlin",
  lua: "lua",
  php: "php",
  py: "python",
  rb: "ruby",
  rs: "rust",
  sh: "shellscript",
  swift: "swift",
  ts: "typescript",
  tsx: "typescriptreact",
};

export function languageName(language: string): string {
  return NAMES[language] ?? language;
}

/** The language of a file that an action makes, by its name. */
export function languageOfFile(name: string): string {
  return ENDINGS[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ""] ?? "plaintext";
}

/** What the editor needs to know of a language and of the text's own indentation. */
export function languageSupport(language: string, text: string): Extension {
  return [
    SUPPORT[language]?.() ?? [],
    indentUnit.of(indentationOf(text, language)),
    EditorState.tabSize.of(4),
  ];
}

/** One level of indentation: that of the text's first indented line, or the language's habit. */
function indentationOf(text: string, language: string): string {
  const first = /^(\t| {2,8})(?=[^\s*])/m.exec(text)?.[1];
  return first ?? (language === "go" ? "\t" : "    ");
}
