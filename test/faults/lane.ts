/** A database that one round after the other is run on, and a look at it that is not ours. */

import pg from 'pg';
import { MigrateError } from '../../src/index.ts';
import { run, type Scene } from './scene.ts';

/** All that a run can have done. */
export interface Sight {
  readonly ledger: readonly { readonly version: string; readonly dirty: boolean }[];
  readonly journal: readonly JournalSight[];
  /** What the migrations have written, and how often. */
  readonly ran: Readonly<Record<string, number>>;
  /** Tables and indexes of theirs; an INVALID index says so. */
  readonly relations: readonly string[];
}

export interface JournalSight {
  readonly version: string | null;
  readonly direction: 'up' | 'down';
  readonly kind: string;
  readonly mode: string | null;
  readonly state: string;
}

export interface Lane {
  readonly url: string;
  /** As it was before the scene's first run. */
  readonly set: (scene: Scene) => Promise<void>;
  readonly sight: () => Promise<Sight>;
  /** Resolves when no session of others works, or holds an advisory lock. */
  readonly untilIdle: () => Promise<void>;
  readonly untilUnlocked: () => Promise<void>;
  readonly query: (text: string) => Promise<Record<string, unknown>[]>;
  readonly close: () => Promise<void>;
}

const AUDIT = `create schema audit;
create table audit.ran (what text not null);
create function audit.sight() returns json language plpgsql as $$
declare ledger json; journal json;
begin
  if to_regclass('public.schema_migrations') is not null then
    execute 'select json_agg(json_build_object(''version'', version::text, ''dirty'', dirty)) from public.schema_migrations' into ledger;
  end if;
  if to_regclass('public.schema_migrations_history') is not null then
    execute 'select json_agg(json_build_object(''version'', version::text, ''direction'', direction, ''kind'', kind,
      ''mode'', mode, ''state'', state) order by id) from public.schema_migrations_history' into journal;
  end if;
  return json_build_object(
    'ledger', coalesce(ledger, '[]'), 'journal', coalesce(journal, '[]'),
    'ran', coalesce((select json_object_agg(what, n) from (select what, count(*) as n from audit.ran group by 1) as r), '{}'),
    'relations', coalesce((select json_agg(c.relname || case when not x.indisvalid then ' INVALID' else '' end
      order by c.relname collate "C")
      from pg_class c left join pg_index x on x.indexrelid = c.oid
      where c.relnamespace = to_regnamespace('public') and c.relname !~ '^schema_migrations'), '[]'));
end $$`;

const OTHERS = `pg_stat_activity a where a.datname = current_database() and a.pid <> pg_backend_pid()`;
const LOCKS = `pg_locks l where l.locktype = 'advisory'
  and l.database = (select oid from pg_database where datname = current_database())`;

/** Far beyond what any of it takes. */
const LONG_MS = 60_000;

/** In an empty database of its own. */
export async function openLane(url: string): Promise<Lane> {
  let client: pg.Client | null = null;

  /** The server may be on its way down or up: patient, where the text may be sent twice. */
  async function query(text: string): Promise<Record<string, unknown>[]> {
    const end = Date.now() + LONG_MS;
    for (;;) {
      try {
        client ??= await connected(url);
        const result: pg.QueryResult | pg.QueryResult[] = await client.query(text);
        return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? [];
      } catch (e) {
        const lost = client;
        client = null;
        await lost?.end().catch(() => {});
        if (!isLoss(e) || Date.now() > end) throw e;
        await new Promise((again) => setTimeout(again, 20));
      }
    }
  }

  async function until(what: string, isSo: string): Promise<void> {
    const end = Date.now() + LONG_MS;
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
      if ((await query(`select ${isSo} as so`))[0]?.so === true) return;
      if (Date.now() > end) throw new Error(`within ${LONG_MS / 1000} s it never came to this: ${what}`);
      await new Promise((again) => setTimeout(again, pauseMs));
    }
  }

  const lane: Lane = {
    url,
    query,
    set: async (scene) => {
      await until('all sessions of before have ended', `not exists (select from ${OTHERS})`);
      await query('drop schema if exists public cascade; create schema public; truncate audit.ran');
      if (scene.direction === 'up') return;
      await run({ ...scene, direction: 'up' }, url);
      await query('truncate audit.ran');
    },
    sight: async () => (await query('select audit.sight() as sight'))[0]?.sight as Sight,
    untilIdle: () =>
      until('the server does nothing', `not exists (select from ${OTHERS} and state = 'active')`),
    untilUnlocked: () => until('no lock is left', `not exists (select from ${LOCKS})`),
    close: async () => void (await client?.end().catch(() => {})),
  };
  await query(AUDIT);
  return lane;
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Refused, reset, shut down, starting up. */
const isLoss = (e: unknown): boolean =>
  !(e instanceof pg.DatabaseError) || /^(57P0[123]|08|53300)/.test(e.code ?? '');

/** All the work, each lane at one piece at a time; gathers what was wrong. What is thrown is wrong too. */
export async function shareOut<T>(
  lanes: readonly Lane[],
  work: readonly T[],
  one: (lane: Lane, piece: T) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const failures: string[] = [];
  const pieces = work.values();
  await Promise.all(
    lanes.map(async (lane) => {
      for (const piece of pieces) {
        failures.push(...(await one(lane, piece).catch((e) => thrown(e).map((text) => `${piece}: ${text}`))));
      }
    }),
  );
  return failures;
}

export const thrown = (e: unknown): readonly string[] => [
  e instanceof MigrateError ? `${e.code} ${e.reason}: ${e.message}; ${e.hint}` : String(e),
];
