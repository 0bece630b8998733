import type pg from 'pg';
import type { Blockage } from '../event.ts';
import type { Row } from '../recorded.ts';
import type { Who } from '../sql/rights.ts';
import { isServerError, type ServerError } from '../sql/server-error.ts';

/** What came back for one message. */
export interface Reply {
  /** The command tags in order, one for each statement that completed ("COMMIT", "INSERT 0 1"). */
  readonly tags: readonly string[];
  /** One entry for each statement that returns rows; empty unless they were asked for. */
  readonly sets: readonly (readonly Row[])[];
}

/** The rows of one COPY ... FROM STDIN. Each piece is good until the next is asked for. */
export type Rows = () => AsyncIterable<Uint8Array>;

/** A message that failed: by the server's word, or because the connection is gone. */
export class MessageFailed extends Error {
  override readonly name = 'MessageFailed';
  /** The tags of the statements that had completed before. */
  readonly completed: readonly string[];
  /** The server's error; null when the connection broke without one. */
  readonly server: ServerError | null;
  /** With the message itself: which right was lacked can be told from them. Null: not known. */
  readonly who: Who | null;
  /** Which of the message's COPYs it was in, from 0; null where in none. */
  readonly copying: number | null;
  /** Why their rows could not be had, if it was that. */
  readonly noRows: Error | null;
  /** What kept it from its locks at last, where a second connection was looking on. */
  blockage: Blockage | null = null;
  readonly #text: string;

  constructor(
    cause: Error,
    completed: readonly string[],
    text: string,
    who: Who | null,
    copy: { readonly copying: number | null; readonly noRows: Error | null },
  ) {
    super(cause.message, { cause });
    this.completed = completed;
    this.#text = text;
    this.who = who;
    this.copying = copy.copying;
    this.noRows = copy.noRows;
    // FATAL errors end the session too, but `severity` is in the server's language: whether the session is over
    // shows when the next message fails.
    this.server = isServerError(cause) ? cause : null;
  }

  /** The message. No field, as who inspects or logs the error would see what is secret in it. */
  get text(): string {
    return this.#text;
  }
}

interface Wire extends Extended {
  readonly stream: { write(bytes: Uint8Array, done: () => void): boolean; cork(): void; uncork(): void };
  query(text: string): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

/** What the extended protocol has instead of `query`. */
interface Extended {
  parse(statement: { text: string }): void;
  bind(portal: object): void;
  describe(portal: { type: 'P'; name: string }): void;
  execute(portal: object): void;
  sync(): void;
}

interface Manner {
  readonly keepRows?: boolean;
  /** For each COPY ... FROM STDIN in the text, in their order. */
  readonly rows?: readonly Rows[];
  /** By the extended protocol, in which the server refuses a text of several statements. */
  readonly isSingle?: boolean;
}

/**
 * One message: a simple query, unless it `isSingle`. pg's own Query collects every row and says nothing of the statements
 * that completed before an error; this keeps the tags, and rows only where asked, so a file with a large SELECT costs no
 * memory.
 */
export class Message implements pg.Submittable {
  /** pg arms a timer here when the caller's client has `query_timeout`; it must be told of the end. */
  callback: ((error: Error | null) => void) | undefined = undefined;
  readonly done: Promise<Reply>;
  readonly #text: string;
  readonly #keepRows: boolean;
  readonly #who: Who | null;
  readonly #rows: readonly Rows[];
  readonly #isSingle: boolean;
  /** How many COPYs have begun, whether the last of them is still at it, and whether the message is over. */
  #copies = 0;
  #isCopying = false;
  #isOver = false;
  #noRows: Error | null = null;
  readonly #tags: string[] = [];
  readonly #sets: Row[][] = [];
  #fields: readonly string[] = [];
  #resolve: (reply: Reply) => void = () => {};
  #reject: (error: MessageFailed) => void = () => {};

  constructor(text: string, who: Who | null, how: Manner = {}) {
    this.#text = text;
    this.#who = who;
    this.#isSingle = how.isSingle ?? false;
    this.#keepRows = how.keepRows ?? false;
    this.#rows = how.rows ?? [];
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: pg.Connection): void {
    const wire = connection as unknown as Wire;
    if (!this.#isSingle) {
      wire.query(this.#text);
      return;
    }
    wire.stream.cork();
    wire.parse({ text: this.#text });
    wire.bind({});
    wire.describe({ type: 'P', name: '' });
    wire.execute({});
    wire.sync();
    wire.stream.uncork();
  }

  handleRowDescription(message: { fields: readonly { name: string }[] }): void {
    this.#fields = message.fields.map((f) => f.name);
    if (this.#keepRows) this.#sets.push([]);
  }

  handleDataRow(message: { fields: readonly (string | null)[] }): void {
    if (!this.#keepRows) return;
    // Field by field, all rows have one shape: a long journal takes a third of the memory, and of the time.
    const row: Record<string, string | null> = {};
    for (let i = 0; i < this.#fields.length; i++) row[this.#fields[i] ?? ''] = message.fields[i] ?? null;
    this.#sets.at(-1)?.push(row);
  }

  handleCommandComplete(message: { text: string }): void {
    this.#isCopying = false;
    this.#tags.push(message.text);
  }

  handleEmptyQuery(): void {}

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: Wire): void {
    const rows = this.#rows[this.#copies++];
    this.#isCopying = true;
    if (rows === undefined) connection.sendCopyFail('there are no rows for this COPY FROM STDIN');
    else void this.#feed(connection, rows);
  }

  /**
   * One piece at a time, so that no more than that is held, however slow the server. What is on its way when the
   * server refuses a row, it drops; a cancelled message must be fed on, as the server looks up only between two rows.
   */
  async #feed(connection: Wire, rows: Rows): Promise<void> {
    try {
      for await (const piece of rows()) {
        if (this.#isOver) return;
        await written(connection.stream, piece);
      }
      if (!this.#isOver) connection.endCopyFrom();
    } catch (e) {
      this.#noRows = e instanceof Error ? e : new Error(String(e));
      if (!this.#isOver) connection.sendCopyFail(this.#noRows.message);
    }
  }

  handleCopyData(): void {}

  handleError(error: Error): void {
    this.#isOver = true;
    this.callback?.(error);
    const copying = this.#isCopying ? this.#copies - 1 : null;
    const copy = { copying, noRows: this.#noRows };
    this.#reject(new MessageFailed(error, this.#tags, this.#text, this.#who, copy));
  }

  handleReadyForQuery(): void {
    this.#isOver = true;
    this.callback?.(null);
    this.#resolve({ tags: this.#tags, sets: this.#sets });
  }
}

/** A CopyData message. The promise ends with the connection, too. */
function written(stream: Wire['stream'], piece: Uint8Array): Promise<void> {
  const head = Buffer.allocUnsafe(5);
  head.write('d', 'latin1');
  head.writeUInt32BE(piece.length + 4, 1);
  return new Promise((resolve) => {
    stream.cork();
    stream.write(head, () => {});
    stream.write(piece, () => resolve());
    stream.uncork();
  });
}
