// Bundles the extension into out/extension.js, and puts the licences of what is in it beside it.
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import esbuild from "esbuild";

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

/** Folders of the packages whose modules are in the bundle, in order. */
function packagesIn(metafile) {
  const found = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
    if (match) found.add(match[0]);
  }
  return [...found].sort();
}

async function licenceOf(packageFolder) {
  const at = path.join(folder, packageFolder);
  const { name, version, license } = JSON.parse(await readFile(path.join(at, "package.json"), "utf8"));
  const file = (await readdir(at)).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} has no file with its licence`);
  const text = await readFile(path.join(at, file), "utf8");
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}

const licences = await Promise.all(packagesIn(built.metafile).map(licenceOf));
await writeFile(path.join(folder, "THIRD_PARTY_LICENSES"), licences.join(`\n${"-".repeat(80)}\n\n`));
await copyFile(path.join(folder, "..", "..", "LICENSE"), path.join(folder, "LICENSE"));
