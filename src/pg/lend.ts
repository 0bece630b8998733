/** Sessions on a client of the caller's. */

import pg from 'pg';
import { identifier } from '../sql/quote.ts';
import type { LentClient } from './lent.ts';
import { whileOpen } from './open.ts';
import { pause } from './pause.ts';
import { isTransient, Misfit } from './refusal.ts';
import { Session } from './session.ts';
import { misfit } from './target.ts';

/** Used as it is, and left open. `role`: whom it acts as until it is given back. */
export async function lend(client: LentClient, role?: string): Promise<Session> {
  let own: string | null = null;
  const session = new Session(
    client as LentClient & pg.ClientBase,
    (work, signal) => aside(client, work, signal),
    async () => {
      if (own !== null) await session.send(`set role ${identifier(own)}`);
    },
    true,
  );
  if (role === undefined) return session;
  const reply = await session.query(
    `select pg_catalog.current_setting('role') as role; set role ${identifier(role)}`,
  );
  own = reply.sets[0]?.[0]?.role ?? 'none';
  return session;
}

/** A connection of our own to where a lent client is connected, to find out what became of its last message. */
export async function reopenLike(
  lent: LentClient,
  role: string | undefined,
  how: { attempts: number; delayMs: number },
): Promise<Session> {
  for (let attempt = 1; ; attempt++) {
    const client = clientLike(lent);
    try {
      await client.connect();
      // A standby knows only what it has replayed by then: that is no answer.
      const wrong = await misfit(client, new Map(), 'primary');
      if (wrong !== null) throw new Misfit(wrong);
      if (role !== undefined) await client.query(`set role ${identifier(role)}`);
      return new Session(
        client,
        (work, signal) => aside(lent, work, signal),
        () => client.end(),
      );
    } catch (e) {
      await client.end().catch(() => {});
      if (attempt >= how.attempts || !isTransient(e)) throw e;
      await pause(how.delayMs * Math.min(2 ** attempt, 10), undefined);
    }
  }
}

/** A second connection like the first. */
async function aside<T>(
  lent: LentClient,
  work: (client: pg.ClientBase) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const client = clientLike(lent);
  await client.connect();
  return whileOpen(client, work, signal);
}

/** pg keeps what a client was made with on the client itself. */
function clientLike(lent: LentClient): pg.Client {
  const { host, port, user, password, database, ssl } = lent as unknown as pg.ClientConfig;
  const client = new pg.Client({ host, port, user, password, database, ssl } as pg.ClientConfig);
  // pg emits errors on the client too; without a listener they would end the process.
  client.on('error', () => {});
  return client;
}
