import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../src/config/url.ts';
import { makeFolder } from '../../tasks/_folder.ts';
import { contentsOf } from '../../tasks/backup/archive.ts';
import { Draft, nameOf } from '../../tasks/backup/draft.ts';
import { libpqEnvironment } from '../../tasks/backup/environment.ts';
import { readHeader } from '../../tasks/backup/header.ts';
import { fitting } from '../../tasks/backup/programs.ts';
import { folderOf } from '../support/folder.ts';

const HOME = { USER: 'me', HOME: '/home/me' };

/** What is said of the connection, without what is always so. */
function variables(url: string, around: Readonly<Record<string, string>> = {}) {
  const { LC_ALL, PGGSSENCMODE, PGAPPNAME, PGTARGETSESSIONATTRS, PGCHANNELBINDING, ...rest } =
    libpqEnvironment(parseDatabaseUrl(url, HOME), around, 'rungs backup');
  return rest;
}

describe('the variables for pg_dump', () => {
  const BASIC = { PGHOST: 'h', PGPORT: '5432', PGUSER: 'u', PGDATABASE: 'd', PGPASSFILE: '/home/me/.pgpass' };
  const TLS = {
    PGSSLROOTCERT: '/home/me/.postgresql/root.crt',
    PGSSLCRL: '/home/me/.postgresql/root.crl',
    PGSSLCERT: '/home/me/.postgresql/postgresql.crt',
    PGSSLKEY: '/home/me/.postgresql/postgresql.key',
    PGSSLSNI: '1',
    PGSSLMINPROTOCOLVERSION: 'TLSv1.2',
    PGSSLMAXPROTOCOLVERSION: 'TLSv1.3',
  };

  it.each(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'])(
    'keep sslmode=%s',
    (mode) => {
      const tls = mode === 'disable' ? {} : TLS;
      expect(variables(`postgres://u@h/d?sslmode=${mode}`)).toEqual({ ...BASIC, ...tls, PGSSLMODE: mode });
    },
  );

  it('keep sslmode where the first host is a socket', () => {
    const url = 'postgres://u@/d?host=/run/pg,h&sslmode=verify-full';
    expect(variables(url)).toMatchObject({
      PGHOST: '/run/pg,h',
      PGPORT: '5432,5432',
      PGSSLMODE: 'verify-full',
    });
    expect(variables('postgres://u@/d?host=/run/pg&sslmode=verify-full').PGSSLMODE).toBe('disable');
  });

  it('hold the password as it is, and every host with its address', () => {
    expect(variables('pgx5://u:p%40%20ss@a:1,[::1]:2/d?sslmode=disable&x-lock-table=t')).toEqual({
      ...BASIC,
      PGHOST: 'a,::1',
      PGPORT: '1,2',
      PGPASSWORD: 'p@ ss',
      PGSSLMODE: 'disable',
    });
    const url = 'postgres://u@a,b/d?hostaddr=10.0.0.1,10.0.0.2&sslmode=disable';
    expect(variables(url)).toMatchObject({ PGHOST: 'a,b', PGHOSTADDR: '10.0.0.1,10.0.0.2' });
  });

  it('send the session’s settings, a role among them', () => {
    const { PGOPTIONS } = variables(
      'postgres://u@h/d?search_path=a b&role=r&options=-c%20x.y%3D1&sslmode=disable',
    );
    expect(PGOPTIONS).toBe('-c x.y=1 -c search_path=a\\ b -c role=r');
  });

  it('are the only PG* ones, and PATH stays', () => {
    const theirs = {
      PGPASSWORD: 'x',
      PGSERVICE: 's',
      PGCLUSTER: '15/main',
      PG_COLOR: 'always',
      PATH: '/bin',
    };
    expect(variables('postgres://u@h/d?sslmode=disable', theirs)).toEqual({
      ...BASIC,
      PATH: '/bin',
      PGSSLMODE: 'disable',
    });
  });

  it('are none for the password of a client key, which libpq has no variable for', () => {
    expect(() => variables('postgres://u@h/d?sslmode=require&sslpassword=geheim')).toThrow(
      /^sslpassword: libpq has/,
    );
  });
});

describe('the program that fits', () => {
  const all = ['18beta1', '15.18', '17.2', '14.1'].map((version) => ({
    path: version,
    version,
    major: Number.parseInt(version, 10),
  }));

  it.each([
    [13, '14.1'],
    [15, '15.18'],
    [16, '17.2'],
    [18, '18beta1'],
    [19, undefined],
  ])('for %i is the oldest that is as new: %s', (wanted, version) => {
    expect(fitting(all, wanted)?.version).toBe(version);
  });
});

