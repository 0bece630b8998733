/**
 * `node count.mjs report.json EXIT_CODE FAILURES`: what vitest ran, as `PASSED FAILED`. A test that was skipped has
 * failed. What failed, and why, is added to the file FAILURES.
 */

import { appendFileSync, readFileSync } from 'node:fs';

const [path, code, failures] = process.argv.slice(2);

function tell(line) {
  console.error(line);
  appendFileSync(failures, `${line}\n`);
}

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
for (const { file, fullName } of skipped) tell(`skipped: ${file}: ${fullName}`);
for (const { file, fullName, status, failureMessages } of tests) {
  if (status === 'failed')
    tell(`failed: ${file}: ${fullName}\n${failureMessages.join('\n').slice(0, 2000)}\n`);
}

// A file that failed without a test that did could not be loaded.
const broken = files.filter(
  (file) => file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'),
);
for (const { name, message } of broken) tell(`failed as a whole: ${name}\n${message}\n`);
let failed = tests.filter(({ status }) => status === 'failed').length + skipped.length + broken.length;
if (failed === 0 && (code !== '0' || passed === 0)) {
  tell(`nothing failed, but the exit code is ${code}, and ${passed} tests passed`);
  failed = 1;
}
console.log(passed, failed);
