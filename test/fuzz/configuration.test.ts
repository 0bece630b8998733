/** Whatever stands in a URL, a connection string, rungs.yaml or the environment: understood or refused, and never told. */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what rungs.yaml has for variables

import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { readDocument, withSetting } from '../../src/config/document.ts';
import { readDuration } from '../../src/config/duration.ts';
import { lockId, lockIds } from '../../src/config/lock-id.ts';
import { masked } from '../../src/config/masked.ts';
import { nearest } from '../../src/config/nearest.ts';
import { passwordIn } from '../../src/config/passfile.ts';
import { substitute } from '../../src/config/substitute.ts';
import { quotable } from '../../src/config/unquotable.ts';
import { parseDatabaseUrl } from '../../src/config/url.ts';
import { configDocument, configText } from '../../src/report/config.ts';
import { configOf } from '../support/configuration.ts';
import { everythingOf, property, resultOf } from '../support/fuzz.ts';
import { characters, graphemes, made, odd } from '../support/odd.ts';

const ENV = { USER: 'me', HOME: '/home/me' };
/** What must be seen nowhere. */
const SECRET = 'hunter2';
const secret = fc
  .tuple(odd, odd)
  .map(([a, b]) => `${a.slice(0, 8)}${SECRET}${b.slice(0, 8)}`.replaceAll('\0', ''));
const whole = (text: string): boolean => !/[\0\p{Surrogate}]/u.test(text);

describe('a connection string', () => {
  const keys = [
    'host',
    'port',
    'user',
    'dbname',
    'password',
    'sslmode',
    'options',
    'connect_timeout',
    'x-migrations-table',
    'search_path',
    'a.b',
    'passfile',
  ];
  const anything = fc.oneof(
    odd,
    made([
      'postgres://',
      'pgx5://',
      'u',
      ':',
      '@',
      'h',
      '/',
      'db',
      '?',
      '&',
      '=',
      '[',
      ']',
      '::1',
      ',',
      '%41',
      '%',
      'sslmode',
      'require',
      '5432',
      '+',
      ' ',
    ]),
    fc
      .array(fc.tuple(fc.constantFrom(...keys), odd), { maxLength: 5 })
      .map((pairs) => `postgres://h/db?${pairs.map(([k, v]) => `${k}=${v}`).join('&')}`),
    fc
      .array(fc.tuple(fc.constantFrom(...keys), odd), { maxLength: 5 })
      .map((pairs) => pairs.map(([k, v]) => `${k}=${v}`).join(' ')),
  );
  property(
    'of any kind is understood, or refused as a URL',
    20_000,
    fc.tuple(anything, fc.dictionary(fc.constantFrom('PGHOST', 'PGPORT', 'PGSSLMODE', 'PGOPTIONS'), odd)),
    async ([text, env]) => {
      const result = await resultOf(() => parseDatabaseUrl(text, { ...ENV, ...env }));
      if ('error' in result)
        return expect(result.error).toMatchObject({ code: 'MIGRATION_INIT_FAILED', reason: 'url' });
      const { candidates, display } = result.value;
      expect(candidates.length).toBeGreaterThan(0);
      for (const { port } of candidates) expect(port > 0 && port < 65536).toBe(true);
      expect(display).not.toMatch(/\p{Cc}/u);
    },
  );

  // As people write it: encoded, forgotten to be encoded, in a place where it does not belong.
  const written = secret.chain((s) =>
    fc
      .constantFrom(s, ...(whole(s) ? [encodeURIComponent(s)] : []))
      .chain((p) =>
        fc.constantFrom(
          ...[
            `postgres://u:${p}@h/db`,
            `postgres://u:${p}@h:5432,g:5433/db?sslmode=require`,
            `postgres://u@h/db?password=${p}`,
          ],
          ...[
            `postgres://u@h/db?sslpassword=${p}`,
            `host=h password=${p}`,
            `host=h password='${p}' dbname=db`,
            `host=h password='${p.replaceAll(/['\\]/g, '\\$&')}'`,
          ],
          ...[
            `pgx5://u:${p}@h/db?x-migrations-table=t`,
            `postgres://u:${p}@[::1]/db`,
            `postgres:u:${p}@h/db`,
            `u:${p}@h/db`,
          ],
          ...[
            `postgres://u:${p}@h/db?options=-c%20a.b%3D1`,
            `mysql://u:${p}@h/db`,
            `postgres://u:${p}@h/${'d'}?sslmode=nonsense`,
            `postgres://u:${p}@h/db?port=x`,
          ],
        ),
      ),
  );
  property(
    'shows its password neither in its display, nor masked, nor in a refusal',
    20_000,
    written,
    async (text) => {
      expect(masked(text)).not.toContain(SECRET);
      const result = await resultOf(() => parseDatabaseUrl(text, ENV));
      if ('error' in result)
        return expect(everythingOf(result.error) + inspect(result.error, { depth: 9 })).not.toContain(SECRET);
      const { display, warnings, secrets, candidates } = result.value;
      // With an @ or a / in it that was not encoded, a half of it is the host: that is told, and `psql` would tell it too.
      const isWhole = candidates.every(
        ({ host, database, user }) => ![host, database, user].some((part) => part.includes(SECRET)),
      );
      if (isWhole) expect([display, ...warnings].join('\n')).not.toContain(SECRET);
      if (isWhole) expect(secrets.some((s) => s.includes(SECRET))).toBe(true);
    },
  );

  const value = fc.oneof(characters, graphemes, odd).filter((t) => whole(t) && t !== '');
  property(
    'gives each value back that was encoded into it',
    10_000,
    fc.record({ user: value, password: value, database: value }),
    ({ user, password, database }) => {
      const e = encodeURIComponent;
      const q = (text: string) => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
      const named = [user, database].some((text) => quotable(text) !== JSON.stringify(text.slice(0, 100)));
      // Another URL in such a place is a slip, and refused.
      if (named) return;
      for (const text of [
        `postgres://${e(user)}:${e(password)}@h/${e(database)}`,
        `host=h user=${q(user)} password=${q(password)} dbname=${q(database)}`,
      ]) {
        for (const candidate of parseDatabaseUrl(text, ENV).candidates)
          expect(candidate).toMatchObject({ user, password, database });
      }
    },
  );
});

