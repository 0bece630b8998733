/**
 * The forms of a bundle's front, which is what Node runs of it, in one block that only the last line of it closes. So one that
 * was cut off in the front cannot be parsed, and does not do nothing in silence (Node says SyntaxError, and exits with
 * 1); what is cut off behind it the front finds out.
 */

/** `start`: how long the whole front is, of which this is a part, and so as wide whatever it is. */
const FILE = (self: string, start: number) =>
  `const RUNGS_CALL='node ';const RUNGS_FILE=()=>require('node:fs').readFileSync(${self});const RUNGS_START=${String(start).padStart(6)};`;

export function commonJs(front: string): string {
  const form = (start: number) => `{${FILE('__filename', start)}\n${front.trimEnd()}\n}\n`;
  return form(form(0).length);
}

export function esModule(front: string): string {
  const form = (start: number) =>
    [
      '#!/usr/bin/env node',
      `{const require=rungsRequire(import.meta.url);${FILE('new URL(import.meta.url)', start)}`,
      front.trimEnd(),
      '}',
      // Last for the same reason; the language runs imports first wherever they are.
      "import { createRequire as rungsRequire } from 'node:module';\n",
    ].join('\n');
  return form(form(0).length);
}

/** Of an executable, whose body is the asset `body`. */
export const executableMain = (front: string): string =>
  `{const RUNGS_CALL='';const RUNGS_FILE=()=>Buffer.from(require('node:sea').getRawAsset('body'));const RUNGS_START=0;\n${front}}\n`;
