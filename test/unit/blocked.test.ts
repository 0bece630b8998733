/** Who is in the way, and what comes of it, in a line each. */

import { expect, test } from 'vitest';
import type { Blocker, Event } from '../../src/index.ts';
import { pauseAfter } from '../../src/patience.ts';
import { eventLine } from '../../src/report/human.ts';

const blocker: Blocker = {
  pid: 4711,
  user: 'app',
  application: 'checkout-service',
  address: '10.0.0.3',
  state: 'idle in transaction',
  isWaiting: false,
  transactionMs: 192_400,
  stateMs: 192_300,
  query: `update objects set name = '…'`,
};
const name = { id: '7', name: 'objects', direction: 'up' } as const;
const line = (first: Partial<Blocker>, queued = 0, others: readonly Blocker[] = []): string | null =>
  eventLine<'blocked'>({
    ...{ kind: 'blocked', ...name, queued, waitedMs: 1000 },
    blockers: [{ ...blocker, ...first }, ...others],
  });

test.each<[string, string | null, string]>([
  [
    'idle in a transaction',
    line({}, 14),
    `  7 objects: waiting for pid 4711 (app from 10.0.0.3, "checkout-service"), idle in a transaction for 3 min 12 s; 14 sessions wait behind us; its last query: update objects set name = '…'`,
  ],
  [
    'idle after long work',
    line({ stateMs: 2_000, address: null, application: null }),
    `  7 objects: waiting for pid 4711 (app), idle for 2 s in a transaction of 3 min 12 s; its last query: update objects set name = '…'`,
  ],
  [
    'idle after a failure',
    line({ state: 'idle in transaction (aborted)', query: 'select 1', transactionMs: 7_500_000 }, 1),
    `  7 objects: waiting for pid 4711 (app from 10.0.0.3, "checkout-service"), idle for 3 min 12 s in a failed transaction of 2 h 5 min; 1 session waits behind us; its last query: select 1`,
  ],
  [
    'at work, beside others',
    line({ state: 'active', stateMs: 61_000, transactionMs: 61_000 }, 0, [blocker, blocker]),
    `  7 objects: waiting for pid 4711 (app from 10.0.0.3, "checkout-service"), running for 1 min 1 s (and 2 more); its query: update objects set name = '…'`,
  ],
  [
    'waiting too',
    line({ state: 'active', isWaiting: true, stateMs: 61_000, transactionMs: 61_000, query: 'lock table t' }),
    '  7 objects: waiting for pid 4711 (app from 10.0.0.3, "checkout-service"), waiting itself for 1 min 1 s; its query: lock table t',
  ],
  [
    'a session’s own lock',
    line({ state: 'idle', transactionMs: null, query: 'select pg_advisory_lock(5)' }),
    '  7 objects: waiting for pid 4711 (app from 10.0.0.3, "checkout-service"), idle for 3 min 12 s; its last query: select pg_advisory_lock(5)',
  ],
  [
    'not ours to see',
    line({ address: null, state: null, transactionMs: null, stateMs: null, query: null }),
    '  7 objects: waiting for pid 4711 (app, "checkout-service"); what it does is shown only to its own role and to pg_read_all_stats',
  ],
  [
    'a prepared transaction',
    line({ pid: 0, state: null, query: null }, 2),
    '  7 objects: waiting for a prepared transaction; 2 sessions wait behind us',
  ],
])('%s', (_what, said, wanted) => {
  expect(said).toBe(wanted);
});

test.each<[Extract<Event, { kind: 'let-go' }>['reason'], string]>([
  ['lock_timeout', 'let go after 5.01 s (lock_timeout) and rolled back'],
  ['queue', 'let go after 5.01 s, so that those behind us can pass, and rolled back'],
  ['deadlock', 'rolled back after 5.01 s, by a deadlock with another session'],
])('what was let go for %s is going to be tried again', (reason, wanted) => {
  const times = { afterMs: 5010, attempt: 1, attempts: 10, retryInMs: 2300 };
  expect(eventLine<'let-go'>({ kind: 'let-go', ...name, reason, ...times })).toBe(
    `  7 objects: ${wanted}; attempt 2 of 10 in 2.30 s`,
  );
});

test('pauses double up to ten times the first, and are by chance up to half as long', () => {
  const pauses = (chance: number) =>
    [1, 2, 3, 4, 5, 9].map((n) =>
      pauseAfter(n, { timeoutMs: 0, attempts: 10, delayMs: 1000, queue: 0, chance: () => chance }),
    );
  expect(pauses(1)).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  expect(pauses(0)).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
});
