import type pg from 'pg';
import { onlyIn } from '../sql/advisory.ts';
import type { Who } from '../sql/rights.ts';
import { requestCancel } from './cancel.ts';
import { Message, type Reply, type Rows } from './message.ts';
import { pause } from './pause.ts';

/** All work is done by then; a network that swallows everything would keep us waiting for ever. */
const GOODBYE_MS = 5000;

/** What the server says in passing: RAISE NOTICE, and our own markers. */
export interface Notice {
  readonly severity: string;
  readonly message: string;
}

/** Works on a second connection like the first, which is closed behind it; at once where the signal aborts. */
export type Aside = <T>(work: (client: pg.ClientBase) => Promise<T>, signal?: AbortSignal) => Promise<T>;

/**
 * `none`: the server itself. `session`: the server process is ours until we go. `transaction`: it is handed on after
 * each transaction, and `statement`: after each message, and there are no transactions.
 */
export type Pooling = 'none' | 'session' | 'transaction' | 'statement';

/** One connection that carries the locks, the migrations and the ledger writes. The only object with state. */
export class Session {
  readonly #client: pg.ClientBase;
  readonly beside: Aside;
  readonly #end: () => Promise<void>;
  readonly #relayNotice = (notice: { severity?: string | undefined; message?: string | undefined }) =>
    this.onNotice({ severity: notice.severity ?? 'NOTICE', message: notice.message ?? '' });
  /** pg emits `error` on an idle client whose socket breaks; the next message will fail and say so. */
  readonly #ignore = () => {};
  readonly #unsound = () => {
    this.#isSound = false;
  };
  /** A client of the caller's: to be left as it was. */
  readonly lent: boolean;
  /** Who hears notices now; the executor sets it. */
  onNotice: (notice: Notice) => void = () => {};
  /** The id that the other end gave at the start: the server process's own, or whatever a pooler thinks up. */
  readonly announced: number | null;
  /** The id of the server process that answered, for cancelling; known once the session has been identified. */
  pid: number | null = null;
  /** What becomes of the session between transactions, once somebody had to know (pooler.ts). */
  pooling: Promise<Pooling> | null = null;
  /** Through a pooler, the server process that holds our locks. */
  lockedIn: number | null = null;
  /** A transaction of our own is open, which holds the locks. */
  inOwnTransaction = false;
  /** It was lost, and that has been told: that its locks cannot be let go is no news. */
  isLossTold = false;
  /** As whom it is connected, and to what; known by then too. */
  who: Who | null = null;
  /** What makes it other than it was at its start, to be said again after each `reset all`. */
  settings: readonly string[] = [];
  /** Goes in front of the first message; returns no rows. */
  #first = '';
  #isSound = true;

  constructor(client: pg.ClientBase, beside: Aside, end: () => Promise<void>, lent = false) {
    this.lent = lent;
    this.#client = client;
    this.announced = (client as { processID?: number | null }).processID ?? null;
    this.beside = beside;
    this.#end = end;
    client.on('notice', this.#relayNotice);
    client.on('error', this.#ignore);
    client.on('end', this.#unsound);
  }

  /** No message has failed, and the connection is there as far as has been heard. */
  get isSound(): boolean {
    return this.#isSound;
  }

  /** The same connection for the next who works on it, which stays open behind that; `first` costs no round trip. */
  handedOn(first: readonly string[], settings: readonly string[]): Session {
    const next = new Session(this.#client, this.beside, async () => {});
    next.#first = [...first, ...settings].map((statement) => `${statement}; `).join('');
    next.settings = settings;
    return next;
  }

  /** Sends one message, with the rows of its COPYs, and waits for its end. Rejects with MessageFailed. */
  send(text: string, rows: readonly Rows[] = []): Promise<Reply> {
    return this.#submit(new Message(this.#led(text), this.who, { rows }));
  }

  /** The same, keeping the rows of every statement. */
  query(text: string): Promise<Reply> {
    return this.#submit(new Message(this.#led(text), this.who, { keepRows: true }));
  }

  /** One statement, whose rows are kept; the server refuses more than one. Not the first thing that is sent. */
  ask(statement: string): Promise<Reply> {
    return this.#submit(new Message(statement, this.who, { keepRows: true, isSingle: true }));
  }

  #led(text: string): string {
    const first = this.#first;
    this.#first = '';
    return first + text;
  }

  /**
   * Sends a text of the form `begin; …; commit`, under our locks. In a transaction of our own it belongs to that, and
   * ends it; through a pooler it fails in another process than the one that has the locks.
   */
  transact(text: string): Promise<Reply> {
    const begin = this.inOwnTransaction
      ? ''
      : `begin; ${this.lockedIn === null ? '' : `${onlyIn(this.lockedIn)}; `}`;
    this.inOwnTransaction = false;
    return this.send(text.replace(/^begin;\s*/, () => begin));
  }

  #submit(message: Message): Promise<Reply> {
    this.#client.query(message);
    message.done.catch(this.#unsound);
    return message.done;
  }

  /** Asks the server to stop the running statement; resolves when the request was delivered or cannot be. */
  async cancel(): Promise<void> {
    const { pid } = this;
    if (pid === null) return;
    // Through a pooler the process may be running somebody else's statement by now; the pooler knows whose is where.
    if (this.isPooled) return requestCancel(this.#client);
    // A role given at the start may not cancel what its own login runs: pg_cancel_backend asks for that login's rights.
    const text = `set role none; select pg_catalog.pg_cancel_backend(${pid})`;
    await this.beside((client) => client.query(text)).catch(() => {});
  }

  /** The caller's client gives each message so long (`query_timeout`), however much is in it. */
  get isTimed(): boolean {
    const { connectionParameters } = this.#client as { connectionParameters?: { query_timeout?: unknown } };
    return Number(connectionParameters?.query_timeout) > 0;
  }

  /** Something stands between us and the server. */
  get isPooled(): boolean {
    return this.pid !== this.announced;
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
    this.#client.removeListener('end', this.#unsound);
  }
}