describe('rungs.yaml', () => {
  const scalar = fc.oneof(
    odd,
    fc.constantFrom(
      '1',
      'true',
      'no',
      '~',
      '15s',
      '${A}',
      '${B}',
      '$${',
      '"x"',
      "'",
      '|',
      '>',
      '*a',
      '&a x',
      '!!int 1',
      '0x1F',
      'postgres://u@h/db',
    ),
  );
  const key = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        'database',
        'path',
        'layout',
        'table',
        'journal',
        'retry',
        'confirm',
        'lockTimeout',
        'attempts',
        'delay',
        'host',
        'user',
        'password',
        'sslMode',
        '<<',
        '__proto__',
        'constructor',
      ),
    },
    odd,
  );
  const line = fc.tuple(fc.nat(3), key, scalar).map(([depth, k, v]) => `${'  '.repeat(depth)}${k}: ${v}`);
  const yaml = fc.oneof(
    { weight: 3, arbitrary: fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')) },
    odd,
    fc.json(),
  );
  property(
    'of any text is a configuration, or CONFIG_INVALID',
    4_000,
    fc.tuple(yaml, odd),
    async ([file, value]) => {
      const environment = { A: value, DRY_RUN: value, LOCK_TIMEOUT: value };
      const result = await resultOf(() => configOf({ file, environment }));
      if ('error' in result) expect(result.error.code).toBe('CONFIG_INVALID');
      else expect(Object.values(result.value)).not.toContain(undefined);
    },
  );

  const inSecret = fc.tuple(
    fc.constantFrom(
      ...[
        'database: postgres://u:S@h/db',
        'database:\n  password: S',
        'database:\n  host: h\n  user: u\n  database: d\n  migrationPassword: S',
        'database: "S"',
      ],
      ...[
        'database: ${A}',
        'database:\n  password: ${A}',
        'path: postgres://u:S@h/db',
        'table: postgres://u:S@h/db',
        'lockTimeout: postgres://u:S@h/db',
        'unknown: postgres://u:S@h/db',
      ],
      ...[
        'database:\n  host: postgres://u:S@h/db',
        'database:\n  port: postgres://u:S@h/db',
        'retry: postgres://u:S@h/db',
        'database: [postgres://u:S@h/db]',
        'journal: ${A}',
        'layout: ${A}',
        'confirm: ${A}',
      ],
    ),
    secret,
    fc.constantFrom('', '\npath: [', '\nunknown: 1', '\nlayout: other', '\nretry:\n  attempts: many'),
  );
  property(
    'shows a password neither in the settings nor in what is wrong',
    3_000,
    inSecret,
    async ([shape, s, more]) => {
      // A whole URL from A in the middle of another one is no password's place.
      const file = shape.replaceAll('S', () => JSON.stringify(s.replaceAll('${', '$')).slice(1, -1)) + more;
      const environment = {
        A: `postgres://u:${encodeURIComponent(s.replaceAll(/\p{Surrogate}/gu, ''))}@h/db`,
      };
      const result = await resultOf(() => configOf({ file, environment }));
      if ('error' in result) return expect(everythingOf(result.error)).not.toContain(SECRET);
      const shown = {
        config: result.value,
        file: 'rungs.yaml',
        project: '.',
        environment,
        dotenv: {},
        env: environment,
        warnings: [],
        target: null,
        isBundle: false,
      };
      // What was written into `path` and `journal` is theirs, and they refuse what looks like a connection string.
      expect(configText(shown)).not.toContain(SECRET);
      expect(JSON.stringify(configDocument(shown, []))).not.toContain(SECRET);
    },
  );

  property(
    'keeps all that it says when a setting is written into it',
    4_000,
    fc.tuple(yaml, fc.constantFrom('layout', 'path'), fc.constantFrom('pairs', 'named')),
    ([text, name, value]) => {
      const after = withSetting(text, name, value);
      if (after === null) return;
      const [before, now] = [readDocument(text, 'f', {}), readDocument(after, 'f', {})];
      // A carriage return at the very end is a value's without a line behind it.
      if (before.problems.length > 0 || text.endsWith('\r')) return;
      expect(now.tree[name]).toBe(value);
      const rest = ({ tree }: typeof now) => JSON.stringify({ ...tree, [name]: null });
      expect(rest(now)).toBe(rest({ ...before, tree: { ...before.tree, [name]: null } }));
    },
  );

  property(
    'has its variables filled in once, and what is in them means nothing',
    10_000,
    fc.tuple(odd, odd),
    ([a, b]) => {
      const env = { A: a };
      const safe = b.replaceAll('$', '').replaceAll('{', '');
      expect(substitute(`${safe}\${A}${safe}$\${A}`, env)).toEqual({
        text: `${safe}${a}${safe}\${A}`,
        isSubstituted: true,
        fault: null,
      });
      const { text, fault } = substitute(b, env);
      expect(typeof text).toBe('string');
      if (!b.includes('${')) expect([text, fault]).toEqual([b, null]);
    },
  );
});

