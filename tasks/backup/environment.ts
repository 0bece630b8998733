/**
 * A database as the variables that libpq reads. Arguments are for everyone to see (`ps`), variables only for the user
 * who runs the program; so nothing of the connection is an argument, and the password is in no file either.
 */

import type { Candidate } from '../../src/config/candidates.ts';
import type { HomeFile } from '../../src/config/home-file.ts';
import { startupOptions } from '../../src/config/settings.ts';
import type { Tls } from '../../src/config/tls.ts';
import type { Database } from '../../src/config/url.ts';
import { MigrateError } from '../../src/errors.ts';

export type Environment = Readonly<Record<string, string>>;

/** `around`: what the program is given besides (PATH, HOME). `caller`: how the server is to call it. */
export function libpqEnvironment(
  database: Database,
  around: Readonly<Record<string, string | undefined>>,
  caller: string,
): Environment {
  const hosts = database.candidates.filter((c) => c.onlyAfter === null);
  const [first] = hosts;
  const { connectTimeoutMs: timeout, passfile } = database;
  return present({
    ...withoutTheirs(around),
    // Its lines are read for progress, and quoted; as the manual has them, they can be looked up.
    LC_ALL: 'C',
    PGHOST: hosts.map((c) => c.name).join(','),
    PGHOSTADDR: hosts.some((c) => c.host !== c.name) ? hosts.map(addressOf).join(',') : null,
    PGPORT: hosts.map((c) => c.port).join(','),
    PGUSER: first?.user,
    PGPASSWORD: first?.password,
    PGDATABASE: first?.database,
    PGPASSFILE: passfile?.path,
    PGOPTIONS: startupOptions(database.options, database.settings),
    PGAPPNAME: database.applicationName ?? caller,
    PGCONNECT_TIMEOUT: timeout === null ? null : String(Math.ceil(timeout / 1000)),
    PGTARGETSESSIONATTRS: database.target,
    PGCHANNELBINDING: database.channelBinding,
    // We do not speak it, so the program is not to prefer it.
    PGGSSENCMODE: 'disable',
    ...tlsVariables(database.candidates),
  });
}

/** What a PG* variable says has been heard where the database was read; PGCLUSTER and PG_COLOR are no help either. */
const withoutTheirs = (around: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(around).filter(([name]) => !/^PG/i.test(name)));

const present = (variables: Readonly<Record<string, string | null | undefined>>): Environment =>
  Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value == null ? [] : [[name, value] as const])),
  );

/** An empty one in the list leaves it to the name. */
const addressOf = ({ host, name }: Candidate): string =>
  host !== name || /^[\d.]+$|:/.test(host) ? host : '';

/** On a socket libpq asks for no TLS, whatever it is told; all other hosts have the same attempts. */
function tlsVariables(candidates: readonly Candidate[]): Readonly<Record<string, string | null | undefined>> {
  const at = candidates.findIndex((c) => c.onlyAfter === null && !c.host.startsWith('/'));
  const first = candidates[at];
  const next = candidates[at + 1];
  const second = next === undefined || next.onlyAfter === null ? undefined : next;
  const tls = first?.tls ?? second?.tls ?? null;
  if (tls === null) return { PGSSLMODE: 'disable' };
  if (tls.keyPassword !== null) throw noKeyPassword();
  return {
    PGSSLMODE: second === undefined ? modeOf(tls) : first?.tls === null ? 'allow' : 'prefer',
    PGSSLROOTCERT: tls.root === 'system' ? 'system' : pathOf(tls.root),
    PGSSLCRL: pathOf(tls.crl),
    PGSSLCERT: pathOf(tls.cert),
    PGSSLKEY: pathOf(tls.key),
    // libpq looks for one at home else; it knows the word from 16 on.
    PGSSLCERTMODE: tls.cert === null ? 'disable' : null,
    PGSSLSNI: tls.sni ? '1' : '0',
    PGSSLMINPROTOCOLVERSION: tls.minVersion,
    PGSSLMAXPROTOCOLVERSION: tls.maxVersion,
  };
}

const modeOf = ({ mode }: Tls): string => (mode === 'encrypt' ? 'require' : mode);

const pathOf = (file: HomeFile | null): string | null => file?.path ?? null;

const noKeyPassword = (): MigrateError =>
  new MigrateError('MIGRATION_INIT_FAILED', 'url', {
    operation: 'hand the connection to pg_dump or pg_restore',
    message: 'sslpassword: libpq has no variable for it, and an argument could be seen by everyone',
    hint: 'use a client key without a password, in a file that only you can read',
  });
