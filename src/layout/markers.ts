/**
 * The parts of a file that carries its own down: behind a `-- rungs: down` line, or as dbmate's and goose's markers have
 * it. What is in a part stays where it is in the file, and so do its places.
 */

import type { Problem } from '../migration.ts';

export interface Part {
  /** As long as the file up to its end; what is not of the part is blank. */
  readonly text: string;
  readonly noTransaction: boolean;
}

export interface Parts {
  readonly up: Part;
  readonly down: Part | null;
  readonly problems: readonly Omit<Problem, 'file'>[];
}

interface Marker {
  readonly kind: 'up' | 'down' | 'alone' | 'unknown';
  /** UTF-16 indices of its line, without the line's end. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly noTransaction: boolean;
}

export function split(text: string): Parts {
  const markers = markersIn(text);
  const whole: Part = { text, noTransaction: false };
  if (markers.length === 0) return { up: whole, down: null, problems: [] };
  const isAlone = markers.some((m) => m.kind === 'alone');
  const up = markers.find((m) => m.kind === 'up');
  const down = markers.find((m) => m.kind === 'down');
  const part = (marker: Marker | undefined, start: number, end: number): Part => ({
    text: text.slice(0, start).replaceAll(/[^\r\n]/g, ' ') + text.slice(start, end),
    noTransaction: isAlone || marker?.noTransaction === true,
  });
  // goose takes them in either order.
  const isDownFirst = up !== undefined && down !== undefined && down.start < up.start;
  const end = text.length;
  return {
    up: isDownFirst ? part(up, up.end, end) : part(up, 0, down?.start ?? end),
    down: down === undefined ? null : part(down, down.end, isDownFirst ? up.start : end),
    problems: faults(markers),
  };
}

const LINE = /^[ \t]*--[ \t]*(rungs:[ \t]*down|migrate:(?:up|down)\b[^\r\n]*|\+goose\b[^\r\n]*)[ \t]*$/gim;

function markersIn(text: string): readonly Marker[] {
  const markers: Marker[] = [];
  for (const match of text.matchAll(LINE)) {
    const said = (match[1] ?? '').trim().toLowerCase().replaceAll(/\s+/g, ' ');
    const kind = kindOf(said);
    // They keep goose's own reader from cutting inside; the grammar knows by itself.
    if (kind === 'statement') continue;
    markers.push({
      kind,
      start: match.index,
      end: match.index + match[0].length,
      text: match[0].trim(),
      noTransaction: /transaction:\s*false/.test(said),
    });
  }
  return markers;
}

function kindOf(said: string): Marker['kind'] | 'statement' {
  if (said === 'rungs: down' || said === 'rungs:down') return 'down';
  if (/^migrate:up( transaction: ?(true|false))?$/.test(said)) return 'up';
  if (/^migrate:down( transaction: ?(true|false))?$/.test(said)) return 'down';
  if (said === '+goose up') return 'up';
  if (said === '+goose down') return 'down';
  if (said === '+goose no transaction') return 'alone';
  if (said === '+goose statementbegin' || said === '+goose statementend') return 'statement';
  return 'unknown';
}

function faults(markers: readonly Marker[]): Parts['problems'] {
  const problems: Omit<Problem, 'file'>[] = [];
  const seen = new Set<string>();
  for (const { kind, text, start } of markers) {
    const fault = (message: string) => problems.push({ reason: 'directive', message, offset: start });
    if (kind === 'unknown') fault(`the marker \`${text}\` is not understood`);
    else if (kind !== 'alone' && seen.has(kind)) fault(`a second marker of a part: \`${text}\``);
    seen.add(kind);
  }
  return problems;
}
