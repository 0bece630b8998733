/** A password with every awkward character, in every place it can come from: whatever fails, no piece of it shows. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../../src/config/url.ts';
import type { MigrateError } from '../../../src/errors.ts';
import type { Event } from '../../../src/event.ts';
import { connect } from '../../../src/pg/connect.ts';
import { errorDocument } from '../../../src/report/document.ts';
import { errorText } from '../../../src/report/error-text.ts';
import { rungs, startRungs } from '../../support/cli.ts';
import { folderOf } from '../../support/folder.ts';
import { closedPort, listen } from '../../support/listener.ts';
import { once } from '../../support/psql.ts';
import { until } from '../../support/session.ts';
import { makeServer, type OwnServer } from '../../support/tls-servers.ts';

/** A piece of it would hold one of these words. */
const PIECES = /kepler|tycho|brahe|galileo/i;
const PASSWORD = 'kepler:/?#[]@!$&\'()tycho*+,;=%"<>\\^`{|}brahe ~é🔑%41$PATH galileo';

let server: OwnServer;
let down: number;
const folder = folderOf({ '1_a.up.sql': 'create table a (id int)' });

beforeAll(async () => {
  const hba = ['local all all trust', 'host all all 127.0.0.1/32 scram-sha-256'];
  server = await makeServer('secrets', hba, {});
  await server.start();
  const escaped = PASSWORD.replaceAll("'", "''");
  await server.query(`create role app login superuser password '${escaped}'`);
  // Only now, or the log would hold it for our own sake.
  await server.configure({ log_statement: 'all', log_connections: 'on', log_min_messages: 'debug1' });
  down = await closedPort();
});

const passfile = (password: string, mode = 0o600) => {
  const line = `*:*:*:*:${password.replaceAll(/[\\:]/g, '\\$&')}\n`;
  const file = join(folderOf({}), 'passwords');
  writeFileSync(file, line, { mode });
  return file;
};

