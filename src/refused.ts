import { cureOf } from './cures.ts';
import { type ErrorCode, MigrateError } from './errors.ts';
import { reasonOf } from './failure.ts';
import { MessageFailed } from './pg/message.ts';
import { rightHint } from './sql/rights.ts';
import { furtherWords } from './sql/server-error.ts';

const SERVERS_WORDS = 'see the server’s words above';

/** Any error as the one class. Messages of our own carry no file, so there is no place to name. */
export function asMigrateError(e: unknown, code: ErrorCode, operation: string): MigrateError {
  if (e instanceof MigrateError) return e;
  if (!(e instanceof MessageFailed)) {
    const message = e instanceof Error ? (e.stack ?? e.message) : String(e);
    return new MigrateError(code, 'internal', { operation, message, cause: e });
  }
  const { server } = e;
  if (server === null)
    return new MigrateError(code, 'connection_lost', { operation, message: e.message, cause: e });
  const details = furtherWords(server);
  const common = { operation, message: server.message, sqlstate: server.code, details, cause: e };
  const reason = reasonOf(server);
  if (reason === 'permission') {
    return new MigrateError(code, reason, { ...common, hint: rightHint(server, e.text, e.who) });
  }
  if (reason !== 'sql') return new MigrateError(code, reason, common);
  const cure = cureOf(server.code, null);
  const hint = cure === null ? SERVERS_WORDS : `${cure}, and run the same command again`;
  return new MigrateError(code, reason, { ...common, hint });
}

/** Waits for something that only sends our own messages. */
export async function refused<T>(work: Promise<T>, code: ErrorCode, operation: string): Promise<T> {
  try {
    return await work;
  } catch (e) {
    throw asMigrateError(e, code, operation);
  }
}
