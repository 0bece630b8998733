import { describe, expect, test } from 'vitest';
import { classify, MAX_VERSION, nextNames, pair, parseName } from '../../src/layout/pairs.ts';
import { file } from '../support/world.ts';

describe('a migration’s name, as golang-migrate reads it', () => {
  test.each([
    // The names of its source/parse_test.go.
    ['1_foobar.up.sql', 1n, 'foobar', 'up'],
    ['1_foobar.down.sql', 1n, 'foobar', 'down'],
    ['1_f-o_ob+ar.up.sql', 1n, 'f-o_ob+ar', 'up'],
    ['1485385885_foobar.up.sql', 1485385885n, 'foobar', 'up'],
    ['20170412214116_date_foobar.up.sql', 20170412214116n, 'date_foobar', 'up'],
    // What its pattern also takes.
    ['1_a.up.sql', 1n, 'a', 'up'],
    ['1_.up.sql', 1n, '', 'up'],
    ['1_a.up.', 1n, 'a', 'up'],
    ['1_a.up.go', 1n, 'a', 'up'],
    ['1_a.up.sql.bak', 1n, 'a', 'up'],
    ['1_a.up.sql~', 1n, 'a', 'up'],
    ['1_a.up.down.sql', 1n, 'a.up', 'down'],
    ['1_a.down.up.sql', 1n, 'a.down', 'up'],
    ['1_a.up.b.up.c.sql', 1n, 'a.up.b', 'up'],
    ['1__a.up.sql', 1n, '_a', 'up'],
    ['1_ two words .down.sql', 1n, ' two words ', 'down'],
    ['1_тест.up.sql', 1n, 'тест', 'up'],
    ['1_a\rb.up.sql', 1n, 'a\rb', 'up'],
    ['1_a\u2028b.up.sql', 1n, 'a\u2028b', 'up'],
    ['0_a.up.sql', 0n, 'a', 'up'],
    ['000_a.up.sql', 0n, 'a', 'up'],
    ['001_a.up.sql', 1n, 'a', 'up'],
    ['9223372036854775807_a.up.sql', MAX_VERSION, 'a', 'up'],
  ] as const)('%j is version %d, titled %j, %s', (name, version, title, direction) => {
    expect(parseName(name)).toEqual({ version, title, direction });
  });

  test.each([
    '-1_foobar.up.sql',
    'foobar.up.sql',
    '1.up.sql',
    '1_foobar.sql',
    '1_foobar.up',
    '1_foobar.down',
    '1_a.sql',
    '1-a.up.sql',
    '1_a.UP.sql',
    '1_a.Down.sql',
    '.1_a.up.sql',
    ' 1_a.up.sql',
    '1 _a.up.sql',
    '+1_a.up.sql',
    '0x1_a.up.sql',
    '١_a.up.sql',
    '1_a\nb.up.sql',
    '1_aup.sql',
    '_a.up.sql',
    '',
  ])('%j is not one', (name) => {
    expect(parseName(name)).toBeNull();
  });
});

describe('a name in the folder', () => {
  test.each(['1_a.up.sql', '1_a.down.sql', '1_.up.sql', '1_a.up.', '1_a.up.go', '000001_a.up.down.sql'])(
    '%j is run',
    (name) => {
      expect(classify(name)).toBe('run');
    },
  );

  test.each([
    '1_a.up.sql~',
    '1_a.up.sql.bak',
    '1_a.up.sql.BAK',
    '1_a.up.sql.orig',
    '1_a.up.sql.rej',
    '1_a.up.sql.old',
    '1_a.up.sql.save',
    '1_a.up.sql.swp',
    '1_a.down.sql.tmp',
  ])('%j is reported as a backup that golang-migrate would run', (name) => {
    expect(classify(name)).toEqual({ why: expect.stringContaining('backup') });
  });

  test.each(['1_a.sql', '1-a.up.sql', '1.up.sql', '1_a.UP.SQL', '000001_users.sql'])(
    '%j is reported as misnamed, since it was surely meant as one',
    (name) => {
      expect(classify(name)).toEqual({ why: expect.stringContaining('NNNNNN_name.up.sql') });
    },
  );

  test.each(['README.md', '.1_a.up.sql', '.gitkeep', 'schema.sql', '-1_a.up.sql', '1_a.up', 'Taskfile.yml'])(
    '%j is none of our business',
    (name) => {
      expect(classify(name)).toBe('ignore');
    },
  );
});

const folder = (...names: string[]) => pair(names.map((name) => file(name, name)));