interface Given {
  readonly text: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Every way to give the password, for a host and port and whatever else. */
function ways(port: number, more: string, host = '127.0.0.1', password = PASSWORD): readonly Given[] {
  const pairs = more === '' ? '' : more.split(' ').join('&');
  const url = (credentials: string, rest = '') =>
    `postgres://${credentials}@${host}:${port}/postgres?${pairs}${rest}`;
  const written = encodeURIComponent(password);
  const quoted = `'${password.replaceAll(/[\\']/g, '\\$&')}'`;
  const words = `host=${host} port=${port} dbname=postgres user=app`;
  return [
    { text: url(`app:${written}`), env: {} },
    { text: url('app', `&password=${written}`), env: {} },
    { text: `${words} password=${quoted} ${more}`, env: {} },
    { text: `${words} ${more}`, env: { PGPASSWORD: password } },
    { text: `${words} ${more} passfile=${passfile(password)}`, env: {} },
    { text: `${words} ${more}`, env: { PGPASSFILE: passfile(password) } },
    { text: `${words} ${more}`, env: { PGPASSFILE: passfile(password, 0o644) } },
    // Not as it has to be written, so that pieces of it are taken for other things.
    { text: url(`app:${password}`), env: {} },
    { text: `${words} password=${password} ${more}`, env: {} },
    { text: `${words} password='${password}' ${more}`, env: {} },
    { text: `postgres://${host}:${port}/postgres?${pairs}&password=${password}`, env: { USER: 'app' } },
  ];
}

/** All that anybody could print of a failure. */
async function failing({ text, env }: Given): Promise<string> {
  const heard: Event[] = [];
  try {
    const database = parseDatabaseUrl(text, { USER: 'u', ...env });
    const how = {
      ...once(),
      attempts: 2,
      delayMs: 1,
      deadlineMs: 2000,
      emit: (e: Event) => void heard.push(e),
    };
    const session = await connect(database, 'test', how);
    await session.close();
    return 'let in';
  } catch (e) {
    const error = e as MigrateError;
    const all = inspect(error, { showHidden: true, depth: 12, getters: true });
    const documents = JSON.stringify([errorDocument(error, 'rungs'), error, heard]);
    return [all, documents, errorText(error, null, 'task'), error.stack].join('\n');
  }
}

describe('in no error', () => {
  it.each([
    ['the server is down', () => ways(down, '')],
    ['nobody knows the host', () => ways(down, '', 'none.invalid')],
    ['there is no TLS', () => ways(server.port, 'sslmode=require')],
    ['there is no database', () => ways(server.port, 'dbname=none_such')],
    ['a keyword is wrong', () => ways(server.port, 'sslmod=require')],
    ['a value is wrong', () => ways(server.port, 'sslmode=required')],
    ['a file is missing', () => ways(server.port, 'sslmode=require sslrootcert=/nowhere')],
    ['the port is wrong', () => ways(99_999, '')],
    ['the role is wrong', () => ways(server.port, 'role=none_such')],
    ['it is the wrong one', () => ways(server.port, '', '127.0.0.1', `${PASSWORD}!`)],
    [
      'it is that of a key',
      () => ways(server.port, `sslmode=require sslpassword=${encodeURIComponent('kepler')}`),
    ],
  ])('where %s', async (_what, given) => {
    for (const way of given()) {
      const said = await failing(way);
      expect(said).not.toMatch(PIECES);
      expect(said).not.toBe('let in');
    }
  });

  it('though it is the right one', async () => {
    const ends = await Promise.all(ways(server.port, '').map(failing));
    expect(ends.filter((end) => end === 'let in')).toHaveLength(6);
    expect(ends.join('\n')).not.toMatch(PIECES);
  });
});

describe('in nothing that the command prints', () => {
  const calls = [
    ['it is the wrong one', () => ways(server.port, '', '127.0.0.1', `${PASSWORD}!`)[0]],
    ['there is no TLS', () => ways(server.port, 'sslmode=require')[2]],
    ['a keyword is wrong', () => ways(server.port, 'sslmod=require')[2]],
    ['it is not written right', () => ways(server.port, '')[8]],
    ['its file is open to all', () => ways(server.port, '')[6]],
    ['the server is down', () => ways(down, '')[3]],
  ] as const;

  // With --json it prints both: the error for people on stderr, the document on stdout.
  it.each(calls)('where %s', async (_what, given) => {
    const { text = '', env = {} } = given() ?? {};
    const args = ['status', '--path', folder, '--json'];
    const { code, stdout, stderr } = await rungs(args, { env: { ...env, DATABASE_URL: text, DEBUG: '1' } });
    expect(`${stdout}${stderr}`).not.toMatch(PIECES);
    expect([code, stdout === '', stderr === '']).toEqual([11, false, false]);
  });

  it.each(['up', 'force', 'status', 'create', ''])(
    'where it went to the wrong place: rungs %s',
    async (verb) => {
      const [, , { text = '' } = {}] = ways(down, '');
      const args = [...(verb === '' ? [] : [verb]), text, '--json'];
      const { stdout, stderr } = await rungs(args, { env: { DATABASE_URL: 'host=127.0.0.1 port=1 user=u' } });
      expect(`${stdout}${stderr}`).not.toMatch(PIECES);
      expect(stderr).toContain('a connection string');
    },
  );

  it('and neither in the journal, nor in the server’s log and list of sessions', async () => {
    const { text = '', env = {} } = ways(server.port, '')[0] ?? {};
    const { code, stdout, stderr } = await rungs(['up', '--path', folder, '--json'], {
      env: { ...env, DATABASE_URL: text },
    });
    expect([code, `${stdout}${stderr}`]).toEqual([0, expect.not.stringMatching(PIECES)]);
    const journal = await server.query('select * from schema_migrations_history');
    expect(journal).toHaveLength(1);
    expect(JSON.stringify(journal)).not.toMatch(PIECES);
    expect(readFileSync(join(server.data, 'log'), 'utf8')).not.toMatch(PIECES);
  });
});

it.runIf(process.platform === 'linux')('in no list of processes', async () => {
  const silent = await listen('silence');
  const { text = '', env = {} } = ways(silent.port, '')[0] ?? {};
  const { child, ended } = startRungs(['status', '--path', folder], { env: { ...env, DATABASE_URL: text } });
  const commandLines = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        } catch {
          return '';
        }
      });
  await until('it connects', () => silent.connections > 0);
  expect(commandLines().some((line) => line.includes(folder))).toBe(true);
  expect(commandLines().join('\n')).not.toMatch(PIECES);
  child.kill();
  expect((await ended).code).toBe(143);
});
