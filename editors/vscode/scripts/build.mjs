// Bundles the extension into out/extension.js, and puts the licences of what is in it beside it.
import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import esbuild from "esbuild";

import { licencesOf } from "../../licences.mjs";

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

const built = await esbuild.build({
  absWorkingDir: folder,
  entryPoints: ["src/extension.ts"],
  outfile: "out/extension.js",
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  external: ["vscode"],
  minify: true,
  metafile: true,
  logLevel: "warning",
});

const licences = await licencesOf(built.metafile, folder);
await writeFile(path.join(folder, "THIRD_PARTY_LICENSES"), licences);
await copyFile(path.join(folder, "..", "..", "LICENSE"), path.join(folder, "LICENSE"));
