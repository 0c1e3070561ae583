/** A document for each language, with the cursor where something is missing. */

import c from "../samples/c.txt";
import cpp from "../samples/cpp.txt";
import go from "../samples/go.txt";
import java from "../samples/java.txt";
import javascript from "../samples/javascript.txt";
import kotlin from "../samples/kotlin.txt";
import python from "../samples/python.txt";
import ruby from "../samples/ruby.txt";
import rust from "../samples/rust.txt";
import typescript from "../samples/typescript.txt";
import type { Source } from "./documents";
import { languageName } from "./editor/languages";

function sample(language: string, file: string, text: string): Source {
  return { uri: `untitled:${file}`, name: `${languageName(language)}: ${file}`, path: null, language, text };
}

export const SAMPLES: Source[] = [
  sample("python", "account.py", python),
  sample("typescript", "queue.ts", typescript),
  sample("javascript", "cart.js", javascript),
  sample("go", "limiter.go", go),
  sample("rust", "ledger.rs", rust),
  sample("c", "ring.c", c),
  sample("cpp", "cache.cpp", cpp),
  sample("java", "Library.java", java),
  sample("kotlin", "weather.kt", kotlin),
  sample("ruby", "stock.rb", ruby),
];
