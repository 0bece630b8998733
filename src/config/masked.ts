/** Connection strings for people to see: without their passwords. */

import { parseDatabaseUrl } from './url.ts';

/** To parse without an environment; neither the name nor the home, where `verify-full` has its authorities, counts. */
const NOBODY = { USER: 'nobody', HOME: '/' };

/** Whether there is a password in it. If it cannot be read, there might be. */
export function hasPassword(text: string): boolean {
  try {
    return parseDatabaseUrl(text, NOBODY).secrets.length > 0;
  } catch {
    return true;
  }
}

export const MASK = '***';

/** With `***` for the password; wholly `***` where it is not certain where that is. */
export function masked(text: string): string {
  try {
    const shown = parseDatabaseUrl(text, NOBODY).secrets.reduce(hidden, text);
    const left = parseDatabaseUrl(shown, NOBODY).secrets;
    return left.every((secret) => secret === MASK) ? shown : MASK;
  } catch {
    return MASK;
  }
}

/** Only where a password can stand: that of one letter is no reason to strike out the letter everywhere. */
function hidden(text: string, secret: string): string {
  const places = [
    [`:${secret}@`, `:${MASK}@`],
    [`password=${secret}`, `password=${MASK}`],
    [`password='${secret}'`, `password=${MASK}`],
  ] as const;
  return places.reduce((t, [from, to]) => t.replace(from, () => to), text);
}
