import { readdirSync, readFileSync } from 'node:fs';

/** What `ps` shows everyone of every process here; of Linux alone. */
export function commandLines(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        // It has ended since.
        return [];
      }
    });
}
