/**
 * The forms of a bundle: what Node runs is the front, in one block that only the last line of it closes. So one that
 * was cut off in the front cannot be parsed, and does not do nothing in silence (Node says SyntaxError, and exits with
 * 1); what is cut off behind it the front finds out.
 */

const FILE = (self: string, start: number) =>
  `const RUNGS_CALL='node ';const RUNGS_BODY=()=>require('node:fs').readFileSync(${self}).subarray(${String(start).padStart(6)});`;

export function commonJs(front: string, body: string): string {
  const form = (start: number) => `{${FILE('__filename', start)}\n${front.trimEnd()}\n}\n`;
  return `${form(form(0).length)}${body}`;
}

export function esModule(front: string, body: string): string {
  const form = (start: number) =>
    [
      '#!/usr/bin/env node',
      `{const require=rungsRequire(import.meta.url);${FILE('new URL(import.meta.url)', start)}`,
      front.trimEnd(),
      '}',
      // Last for the same reason; the language runs imports first wherever they are.
      "import { createRequire as rungsRequire } from 'node:module';\n",
    ].join('\n');
  return `${form(form(0).length)}${body}`;
}

/** Of an executable, whose body is the asset `body`. */
export const executableMain = (front: string): string =>
  `{const RUNGS_CALL='';const RUNGS_BODY=()=>Buffer.from(require('node:sea').getRawAsset('body'));\n${front}}\n`;
