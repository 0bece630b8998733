/** Several atomic migrations in one message, each with its own begin, record and commit. */

import type { FileMessage } from './file-message.ts';
import { moved } from './hook-text.ts';
import * as journal from './ledger/journal.ts';
import { marker, markerBetween } from './marker.ts';
import { atomic, type Envelope } from './messages.ts';
import type { Analysis, Step } from './migration.ts';
import { literal } from './sql/quote.ts';

export interface Member {
  readonly step: Step;
  readonly analysis: Analysis | null;
}

/**
 * The message as each of them sees it: the text is that of all, the places in it are their own, and tags are counted
 * from their own begin (`reached`).
 */
export function batched(e: Envelope, members: readonly Member[]): readonly FileMessage[] {
  const [afterLast, between, atEnd] = [journal.afterLast(e.place), markerBetween(e), marker(e)];
  const alone = members.map(({ step, analysis }, i) =>
    atomic(e, step, analysis, {
      before: [`set local application_name = ${literal(named(e, step))}`],
      since: i === 0 ? journal.ARRIVAL : afterLast,
      marker: i === members.length - 1 ? atEnd : between,
    }),
  );
  const text = alone.map((m) => m.text).join(';\n');
  let start = 0;
  return alone.map((m) => {
    const here = { ...m, text, before: start + m.before, hooks: moved(m.hooks ?? [], start, 0) };
    start += m.text.length + ';\n'.length;
    return here;
  });
}

/** Of a message pg_stat_activity shows the beginning, whichever of its files runs: the name says which. The server takes 63 bytes. */
function named({ application }: Envelope, { migration: { id, name } }: Step): string {
  const whole = [application, id === name ? id : `${id}_${name}`].filter((part) => part !== '').join(': ');
  return new TextDecoder().decode(new TextEncoder().encode(whole).subarray(0, 63)).replace(/\ufffd+$/, '');
}

export interface Reached {
  /** How many of the migrations are committed. */
  readonly committed: number;
  /** What failed was the marker behind them: the next one had not begun. */
  readonly isInMarker: boolean;
  /** The tags of the next one. */
  readonly tags: readonly string[];
}

/** How far a message of several came, by its tags: behind each migration's commit comes that of its marker. */
export function reached(completed: readonly string[]): Reached {
  const commits = completed.filter((tag) => tag === 'COMMIT').length;
  return {
    committed: Math.ceil(commits / 2),
    isInMarker: commits % 2 === 1,
    tags: completed.slice(completed.lastIndexOf('COMMIT') + 1),
  };
}
