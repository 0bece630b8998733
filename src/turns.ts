/** One connection, on which the targets of one group take turns. */

import { MigrateError } from './errors.ts';
import type { Session } from './pg/session.ts';
import { refused } from './refused.ts';
import { BACK } from './session-state.ts';
import { firstOf, setPath } from './sql/search-path.ts';

const OPERATION = 'identify the database';

/** What a target's session is to be. */
export interface Wanted {
  /** Of those that may use it one after the other. */
  readonly group: string;
  readonly path: string;
  /** Of the group, with a search_path of no schema. */
  readonly openShared: () => Promise<Session>;
  /** Of the target alone. */
  readonly openOwn: () => Promise<Session>;
}

export class Turns {
  /** Groups behind a pooler, where a search_path that was set may be met by whoever comes next. */
  readonly #pooled: Set<string>;
  #base: Session | null = null;
  /** The turn before, and whether it has only looked. */
  #last: Session | null = null;
  #hasLooked = true;
  /** Whose it is. */
  group: string | null = null;

  /** `pooled` is filled as they are found, for all who have it. */
  constructor(pooled: Set<string>) {
    this.#pooled = pooled;
  }

  /** For one target; closing it keeps the connection. */
  async open({ group, path, openShared, openOwn }: Wanted): Promise<Session> {
    // What a failure has left behind in a session is not looked into: the next target has a new one.
    const isSound = this.#base?.isSound !== false && this.#last?.isSound !== false;
    if (group !== this.group || !isSound) await this.close();
    if (this.#base === null && !this.#pooled.has(group)) {
      const base = await openShared();
      if (await isDirect(base)) {
        this.#base = base;
        this.group = group;
      } else this.#pooled.add(group);
    }
    const first = this.#hasLooked ? [] : BACK;
    this.#hasLooked = false;
    this.#last = this.#base?.handedOn(first, [setPath(path)]) ?? null;
    return this.#last ?? inPlace(await openOwn(), path);
  }

  /** Behind one in which nothing was run there is nothing to go back from. */
  looked(): void {
    this.#hasLooked = true;
  }

  async close(): Promise<void> {
    const base = this.#base;
    this.#base = null;
    this.#last = null;
    this.#hasLooked = true;
    this.group = null;
    await base?.close().catch(() => {});
  }
}

/** The session, with the search_path that it was to start with: poolers may be told to drop that in silence. */
export async function inPlace(session: Session, path: string | null): Promise<Session> {
  if (path === null) return session;
  try {
    const reply = session.query(
      "select pg_catalog.current_setting('search_path') as path, current_schema() as schema",
    );
    const { sets } = await refused(reply, 'MIGRATION_INIT_FAILED', OPERATION);
    const { path: said, schema } = sets[0]?.[0] ?? {};
    // One that hands it on may write it in other words; a schema that is not there the engine will miss.
    if (said === path || schema == null || schema === firstOf(path)) return session;
    throw new MigrateError('MIGRATION_INIT_FAILED', 'pooler', {
      operation: OPERATION,
      message: 'the session has not the search_path that it was to start with; nothing was run',
      hint: 'a connection pooler in between drops it (`ignore_startup_parameters`): connect to the server’s own port',
    });
  } catch (e) {
    await session.close().catch(() => {});
    throw e;
  }
}

/** Closes it where it is not. */
async function isDirect(session: Session): Promise<boolean> {
  let isIt = false;
  try {
    const reply = session.query('select pg_catalog.pg_backend_pid()::text as pid');
    const { sets } = await refused(reply, 'MIGRATION_INIT_FAILED', OPERATION);
    session.pid = Number(sets[0]?.[0]?.pid);
    isIt = !session.isPooled;
  } finally {
    if (!isIt) await session.close().catch(() => {});
  }
  return isIt;
}
