/** Opens sessions: tries again what can pass by itself, and says what cannot. */

import type { Database } from '../config/url.ts';
import { MigrateError } from '../errors.ts';
import type { Emit } from '../event.ts';
import { identifier } from '../sql/quote.ts';
import { isServerError } from '../sql/server-error.ts';
import { type Passwords, readPasswords } from './password.ts';
import { pause } from './pause.ts';
import { describe, hasNoTls, isAboutCertificate, isTransient, Misfit, type Refusal } from './refusal.ts';
import { goRound, Unreachable } from './round.ts';
import type { Session } from './session.ts';

export interface Attempts {
  readonly attempts: number;
  /** The first pause; each further one is twice as long, up to ten times the first. */
  readonly delayMs: number;
  /** For all attempts together; the last one may be cut short by it. */
  readonly deadlineMs: number;
  /** Whether each attempt is told of before it is made, and not only those that fail. */
  readonly told?: boolean;
  /** Milliseconds on any steady clock. */
  readonly now: () => number;
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
}

/** Connects, or throws MIGRATION_INIT_FAILED. Nothing in the error is secret. */
export async function connect(database: Database, applicationName: string, how: Attempts): Promise<Session> {
  const { attempts, delayMs, emit, now, signal } = how;
  const deadline = now() + how.deadlineMs;
  const passwords = await readPasswords(database, emit);
  for (let attempt = 1; ; attempt++) {
    if (how.told === true) emit({ kind: 'connecting', attempt, attempts });
    try {
      const session = await goRound(database, { applicationName, passwords, signal, deadline, now });
      if (how.told === true) emit({ kind: 'connected' });
      return session;
    } catch (e) {
      const retryInMs = Math.min(delayMs * 2 ** (attempt - 1), delayMs * 10);
      const isLast = attempt >= attempts || !canPass(e) || now() + retryInMs >= deadline;
      if (isLast || aborted(how)) throw refusal(e, database, passwords, attempt, aborted(how));
      emit({ kind: 'connection-failed', attempt, attempts, message: describe(e), retryInMs });
      await pause(retryInMs, signal);
      if (aborted(how)) throw refusal(e, database, passwords, attempt, true);
    }
  }
}

/** As the start-up message has it. */
const roleOf = ({ settings }: Database): string | null =>
  settings.findLast(([name]) => name.toLowerCase() === 'role')?.[1] ?? null;

const aborted = ({ signal }: Attempts): boolean => signal?.aborted === true;

const canPass = (e: unknown): boolean => e instanceof Unreachable && isTransient(e.error);

function refusal(
  e: unknown,
  database: Database,
  passwords: Passwords,
  attempts: number,
  cancelled: boolean,
): unknown {
  if (!(e instanceof Unreachable)) return e;
  if (e.error instanceof MigrateError) return e.error;
  const sqlstate = isServerError(e.error) ? e.error.code : null;
  const from = database.candidates.map((c) => passwords(c).from).find((file) => file !== null) ?? null;
  return new MigrateError('MIGRATION_INIT_FAILED', cancelled ? 'cancelled' : 'connection', {
    operation: `connect to ${database.display}`,
    message: describe(e.error),
    sqlstate,
    details: [
      ...attemptsOf(e.refusals),
      ...(sqlstate === '28P01' && from !== null ? [`password retrieved from file "${from}"`] : []),
      ...(isStartUpRefused(describe(e.error)) ? [`it was sent: ${sentAtStart(database)}`] : []),
      ...(attempts > 1 ? [`${attempts} attempts`] : []),
    ],
    ...hintFor(e.refusals, sqlstate, database),
  });
}

/** PgBouncer's words. */
const isStartUpRefused = (said: string): boolean => /unsupported startup parameter/.test(said);

/** By name: a value may be nobody's business. */
const sentAtStart = ({ settings, options }: Database): string =>
  [
    ...settings.map(([name]) => (name === 'role' ? 'role (`--role`, rungs.yaml or the URL)' : name)),
    ...(options === null ? [] : ['options (PGOPTIONS or the URL)']),
  ].join(', ');

/** What each attempt of the last round met, where they met different things or were at different places. */
function attemptsOf(refusals: readonly Refusal[]): readonly string[] {
  return refusals.length < 2 ? [] : refusals.map(({ where, error }) => `${where}: ${describe(error)}`);
}

/** Of PostgreSQL's, in words that it does not translate (be-secure-openssl.c). */
const NO_DIGEST =
  'the server cannot bind a password to its own Ed25519 certificate: add `channel_binding=disable` to the URL';

function hintFor(
  refusals: readonly Refusal[],
  sqlstate: string | null,
  database: Database,
): { readonly hint?: string } {
  const last = refusals.at(-1);
  const said = last === undefined ? '' : describe(last.error);
  const role = roleOf(database);
  // Of all that is sent at the start, what was refused is in the words alone.
  if (role !== null && said === `permission denied to set role "${role}"`) {
    const user = database.candidates[0]?.user ?? '';
    return { hint: `\`grant ${identifier(role)} to ${identifier(user)}\`, or act as another role` };
  }
  if (role !== null && sqlstate === '22023' && said === `role "${role}" does not exist`)
    return { hint: 'create the role, or correct its name in `--role`, rungs.yaml or the URL' };
  if (/no password supplied/.test(said))
    return { hint: 'give the password in the URL, PGPASSWORD or .pgpass' };
  if (last?.error instanceof Misfit)
    return {
      hint: `no host is what target_session_attrs=${database.target} asks for: correct the hosts, or take it out of the URL`,
    };
  if (/channel binding required/.test(said))
    return { hint: 'take sslmode=require or a stricter one, or take channel_binding=require out of the URL' };
  if (sqlstate?.startsWith('28') === true)
    return { hint: 'check the user and the password in the URL, PGPASSWORD or .pgpass' };
  if (last !== undefined && /could not find digest for NID/.test(describe(last.error)))
    return { hint: NO_DIGEST };
  if (isStartUpRefused(said)) {
    return {
      hint: 'a connection pooler in between takes no settings at the start: take them out of the URL, rungs.yaml and the environment, or connect to the server’s own port (docs/poolers.md)',
    };
  }
  if (sqlstate === '3D000') return { hint: 'create the database, or correct its name in the URL' };
  if (sqlstate !== null || last === undefined) return {};
  if (isAboutCertificate(last.error))
    return { hint: 'name the authority that signed the server’s certificate with `sslrootcert=`' };
  if (hasNoTls(last))
    return { hint: 'turn TLS on in the server, or take `sslmode=disable` where nobody can listen' };
  return {};
}