describe('what people type', () => {
  property(
    'as a duration is milliseconds or nothing',
    10_000,
    fc.oneof(
      odd,
      fc.tuple(fc.float(), fc.constantFrom('', 's', 'ms', 'm', 'h')).map((t) => t.join('')),
    ),
    (text) => {
      const ms = readDuration(text);
      if (ms !== null) expect(Number.isFinite(ms) && ms >= 0).toBe(true);
    },
  );

  property('has at most one nearest word, which is one of those there are', 5_000, odd, (typed) => {
    const words = ['up', 'down', 'status', 'force', 'create', 'constructor'];
    expect([null, ...words]).toContain(nearest(typed, words));
  });

  property(
    'as a line of .pgpass names the account that it names',
    10_000,
    fc.record({ name: odd, user: odd, database: odd, password: odd, port: fc.nat(65535) }),
    (given) => {
      const account = { name: given.name, port: given.port, database: given.database, user: given.user };
      const field = (text: string) => text.replaceAll(/[\\:]/g, '\\$&');
      const line = [given.name, given.port, given.database, given.user, given.password]
        .map((f) => field(String(f)))
        .join(':');
      const isLine = !/\n/.test(line) && !line.startsWith('#') && !/\r$/.test(line) && given.name !== '*';
      const found = passwordIn(line, account);
      if (isLine) expect(found).toBe(given.password);
      expect(passwordIn(given.password, account) === null || typeof found === 'string').toBe(true);
    },
  );
});

describe('the lock', () => {
  /** CRC-32 by its definition: the remainder of a division of polynomials, bit by bit. */
  const crc = (bytes: Uint8Array): bigint => {
    let rest = 0n;
    const bits = [...bytes].flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> i) & 1));
    for (const [i, bit] of [...bits, ...Array<number>(32).fill(0)].entries()) {
      const next = (rest << 1n) | BigInt(i < 32 ? bit ^ 1 : bit);
      rest = next >> 32n ? (next & 0xffffffffn) ^ 0x04c11db7n : next;
    }
    let reflected = 0n;
    for (let i = 0; i < 32; i++) reflected = (reflected << 1n) | ((rest >> BigInt(i)) & 1n);
    return reflected ^ 0xffffffffn;
  };
  property(
    'has golang-migrate’s number for any names, in 32 bits',
    3_000,
    fc.tuple(odd, odd, odd),
    ([schema, table, database]) => {
      const key = Buffer.from(`${schema}\0${table}\0${database}`);
      expect(lockId(schema, table, database)).toBe((crc(key) * 1486364155n) & 0xffffffffn);
    },
  );

  property(
    'has its numbers in one order, whoever takes them',
    3_000,
    fc.tuple(odd, odd, odd, fc.option(odd)),
    ([schema, table, database, urlPath]) => {
      const ids = lockIds({ schema, table, database, urlPath });
      expect([...ids].sort((a, b) => (a < b ? -1 : 1))).toEqual(ids);
      expect(ids).toContain(lockId(schema, table, database));
      expect(ids).toContain(lockId(schema, table, `/${database}`));
      expect(new Set(ids).size).toBe(ids.length);
    },
  );
});
