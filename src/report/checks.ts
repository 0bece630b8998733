import type { Check } from '../report.ts';
import { inVoice, type Voice } from './error-text.ts';

const SHOWN: Readonly<Record<Check['state'], string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'FAILED',
  skipped: 'skipped',
};

/** One line for each check, under it what to do, and a last line that counts. */
export function checksText(checks: readonly Check[], voice: Voice): string {
  const widest = Math.max(...checks.map((c) => c.name.length));
  const lines = checks.flatMap(({ name, state, message, hint, error }) => {
    const location = error?.location ?? null;
    const at =
      location === null
        ? []
        : [`at: ${[location.file, location.line, location.column].filter((x) => x !== null).join(':')}`];
    const more = [
      // There is no line on the server then that says which one it is.
      ...(name === 'connection' && error !== null ? [error.operation] : []),
      ...(error?.details ?? []),
      ...at,
      ...(hint === null ? [] : [`next: ${inVoice(hint, voice)}`]),
    ];
    const indent = ' '.repeat(9 + widest + 2);
    return [
      `${SHOWN[state].padEnd(9)}${name.padEnd(widest)}  ${message}`,
      ...more.map((line) => `${indent}${line}`),
    ];
  });
  const count = (state: Check['state'], word: string) => {
    const n = checks.filter((c) => c.state === state).length;
    return n === 0 ? [] : [`${n} ${word}`];
  };
  const counts = [
    ...count('ok', 'ok'),
    ...count('warning', 'to look at'),
    ...count('failed', 'failed'),
    ...count('skipped', 'skipped'),
  ];
  return [...lines, counts.join(', ')].join('\n');
}
