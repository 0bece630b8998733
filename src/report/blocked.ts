/** Who keeps a statement from its locks, in words to act on at three in the morning. */

import type { Blockage, Blocker, LockHolder } from '../event.ts';
import { age, counted } from './amounts.ts';

/** `pid 4711 (app from 10.0.0.3, "checkout"), idle in a transaction for 3 min 12 s; 14 sessions wait behind us; its last query: …` */
export function blockedText({ blockers, queued }: Pick<Blockage, 'blockers' | 'queued'>): string {
  const [first, ...others] = blockers;
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const parts = [`${whoText(first)}${more}`, ...(queued === 0 ? [] : [queueText(queued)])];
  if (first.pid !== 0 && first.state === null) parts.push(HIDDEN);
  if (first.query !== null) parts.push(queryText(first, first.query));
  return parts.join('; ');
}

const queueText = (queued: number): string =>
  `${counted(queued, 'session')} ${queued === 1 ? 'waits' : 'wait'} behind us`;

const isAtIt = ({ state }: Pick<Blocker, 'state'>): boolean =>
  state === 'active' || state === 'fastpath function call';

/** Of who holds the migration lock: `idle for 4 s; its last query: …`. */
export function holderText(h: LockHolder): string {
  if (h.state === null) return HIDDEN;
  const said = h.query ? `; ${queryText(h, h.query)}` : '';
  return `${doing({ isWaiting: false, transactionMs: h.stateMs, stateMs: h.stateMs }, h.state)}${said}`;
}

const queryText = (at: Pick<Blocker, 'state'>, query: string): string =>
  `${isAtIt(at) ? 'its query' : 'its last query'}: ${query}`;

/** How to get rid of it. */
export function cureFor({ pid }: Blocker): string {
  if (pid === 0) return 'end the prepared transaction (see `select * from pg_prepared_xacts`)';
  return `wait for pid ${pid} or end it (\`select pg_terminate_backend(${pid})\`)`;
}

function whoText(b: Blocker): string {
  if (b.pid === 0) return 'a prepared transaction';
  const from = b.address === null ? '' : ` from ${b.address}`;
  const application = b.application === null ? '' : `, "${b.application}"`;
  return `pid ${b.pid} (${b.user ?? 'unknown'}${from}${application})${b.state === null ? '' : `, ${doing(b, b.state)}`}`;
}

const HIDDEN = 'what it does is shown only to its own role and to pg_read_all_stats';

function doing(
  { isWaiting, transactionMs, stateMs }: Pick<Blocker, 'isWaiting' | 'transactionMs' | 'stateMs'>,
  state: string,
): string {
  const [time, whole] = [age(stateMs ?? 0), age(transactionMs ?? 0)];
  const isOlder = (transactionMs ?? 0) - (stateMs ?? 0) >= 1000;
  const inside = isOlder ? ` in a transaction of ${whole}` : '';
  if (isWaiting) return `waiting itself for ${time}${inside}`;
  if (state === 'active') return `running for ${time}${inside}`;
  if (!state.startsWith('idle in transaction')) return `${state} for ${time}`;
  const failed = state === 'idle in transaction' ? '' : ' failed';
  return isOlder
    ? `idle for ${time} in a${failed} transaction of ${whole}`
    : `idle in a${failed} transaction for ${time}`;
}
