// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what rungs.yaml has for variables

/** Which targets there are, what they are called, and which shard each is in. */

import { describe, expect, it } from 'vitest';
import { isIn, readShard } from '../../src/config/shard.ts';
import { type GivenTarget, targetsOf } from '../../src/config/target.ts';
import { firstOf, resetsPath } from '../../src/sql/search-path.ts';
import { configOf } from '../support/configuration.ts';
import { refusal } from '../support/world.ts';

const BASE = 'postgres://app:pw-of-app@db.example/app';
const read = (given: readonly (string | GivenTarget)[], table = {}) =>
  targetsOf(
    given.map((g, i) => ({ ...(typeof g === 'string' ? { url: g } : g), where: `place ${i + 1}` })),
    { base: BASE, env: { USER: 'me', HOME: '/' }, table },
  );
const idOf = (given: string | GivenTarget, table = {}) => read([given], table)[0]?.id;

describe('a target', () => {
  it('is called by its name, its schema, or where it is; never by its password', () => {
    const names = read([
      { schema: 'tenant_1' },
      { schema: 'tenant_2', name: 'two' },
      'postgres://u:secret-word@eu.example:5433/crm',
      { url: 'postgres://u:secret-word@us.example/crm', schema: 'Ten ant' },
      'postgres://u:secret-word@as.example/crm?search_path=a,public',
    ]).map((t) => t.name);
    expect(names).toEqual([
      'tenant_1',
      'two',
      'u@eu.example:5433/crm',
      'u@us.example:5432/crm Ten ant',
      'u@as.example:5432/crm a',
    ]);
  });

  it('is the same with whatever login, driver and parameters it is reached', () => {
    const id = idOf('postgres://a:1@h.example/d?search_path=s');
    expect(idOf('pgx5://b:2@H.EXAMPLE:5432/d?sslmode=disable&search_path=S,public')).toBe(id);
    expect(idOf({ url: 'postgres://c@h.example/d', schema: 's' })).toBe(id);
    expect(idOf({ url: 'host=h.example dbname=d user=e', schema: 's' })).toBe(id);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each([
    ['another server', 'postgres://a@i.example/d?search_path=s'],
    ['another port', 'postgres://a@h.example:1/d?search_path=s'],
    ['another database', 'postgres://a@h.example/e?search_path=s'],
    ['another schema', 'postgres://a@h.example/d?search_path="S"'],
    ['no schema', 'postgres://a@h.example/d'],
    ['another version table', 'postgres://a@h.example/d?search_path=s&x-migrations-table=other'],
  ])('is another one with %s', (_, url) => {
    expect(idOf(url)).not.toBe(idOf('postgres://a@h.example/d?search_path=s'));
  });

  it('whose schema is its login’s own is another one for another login', () => {
    expect(idOf('postgres://a@h/d')).not.toBe(idOf('postgres://b@h/d'));
    expect(idOf('postgres://a@h/d', { schema: 'audit' })).toBe(idOf('postgres://b@h/d', { schema: 'audit' }));
  });

  it('is refused the second time, with both places; and all mistakes are told at once', () => {
    const error = refusal(() =>
      read([
        { schema: 'a' },
        { url: BASE.replace('app:pw-of-app', 'other:else'), schema: 'a' },
        { schema: 'b', name: 'a' },
        {},
        { schema: '' },
        { schema: 'x'.repeat(64) },
        { schema: '$user' },
        { schema: 'postgres://u:secret-word@h/d' },
        { url: 'postgres://u:secret-word@h:port/d' },
        { schema: 'c', name: 'postgres://u:secret-word@h/d' },
      ]),
    );
    expect(error.reason).toBe('targets');
    expect(error.details).toEqual([
      'place 2: other@db.example:5432/app a is the same target as that of place 1',
      'place 3: that of place 1 is called a too',
      'place 4: it has neither a `url` nor a `schema`',
      'place 5: its `schema` is empty',
      'place 6: its `schema` has a NUL in it, or more than 63 bytes',
      'place 7: its `schema` is $user: name a real one',
      'place 8: its `schema` is a URL',
      expect.stringMatching(/^place 9: its URL cannot be used: /),
      'place 10: its `name` is a URL',
    ]);
    expect(`${error.message} ${error.details.join(' ')}`).not.toContain('secret-word');
  });

  it('shares the version table of a configured schema with all others, and so is refused', () => {
    const table = { schema: 'audit', name: 'versions' };
    expect(refusal(() => read([{ schema: 'a' }, { schema: 'b' }], table)).message).toBe(
      'place 2: b is the same target as that of place 1',
    );
  });

  it('takes turns with those that differ in nothing but their schema', () => {
    const groups = read([
      { schema: 'a' },
      { schema: 'b' },
      `${BASE}?search_path=c`,
      { url: BASE.replace('app:', 'app2:'), schema: 'd' },
      `${BASE}?search_path=e&work_mem=1MB`,
      'postgres://app:pw-of-app@db.example/other',
    ]).map((t) => t.group);
    expect(groups[1]).toBe(groups[0]);
    expect(groups[2]).toBe(groups[0]);
    expect(new Set(groups).size).toBe(4);
    expect(groups[5]).toBe(null);
  });
});

describe('a shard', () => {
  it.each([
    ['3/16', {}, { number: 3, of: 16 }],
    [' 1 / 1 ', {}, { number: 1, of: 1 }],
    ['index/16', { JOB_COMPLETION_INDEX: '0' }, { number: 1, of: 16 }],
    ['index/16', { JOB_COMPLETION_INDEX: '15' }, { number: 16, of: 16 }],
    ['index/16', { JOB_COMPLETION_INDEX: '16' }, { fault: expect.stringContaining('16') }],
    ['index/16', { JOB_COMPLETION_INDEX: '' }, { fault: expect.stringContaining('JOB_COMPLETION_INDEX') }],
    ['0/4', {}, { fault: 'there is no shard 0 of 4' }],
    ['5/4', {}, { fault: 'there is no shard 5 of 4' }],
    ['1/0', {}, { fault: 'there is no shard 1 of 0' }],
    ['-1/4', {}, { fault: expect.stringContaining('K/N') }],
    ['1.5/4', {}, { fault: expect.stringContaining('K/N') }],
  ])('%j with %j is %j', (text, env, shard) => {
    expect(readShard(text, env)).toEqual(shard);
  });

  it('has each target once in all of them, and one more target moves no other', () => {
    const targets = read(Array.from({ length: 1000 }, (_, i) => ({ schema: `tenant_${i}` })));
    const parts = (list: typeof targets) =>
      Array.from({ length: 16 }, (_, i) => list.filter((t) => isIn({ number: i + 1, of: 16 }, t)));
    const whole = parts(targets);
    expect(whole.flat().length).toBe(1000);
    expect(new Set(whole.flat()).size).toBe(1000);
    expect(Math.min(...whole.map((p) => p.length))).toBeGreaterThan(35);
    const fewer = parts(targets.filter((_, i) => i % 3 !== 0).toReversed());
    for (const [i, part] of fewer.entries()) for (const t of part) expect(whole[i]).toContain(t);
  });
});

describe('the targets section', () => {
  it('is a list with the place of each, a query or a command', () => {
    const list = configOf({
      file: 'targets:\n  - postgres://${WHO}@h/d\n  - schema: a\n    name: b\n',
      environment: { WHO: 'w' },
    }).targets;
    expect(list).toMatchObject({
      list: [
        { url: 'postgres://w@h/d', where: 'rungs.yaml:2' },
        { schema: 'a', name: 'b', where: 'rungs.yaml:3' },
      ],
    });
    expect(configOf({ file: 'targets: { query: select 1 }' }).targets).toMatchObject({ query: 'select 1' });
    // Its variables are its shell's.
    expect(configOf({ file: 'targets: { command: "ls ${NOT_SET}" }' }).targets).toMatchObject({
      command: 'ls ${NOT_SET}',
    });
    expect(configOf({}).targets).toBe(null);
  });
});

describe('a search_path', () => {
  it.each([
    ['a', 'a'],
    ['A, b', 'a'],
    [' "A b", c', 'A b'],
    ['"a""b"', 'a"b'],
    ['"$user", public', '$user'],
    ['', null],
  ])('begins in %j with %j', (path, first) => {
    expect(firstOf(path)).toBe(first);
  });

  it.each([
    ['reset all', true],
    ['RESET\n search_path;', true],
    ['discard all', true],
    ['set search_path to default', true],
    ['set search_path=default', true],
    ['set search_path = a', false],
    ['create table resets (alliance int default 1)', false],
    ['reset role', false],
  ])('is gone back from in %j: %j', (sql, resets) => {
    expect(resetsPath(sql)).toBe(resets);
  });
});
