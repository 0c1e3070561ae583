// The licences of the packages whose code is in a bundle, as they ask to be passed on with it.
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** The texts of all licences, for the packages that esbuild's `metafile` names; `folder` holds node_modules. */
export async function licencesOf(metafile, folder) {
  const texts = await Promise.all(packagesIn(metafile).map((at) => licenceOf(path.join(folder, at))));
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** Folders of the packages whose modules are in the bundle, in order. */
function packagesIn(metafile) {
  const found = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
    if (match) found.add(match[0]);
  }
  return [...found].sort();
}

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} has no file with its licence`);
  const text = await readFile(path.join(folder, file), "utf8");
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}