describe('files become pairs', () => {
  test('in the order of their numbers, not of their names', () => {
    const { migrations } = folder('10_b.up.sql', '9_a.up.sql', '0100_c.up.sql', '0_z.up.sql');
    expect(migrations.map((m) => m.id)).toEqual(['0', '9', '10', '100']);
  });

  test('where leading zeros do not count', () => {
    const { migrations, problems } = folder('001_a.up.sql', '1_a.down.sql');
    expect(problems).toEqual([]);
    expect(migrations).toHaveLength(1);
    expect(migrations[0]).toMatchObject({ id: '1', version: 1n, name: 'a' });
    expect(migrations[0]?.up?.path).toBe('migrations/001_a.up.sql');
    expect(migrations[0]?.down?.path).toBe('migrations/1_a.down.sql');
  });

  test('whose name is the up file’s where the two disagree', () => {
    const { migrations } = folder('1_late.up.sql', '1_early.down.sql');
    expect(migrations[0]?.name).toBe('late');
  });

  test('with either file missing', () => {
    const { migrations } = folder('1_a.up.sql', '2_b.down.sql');
    expect(migrations.map((m) => [m.name, m.up !== null, m.down !== null])).toEqual([
      ['a', true, false],
      ['b', false, true],
    ]);
  });

  test('whatever order the folder is read in', () => {
    const names = ['3_c.up.sql', '1_a.up.sql', '1_a.down.sql', '2_b.down.sql', '2_b.up.sql'];
    const expected = folder(...names);
    expect(folder(...names.reverse())).toEqual(expected);
  });

  test('and two files of one version and direction are a problem that names both', () => {
    // golang-migrate's testdata/duplicates, and the same number written twice.
    for (const [first, second] of [
      ['1_foobar.up.sql', '1_foobaz.up.sql'],
      ['01_a.down.sql', '1_a.down.sql'],
    ] as const) {
      const { problems } = folder(second, first);
      expect(problems).toEqual([
        {
          reason: 'duplicate',
          message: expect.stringMatching(`${first}.*${second}`),
          file: `migrations/${second}`,
          offset: null,
        },
      ]);
    }
  });

  test('and a version that the column cannot hold is a problem', () => {
    const { migrations, problems } = folder('9223372036854775807_a.up.sql', '9223372036854775808_b.up.sql');
    expect(migrations.map((m) => m.version)).toEqual([9223372036854775807n]);
    expect(problems).toMatchObject([{ reason: 'name', file: 'migrations/9223372036854775808_b.up.sql' }]);
  });

  test('and all problems are told at once', () => {
    const { problems } = folder('1_a.up.sql', '1_b.up.sql', '2_a.up.sql', '2_b.up.sql', '2_c.up.sql');
    expect(problems.map((p) => p.file)).toEqual([
      'migrations/1_b.up.sql',
      'migrations/2_b.up.sql',
      'migrations/2_c.up.sql',
    ]);
  });
});

describe('the next pair’s names', () => {
  test.each([
    ['an empty folder begins with 1, six digits wide', [], '000001'],
    ['the highest number plus one', ['000001_a.up.sql', '000007_b.up.sql'], '000008'],
    ['gaps stay', ['000001_a.up.sql', '000030_b.down.sql'], '000031'],
    ['as wide as the numbers there', ['001_a.up.sql', '002_a.up.sql'], '003'],
    ['as wide as the widest', ['1_a.up.sql', '0002_a.up.sql'], '0003'],
    ['narrow numbers stay narrow', ['1_a.up.sql', '2_a.up.sql'], '3'],
    ['a number that grows past its width', ['99_a.up.sql'], '100'],
    ['the highest number, not the last name', ['9_a.up.sql', '10_a.up.sql'], '11'],
    ['timestamps', ['20170412214116_a.up.sql'], '20170412214117'],
    ['what is no migration does not count', ['000001_a.up.sql', '999999.sql', 'README.md'], '000002'],
    ['a backup’s number is taken all the same', ['1_a.up.sql', '2_b.up.sql~'], '3'],
    ['after version 0 comes 1', ['000_a.up.sql'], '001'],
  ] as const)('%s', (_what, names, number) => {
    expect(nextNames(names, 'name')).toEqual({
      up: `${number}_name.up.sql`,
      down: `${number}_name.down.sql`,
    });
  });

  test('there are none after the largest number that the version column can hold', () => {
    expect(nextNames(['9223372036854775807_a.up.sql'], 'name')).toBeNull();
    expect(nextNames(['9223372036854775806_a.up.sql'], 'name')?.up).toBe('9223372036854775807_name.up.sql');
  });
});
