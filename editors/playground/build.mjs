// Builds the page into the Python package that serves it. `--watch` builds again at each change.
import { copyFile, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { build, context } from "esbuild";

import { licencesOf } from "../licences.mjs";

const here = import.meta.dirname;
const target = join(here, "..", "..", "lsp_server", "playground", "assets");

const options = {
  absWorkingDir: here,
  entryPoints: { app: "src/main.ts" },
  outdir: target,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome110", "firefox115", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  loader: { ".txt": "text" },
  logLevel: "warning",
};

await mkdir(target, { recursive: true });
for (const name of ["index.html", "icon.svg"]) {
  await copyFile(join(here, "src", name), join(target, name));
}
if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  const built = await build({ ...options, metafile: true });
  await writeFile(join(target, "licences.txt"), await licencesOf(built.metafile, here));
  for (const name of ["app.js", "app.css"]) {
    const { size } = await stat(join(target, name));
    process.stdout.write(`${name}: ${Math.round(size / 1024)} KiB\n`);
  }
}
