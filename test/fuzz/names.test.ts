/** File names, whatever a folder holds. */

import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { layoutOf, RULES } from '../../src/layout/layout.ts';
import { nextName, numberOf } from '../../src/layout/named.ts';
import { MAX_VERSION, nextNames, parseName } from '../../src/layout/pairs.ts';
import type { Layout } from '../../src/migration.ts';
import { property } from '../support/fuzz.ts';
import { made, odd } from '../support/odd.ts';
import { file } from '../support/world.ts';

const number = fc.oneof(
  fc.nat({ max: 20 }).map(String),
  fc.bigInt({ min: 0n, max: 10n ** 25n }).map(String),
  fc.constantFrom(
    String(MAX_VERSION),
    String(MAX_VERSION + 1n),
    '000',
    '0'.repeat(300),
    '٣',
    '+1',
    '-1',
    '1.5',
    '',
  ),
);
const ending = fc.constantFrom(
  '.up.sql',
  '.down.sql',
  '.sql',
  '.SQL',
  '.up.SQL',
  '.Up.sql',
  '.up.',
  '.up',
  '.sql.bak',
  '~',
  '',
);
const title = fc.oneof(
  made(['a', 'b_c', '.up', '.down', '.sql', '_', '-', ' ', "'", ';', '/', '\n', '\r']),
  odd,
);
const name = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(number, fc.constantFrom('_', '-', '.', ''), title, ending)
      .map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: odd },
  {
    weight: 1,
    arbitrary: fc.constantFrom('init-db.sql', 'INIT-DB.SQL', '.sql', '.up.sql', 'README', '.', '..'),
  },
);
const names = fc.uniqueArray(name, { maxLength: 12 });

/** golang-migrate's rule, without its regular expression: the last `.up.` or `.down.` counts. */
function goParse(text: string): string | null {
  let digits = 0;
  while (digits < text.length && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') digits++;
  if (digits === 0 || text[digits] !== '_' || text.includes('\n')) return null;
  const rest = text.slice(digits + 1);
  const [up, down] = [rest.lastIndexOf('.up.'), rest.lastIndexOf('.down.')];
  const at = Math.max(up, down);
  return at < 0 ? null : `${BigInt(text.slice(0, digits))} ${rest.slice(0, at)} ${up > down ? 'up' : 'down'}`;
}

describe('a file’s name', () => {
  property(
    'is a pair’s for rungs where it is one for golang-migrate, in all its parts',
    20_000,
    name,
    (text) => {
      const parsed = parseName(text);
      expect(parsed === null ? null : `${parsed.version} ${parsed.title} ${parsed.direction}`).toBe(
        goParse(text),
      );
    },
  );
});

describe('a folder', () => {
  property(
    'has a layout or none whatever its names are, and the order on the disk has no say in it',
    5_000,
    names,
    (some) => {
      const layout = layoutOf(some);
      expect(layoutOf([...some].reverse())).toBe(layout);
      expect([null, 'pairs', 'named', 'script']).toContain(layout);
    },
  );

  property(
    'of any names gives each file that is to be run to one migration or one problem, in one order',
    10_000,
    fc.tuple(names, fc.constantFrom<Layout>('pairs', 'named')),
    ([some, layout]) => {
      const { classify, arrange } = RULES[layout];
      const files = some.filter((n) => classify(n) === 'run').map((n) => file(n, `select '${n.length}'`));
      const { migrations, repeatable, problems } = arrange(files);
      const told = [
        ...[...migrations, ...repeatable].flatMap((m) => [m.up, m.down].flatMap((f) => f?.path ?? [])),
        ...problems.map((p) => p.file),
      ];
      expect(told.sort()).toEqual(files.map((f) => f.file.path).sort());
      for (const [i, m] of migrations.entries()) {
        expect(m.version <= MAX_VERSION && m.version >= 0n).toBe(true);
        const before = migrations[i - 1];
        if (before !== undefined) expect(before.version <= m.version && before.id !== m.id).toBe(true);
      }
      const again = arrange([...files].reverse());
      expect(again.migrations.map((m) => m.id)).toEqual(migrations.map((m) => m.id));
    },
  );

  property(
    'of any names has a next one that is new, the highest, and stays in the folder',
    10_000,
    names,
    (some) => {
      const pair = nextNames(some, 'x');
      const single = nextName(some, 'x');
      for (const next of [pair?.up, pair?.down, single].filter((n) => n != null)) {
        expect(some).not.toContain(next);
        expect(next).toMatch(/^\d+_x(\.up|\.down)?\.sql$/);
      }
      // biome-ignore lint/complexity/useMathMinMax: those are for numbers
      const highest = (all: readonly bigint[]) => all.reduce((a, b) => (a > b ? a : b), 0n);
      const versions = some.flatMap((n) => parseName(n)?.version ?? []);
      if (pair === null) expect(highest(versions) >= MAX_VERSION).toBe(true);
      else expect(parseName(pair.up)?.version).toBe(highest(versions) + 1n);
      if (single !== null) {
        const numbers = some.filter((n) => /^[0-9]+[^/]*\.sql$/i.test(n)).map(numberOf);
        expect(numberOf(single)).toBe(highest(numbers) + 1n);
      }
    },
  );
});
