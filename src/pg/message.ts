import type pg from 'pg';
import type { Who } from '../sql/rights.ts';
import { isServerError, type ServerError } from '../sql/server-error.ts';

/** A row as the server wrote it: text or null, whatever type parsers the caller's client has. */
export type Row = Readonly<Record<string, string | null>>;

/** What came back for one simple-query message. */
export interface Reply {
  /** The command tags in order, one for each statement that completed ("COMMIT", "INSERT 0 1"). */
  readonly tags: readonly string[];
  /** One entry for each statement that returns rows; empty unless they were asked for. */
  readonly sets: readonly (readonly Row[])[];
}

/** A message that failed: by the server's word, or because the connection is gone. */
export class MessageFailed extends Error {
  override readonly name = 'MessageFailed';
  /** The tags of the statements that had completed before. */
  readonly completed: readonly string[];
  /** The server's error; null when the connection broke without one. */
  readonly server: ServerError | null;
  /** The message itself, and who sent it where that is known: which right was lacked can be told from them. */
  readonly text: string;
  readonly who: Who | null;

  constructor(cause: Error, completed: readonly string[], text: string, who: Who | null) {
    super(cause.message, { cause });
    this.completed = completed;
    this.text = text;
    this.who = who;
    // FATAL errors end the session too, but `severity` is in the server's language: whether the session is over
    // shows when the next message fails.
    this.server = isServerError(cause) ? cause : null;
  }
}

interface Wire {
  query(text: string): void;
  sendCopyFail(message: string): void;
}

/**
 * One simple-query message. pg's own Query collects every row and says nothing of the statements that completed
 * before an error; this keeps the tags, and rows only where asked, so a file with a large SELECT costs no memory.
 */
export class Message implements pg.Submittable {
  /** pg arms a timer here when the caller's client has `query_timeout`; it must be told of the end. */
  callback: ((error: Error | null) => void) | undefined = undefined;
  readonly done: Promise<Reply>;
  readonly #text: string;
  readonly #keepRows: boolean;
  readonly #who: Who | null;
  readonly #tags: string[] = [];
  readonly #sets: Row[][] = [];
  #fields: readonly string[] = [];
  #resolve: (reply: Reply) => void = () => {};
  #reject: (error: MessageFailed) => void = () => {};

  constructor(text: string, keepRows: boolean, who: Who | null) {
    this.#text = text;
    this.#who = who;
    this.#keepRows = keepRows;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: pg.Connection): void {
    (connection as unknown as Wire).query(this.#text);
  }

  handleRowDescription(message: { fields: readonly { name: string }[] }): void {
    this.#fields = message.fields.map((f) => f.name);
    if (this.#keepRows) this.#sets.push([]);
  }

  handleDataRow(message: { fields: readonly (string | null)[] }): void {
    if (!this.#keepRows) return;
    this.#sets
      .at(-1)
      ?.push(Object.fromEntries(this.#fields.map((name, i) => [name, message.fields[i] ?? null])));
  }

  handleCommandComplete(message: { text: string }): void {
    this.#tags.push(message.text);
  }

  handleEmptyQuery(): void {}

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: Wire): void {
    connection.sendCopyFail('COPY FROM STDIN needs its data in the file, which rungs does not read yet');
  }

  handleCopyData(): void {}

  handleError(error: Error): void {
    this.callback?.(error);
    this.#reject(new MessageFailed(error, this.#tags, this.#text, this.#who));
  }

  handleReadyForQuery(): void {
    this.callback?.(null);
    this.#resolve({ tags: this.#tags, sets: this.#sets });
  }
}
