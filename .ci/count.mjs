/** `node count.mjs report.json EXIT_CODE`: what vitest ran, as `PASSED FAILED`. A test that was skipped has failed. */

import { readFileSync } from 'node:fs';

const [path, code] = process.argv.slice(2);

function filesIn(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return [];
  }
}

const files = filesIn(path);
const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
const passed = tests.filter(({ status }) => status === 'passed').length;
const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
for (const { file, fullName } of skipped) console.error(`skipped: ${file}: ${fullName}`);

// A file that failed without a test that did could not be loaded.
const broken = files.filter(
  (file) => file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'),
);
for (const { name } of broken) console.error(`failed as a whole: ${name}`);
let failed = tests.filter(({ status }) => status === 'failed').length + skipped.length + broken.length;
if (failed === 0 && (code !== '0' || passed === 0)) {
  console.error(`nothing failed, but the exit code is ${code}, and ${passed} tests passed`);
  failed = 1;
}
console.log(passed, failed);
