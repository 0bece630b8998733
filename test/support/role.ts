import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, inject } from 'vitest';
import { type Database, serverMajor } from './database.ts';

/** A role that may log in and nothing else; gone with what it owns when the test file is. */
export interface Role {
  readonly name: string;
  readonly password: string;
  readonly urlOf: (database: Database) => string;
}

const made: { readonly name: string; readonly used: ReadonlySet<string> }[] = [];

afterAll(async () => {
  for (const { name, used } of made) {
    for (const url of used) await asAdmin(url, `drop owned by ${name} cascade`).catch(() => {});
    await asAdmin(inject('adminUrl'), `drop role ${name}`).catch(() => {});
  }
});

export async function createRole(
  password = randomBytes(9).toString('hex'),
  attributes: '' | 'superuser' = '',
  /** `cheap`: a password that takes no time to check, where the server has that (16). */
  check: 'usual' | 'cheap' = 'usual',
): Promise<Role> {
  const name = `rungs_role_${randomBytes(6).toString('hex')}`;
  const cheap = check === 'cheap' && serverMajor >= 16 ? 'set scram_iterations = 1; ' : '';
  await asAdmin(
    inject('adminUrl'),
    `${cheap}create role ${name} login ${attributes} password ${pg.escapeLiteral(password)}`,
  );
  const used = new Set<string>();
  made.push({ name, used });
  return {
    name,
    password,
    urlOf: (database) => {
      used.add(database.url);
      const url = new URL(database.url);
      url.username = name;
      url.password = encodeURIComponent(password);
      return url.href;
    },
  };
}

async function asAdmin(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
