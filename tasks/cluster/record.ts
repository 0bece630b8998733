import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrateError } from '../../src/errors.ts';
import { replaceFile } from './replace.ts';

/** What we know of a cluster that its data do not tell: cluster.json beside them, for its owner's eyes only. */
export interface ClusterRecord {
  readonly password: string;
  readonly port: number | null;
  /** Where its pg_ctl was; only Windows needs it to stop a server. */
  readonly pgCtl: string | null;
}

/** Letters that mean nothing to URLs, shells and .env files. */
export function newRecord(): ClusterRecord {
  return { password: randomBytes(18).toString('base64url'), port: null, pgCtl: null };
}

/** sslmode, because Go's lib/pq (golang-migrate's `postgres://`) asks for TLS where a URL says nothing. */
export function urlOf({ password }: ClusterRecord, port: number, database: string): string {
  const name = encodeURIComponent(database);
  return `postgres://postgres:${password}@127.0.0.1:${port}/${name}?sslmode=disable`;
}

/** Null where there is none. */
export async function readRecord(clusterDir: string): Promise<ClusterRecord | null> {
  const file = join(clusterDir, 'cluster.json');
  try {
    return decode(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (code === 'EACCES' || code === 'EPERM') throw notYours(clusterDir);
    throw new MigrateError('CONFIG_INVALID', 'unreadable', {
      operation: 'read what is known of the embedded server',
      message: `${file} is damaged, and with it the password is lost`,
      hint: '`task db:reset` makes a new, empty server',
      cause: error,
    });
  }
}

export function writeRecord(clusterDir: string, record: ClusterRecord): Promise<void> {
  return replaceFile(join(clusterDir, 'cluster.json'), `${JSON.stringify(record, null, 2)}\n`, {
    mode: 0o600,
  });
}

export function notYours(path: string): MigrateError {
  return new MigrateError('MIGRATION_INIT_FAILED', 'permission', {
    operation: 'open the embedded server’s data',
    message: `${path} belongs to another user`,
    hint: 'run the command as the user who ran `task db:start` first (root, if that was in a container)',
  });
}

function decode(value: unknown): ClusterRecord {
  const { password, port, pgCtl } = value as { [key: string]: unknown };
  if (typeof password !== 'string') throw new TypeError('no password');
  return {
    password,
    port: typeof port === 'number' ? port : null,
    pgCtl: typeof pgCtl === 'string' ? pgCtl : null,
  };
}
