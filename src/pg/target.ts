import type pg from 'pg';
import type { TargetSession } from '../config/url.ts';

/** What the server reported at the start (ParameterStatus). */
export type Parameters = ReadonlyMap<string, string>;

/** Null if the server is of the wanted kind; else libpq's words for why not (fe-connect.c, CONNECTION_CHECK_TARGET). */
export async function misfit(
  client: pg.Client,
  parameters: Parameters,
  target: TargetSession,
): Promise<string | null> {
  if (target === 'any') return null;
  if (target === 'read-write' || target === 'read-only') {
    const isReadOnly = await readOnly(client, parameters);
    if (target === 'read-write') return isReadOnly ? 'session is read-only' : null;
    return isReadOnly ? null : 'session is not read-only';
  }
  const isStandby = await standby(client, parameters);
  if (target === 'primary') return isStandby ? 'server is in hot standby mode' : null;
  return isStandby ? null : 'server is not in hot standby mode';
}

// Servers report both since 14; a pooler in between may not.
async function readOnly(client: pg.Client, parameters: Parameters): Promise<boolean> {
  const reported = ['default_transaction_read_only', 'in_hot_standby'].map((name) => parameters.get(name));
  if (!reported.includes(undefined)) return reported.includes('on');
  const { rows } = await client.query<{ transaction_read_only: string }>('show transaction_read_only');
  return rows[0]?.transaction_read_only === 'on';
}

async function standby(client: pg.Client, parameters: Parameters): Promise<boolean> {
  const reported = parameters.get('in_hot_standby');
  if (reported !== undefined) return reported === 'on';
  const { rows } = await client.query<{ answer: string }>(
    'select pg_catalog.pg_is_in_recovery()::text as answer',
  );
  return rows[0]?.answer === 'true';
}