describe('the name of a backup', () => {
  const now = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678));

  it.each([
    ['app', 'app-20260102T030405Z.dump'],
    ['../a b/ü', '_._a_b__-20260102T030405Z.dump'],
    ['-x', '_x-20260102T030405Z.dump'],
  ])('of %j is %s', (database, name) => {
    expect(nameOf(database, now)).toBe(name);
  });

  it('has a number where there is one already', () => {
    expect(nameOf('app', now, 2)).toBe('app-20260102T030405Z-2.dump');
  });
});

describe('the head of a backup', () => {
  const int = (n: number) => [n < 0 ? 1 : 0, ...[0, 8, 16, 24].map((shift) => (Math.abs(n) >> shift) & 255)];
  const text = (s: string) => [...int(s.length), ...Buffer.from(s)];
  const head = (minor: number, compression: readonly number[], kind = 1) =>
    Buffer.from([
      ...Buffer.from('PGDMP'),
      ...[1, minor, 0, 4, 8, kind],
      ...compression,
      ...[5, 4, 3, 2, 0, 126, 0].flatMap(int),
      ...['app', '15.18 (Debian 15.18-0+deb12u1)', '17.2'].flatMap(text),
    ]);
  const read = { database: 'app', server: '15.18', program: '17.2', programMajor: 17 };

  it('up to PostgreSQL 15 has the compression as a number, later as a letter', () => {
    expect(readHeader(head(14, int(-1)))).toEqual({ format: '1.14', ...read });
    expect(readHeader(head(16, [1]))).toEqual({ format: '1.16', ...read });
  });

  it('is none where it is cut off at any place, is of another kind, or is anything else', () => {
    const whole = head(14, int(-1));
    for (let end = 0; end < whole.length; end++) expect(readHeader(whole.subarray(0, end))).toBeNull();
    expect(readHeader(head(14, int(-1), 3))).toBeNull();
    expect(readHeader(Buffer.from('PGDMPwhatever this is, it is no dump'))).toBeNull();
  });
});

describe('what pg_restore lists', () => {
  const LIST = `;
; Archive created at 2026-11-21
;     TOC Entries: 20
;
2; 3079 16384 EXTENSION - pg_trgm 
215; 1259 16386 TABLE public users postgres
216; 1259 16390 TABLE public order items postgres
217; 1259 16390 TABLE public DATA postgres
3300; 0 16386 TABLE DATA public users postgres
3305; 0 0 SEQUENCE SET public users_id_seq postgres
`;

  it('tells its tables, and rows from schema', () => {
    const { hasSchema, tables, holds } = contentsOf(LIST);
    expect({ hasSchema, tables }).toEqual({ hasSchema: true, tables: 1 });
    const asked = ['public.users', 'public.order items', 'public.DATA', 'public.user', 'public.items'];
    expect(asked.map(holds)).toEqual([true, true, true, false, false]);
    const rows = LIST.split('\n').filter((line) => !/EXTENSION|TABLE public/.test(line));
    expect(contentsOf(rows.join('\n'))).toMatchObject({ hasSchema: false, tables: 1 });
  });
});

describe('the folder of a backup', () => {
  it('is made with those above it, and it is said where that began', () => {
    const folder = folderOf({});
    expect(makeFolder(join(folder, 'a/b/c'))).toBe(join(folder, 'a'));
    expect(makeFolder(join(folder, 'a/b/d'))).toBe(join(folder, 'a/b/d'));
    expect(makeFolder(join(folder, 'a/b'))).toBeUndefined();
    expect(statSync(join(folder, 'a/b/c')).isDirectory()).toBe(true);
  });

  // Node's mkdir with `recursive` does not come back from there.
  it.runIf(process.platform === 'linux')('that the system denies is an error at once', () => {
    expect(() => makeFolder('/proc/rungs/backups')).toThrow(/ENOENT/);
  });

  it.each([
    ['below a file is an error that says what can be given instead', (f: string) => join(f, 'x'), /--output/],
    [
      'in the way of backups/ is an error that names the folder',
      () => null,
      /^make \S+ a folder that can be /,
    ],
  ])('%s', async (_what, outputOf, hint) => {
    const file = join(folderOf({ backups: 'a file' }), 'backups');
    const place = { output: outputOf(file), folder: file, database: 'd', now: new Date(0) };
    await expect(Draft.open(place)).rejects.toMatchObject({
      reason: 'backup',
      message: expect.stringContaining('ENOTDIR'),
      hint: expect.stringMatching(hint),
    });
  });
});
