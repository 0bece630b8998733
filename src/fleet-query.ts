/** The targets of a fleet as a query says them: one statement, which may only read. */

import type { GivenTarget, PlacedTarget } from './config/target.ts';
import { MigrateError } from './errors.ts';
import type { Location } from './migration.ts';
import { cancelOnAbort } from './pg/abort.ts';
import { MessageFailed } from './pg/message.ts';
import type { Session } from './pg/session.ts';
import type { Row } from './recorded.ts';
import { asMigrateError, refused } from './refused.ts';

export interface TargetQuery {
  readonly query: string;
  /** Where it stands; null where a program gives it. */
  readonly location: Location | null;
  readonly signal: AbortSignal | undefined;
}

const OPERATION = 'ask for the targets';

export async function queriedTargets(
  open: () => Promise<Session>,
  asked: TargetQuery,
): Promise<readonly PlacedTarget[]> {
  const session = await open();
  try {
    const begin = session.query('begin read only; select pg_catalog.pg_backend_pid()::text as pid');
    const { sets } = await refused(begin, 'MIGRATION_INIT_FAILED', OPERATION);
    session.pid = Number(sets[0]?.[0]?.pid);
    const rows = await ask(session, asked);
    const { location } = asked;
    const whose = location === null ? 'the query' : `the query at ${location.file}:${location.line}`;
    return rows.map((row, i) => placedRow(row, `row ${i + 1} of ${whose}`, location));
  } finally {
    // What it has begun ends with it.
    await session.close().catch(() => {});
  }
}

async function ask(session: Session, { query, location, signal }: TargetQuery): Promise<readonly Row[]> {
  const ended = new AbortController();
  const reply = session.ask(query);
  const cancelling = signal === undefined ? null : cancelOnAbort(session, signal, ended.signal);
  try {
    return (await reply).sets.at(-1) ?? [];
  } catch (e) {
    throw told(e, location, signal);
  } finally {
    ended.abort();
    await cancelling;
  }
}

function told(e: unknown, location: Location | null, signal: AbortSignal | undefined): MigrateError {
  if (signal?.aborted === true) return cancelled(e);
  const { code, reason, message, sqlstate, details, hint } = asMigrateError(
    e,
    'MIGRATION_INIT_FAILED',
    OPERATION,
  );
  const common = { operation: OPERATION, message, sqlstate, details, location, cause: e };
  // It writes, or there are several: the server takes one statement only in such a message.
  const isWrong = e instanceof MessageFailed && ['25006', '42601'].includes(e.server?.code ?? '');
  return isWrong
    ? new MigrateError('CONFIG_INVALID', 'targets', {
        ...common,
        hint: 'write the query as one statement that only reads: it is asked in a read-only transaction',
      })
    : new MigrateError(code, reason, { ...common, hint });
}

const cancelled = (cause: unknown): MigrateError =>
  new MigrateError('MIGRATION_INIT_FAILED', 'cancelled', {
    operation: OPERATION,
    message: 'cancelled; no target was begun',
    cause,
  });

function placedRow(row: Row, where: string, location: Location | null): PlacedTarget {
  if (!('schema' in row) && !('url' in row))
    throw new MigrateError('CONFIG_INVALID', 'targets', {
      operation: 'read the targets',
      message: `the query has no column called schema or url; it has ${Object.keys(row).join(', ')}`,
      location,
    });
  const { url, schema, name }: GivenTarget = row;
  return { url, schema, name, where };
}
