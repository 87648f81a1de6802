// Bundles src/ into one script, with a digest of the sources in front by which a test tells whether it is up to date.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { build } from "esbuild";

const digest = createHash("sha256");
for (const name of readdirSync("src").sort()) digest.update(name).update(readFileSync(`src/${name}`));
await build({
  entryPoints: ["src/main.ts"],
  outfile: "../src/blemish/serving/page/app.js",
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  banner: { js: `// Built from page/src by "npm run build"; sources ${digest.digest("hex")}` },
});
