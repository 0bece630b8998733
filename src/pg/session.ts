import type pg from 'pg';
import type { Who } from '../sql/rights.ts';
import { Message, type Reply, type Rows } from './message.ts';
import { pause } from './pause.ts';

/** All work is done by then; a network that swallows everything would keep us waiting for ever. */
const GOODBYE_MS = 5000;

/** What the server says in passing: RAISE NOTICE, and our own markers. */
export interface Notice {
  readonly severity: string;
  readonly message: string;
}

/** Opens a second connection like the first and runs one query on it; used to cancel. */
export type Aside = (text: string) => Promise<void>;

/** One connection that carries the locks, the migrations and the ledger writes. The only object with state. */
export class Session {
  readonly #client: pg.ClientBase;
  readonly #aside: Aside;
  readonly #end: () => Promise<void>;
  readonly #relayNotice = (notice: { severity?: string | undefined; message?: string | undefined }) =>
    this.onNotice({ severity: notice.severity ?? 'NOTICE', message: notice.message ?? '' });
  /** pg emits `error` on an idle client whose socket breaks; the next message will fail and say so. */
  readonly #ignore = () => {};
  /** A client of the caller's: to be left as it was. */
  readonly lent: boolean;
  /** Who hears notices now; the executor sets it. */
  onNotice: (notice: Notice) => void = () => {};
  /** The server's process id, for cancelling; known once the session has been identified. */
  pid: number | null = null;
  /** As whom it is connected, and to what; known by then too. */
  who: Who | null = null;

  constructor(client: pg.ClientBase, aside: Aside, end: () => Promise<void>, lent = false) {
    this.lent = lent;
    this.#client = client;
    this.#aside = aside;
    this.#end = end;
    client.on('notice', this.#relayNotice);
    client.on('error', this.#ignore);
  }

  /** Sends one message, with the rows of its COPYs, and waits for its end. Rejects with MessageFailed. */
  send(text: string, rows: readonly Rows[] = []): Promise<Reply> {
    return this.#submit(new Message(text, false, this.who, rows));
  }

  /** The same, keeping the rows of every statement. */
  query(text: string): Promise<Reply> {
    return this.#submit(new Message(text, true, this.who));
  }

  #submit(message: Message): Promise<Reply> {
    this.#client.query(message);
    return message.done;
  }

  /** Asks the server to stop the running statement; resolves when the request was delivered or cannot be. */
  async cancel(): Promise<void> {
    if (this.pid === null) return;
    // A role given at the start may not cancel what its own login runs: pg_cancel_backend asks for that login's rights.
    await this.#aside(`set role none; select pg_catalog.pg_cancel_backend(${this.pid})`).catch(() => {});
  }

  /** Ends an own connection, gives a lent one back. Rejects where the other end does not answer. */
  async close(): Promise<void> {
    this.#client.removeListener('notice', this.#relayNotice);
    const ended = new AbortController();
    const silence = pause(GOODBYE_MS, ended.signal).then(() => 'silence');
    const end = await Promise.race([this.#end().then(() => 'ended'), silence]).finally(() => ended.abort());
    if (end === 'silence') {
      (
        this.#client as unknown as { connection: { stream: { destroy(): void } } }
      ).connection.stream.destroy();
      throw new Error(`the goodbye was not answered within ${GOODBYE_MS / 1000} s`);
    }
    this.#client.removeListener('error', this.#ignore);
  }
}
