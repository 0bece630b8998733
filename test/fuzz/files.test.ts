/** What is in files: encodings, line ends, psql's language, comments that mean something. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { readLarge } from '../../src/large.ts';
import { split } from '../../src/layout/markers.ts';
import { readMigrations } from '../../src/source.ts';
import { checksum } from '../../src/sql/checksum.ts';
import { wholeText } from '../../src/sql/cuts.ts';
import { decode } from '../../src/sql/decode.ts';
import { directive, misplaced } from '../../src/sql/directive.ts';
import { at, byteWalk, fromBytes, fromCodePoints } from '../../src/sql/position.ts';
import { takeApart } from '../../src/sql/psql.ts';
import { folderOf } from '../support/folder.ts';
import { property, resultOf } from '../support/fuzz.ts';
import { characters, made, odd, sql, units } from '../support/odd.ts';

const MARK = [0xef, 0xbb, 0xbf];
const utf8 = (text: string): number[] => [...Buffer.from(text)];
/** UTF-8, nearly UTF-8, other encodings, and no text at all. */
const bytes: fc.Arbitrary<Uint8Array> = fc
  .oneof(
    fc
      .array(
        fc.oneof(
          sql.map(utf8),
          characters.map(utf8),
          fc.constantFrom(MARK, [0xff], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0]),
        ),
        {
          maxLength: 6,
        },
      )
      .map((parts) => parts.flat()),
    fc
      .tuple(fc.constantFrom([], [0xff, 0xfe], [0xfe, 0xff], MARK), sql)
      .map(([mark, text]) => [...mark, ...Buffer.from(text, 'utf16le')]),
    sql.map((text) => [...Buffer.from(text, 'latin1')]),
    fc.array(fc.nat({ max: 255 }), { maxLength: 60 }),
  )
  .map((all) => Uint8Array.from(all));

describe('bytes', () => {
  property(
    'are the text that they encode, or what is wrong with them has its place',
    20_000,
    bytes,
    (some) => {
      const found = decode(some);
      const hasMark = MARK.every((byte, i) => some[i] === byte);
      if ('text' in found) {
        expect([...(hasMark ? MARK : []), ...Buffer.from(found.text)]).toEqual([...some]);
        expect(found.text).not.toContain('\0');
        return;
      }
      if (found.byte === null) return expect(found.message).toContain('UTF-16');
      // All before it is good, and it is not. A NUL is told of where there is nothing worse.
      const before = some.subarray(0, found.byte);
      expect(() => new TextDecoder('utf-8', { fatal: true }).decode(before)).not.toThrow();
      if (some[found.byte] === 0) expect(before.includes(0)).toBe(false);
      else expect(some[found.byte]).toBeGreaterThanOrEqual(0x80);
    },
  );

  const folder = folderOf({});
  property(
    'read in pieces of any size are what they are at once',
    1_500,
    fc.tuple(bytes, fc.integer({ min: 4, max: 40 })),
    async ([some, size]) => {
      const path = join(folder, 'large.sql');
      writeFileSync(path, some);
      const [large, whole] = [await readLarge(path, size), decode(some)];
      // By its byte order mark only where all of it is in the first piece; that it is no UTF-8 is told in any case.
      if ('message' in whole || 'message' in large) {
        return expect('message' in large && 'message' in whole).toBe(true);
      }
      const apart = takeApart(whole.text);
      expect(large.text).toBe(apart.text);
      expect(large.checksum).toBe(checksum(whole.text));
      const shape = (psql: typeof large.psql) => ({
        cuts: psql?.cuts.map(({ at, line, lines, copy }) => ({ at, line, lines, copy })),
        refused: psql?.refused,
      });
      expect(shape(large.psql)).toEqual(shape(apart.psql));
    },
  );

  property(
    'in a folder make migrations, or MIGRATION_SOURCE_FAILED with the file’s name',
    600,
    fc.tuple(bytes, fc.constantFrom('1_a.up.sql', '001_a.sql', 'init-db.sql')),
    async ([some, name]) => {
      const own = join(folder, name.replaceAll(/\W/g, '-'));
      mkdirSync(own, { recursive: true });
      writeFileSync(join(own, name), some);
      const result = await resultOf(() => readMigrations(own));
      if ('value' in result) expect(result.value.migrations).toHaveLength(1);
      else {
        expect(result.error.code).toBe('MIGRATION_SOURCE_FAILED');
        expect(result.error.location?.file).toContain(name);
      }
    },
  );
});

const file = fc.oneof({ weight: 4, arbitrary: sql }, odd);

describe('a file', () => {
  property(
    'put together again is the file that was taken apart, unless it is refused',
    20_000,
    file,
    (text) => {
      const apart = takeApart(text);
      for (const { offset } of apart.psql?.refused ?? []) expect(offset <= apart.text.length).toBe(true);
      if ((apart.psql?.refused.length ?? 0) === 0) expect(wholeText(apart)).toBe(text);
    },
  );

  property(
    'split at its markers has each statement where it is in the file, and loses none',
    10_000,
    file,
    (text) => {
      const { up, down, problems } = split(text);
      for (const part of down === null ? [up] : [up, down]) {
        expect(part.text.length <= text.length).toBe(true);
        const kept = [...part.text.slice(part.start)].join('');
        expect(text.slice(part.start, part.start + kept.length)).toBe(kept);
        expect(part.text.slice(0, part.start).trim()).toBe('');
      }
      for (const { offset } of problems)
        expect(offset !== null && offset >= 0 && offset < text.length).toBe(true);
    },
  );

  property(
    'has its directives before its first statement, and each fault at a word of it',
    10_000,
    file,
    (text) => {
      const { mode, offset, problems } = directive(text);
      expect(mode === null).toBe(offset === null);
      const places = [offset, ...problems.map((p) => p.offset), misplaced(text, 0)?.offset ?? null];
      for (const place of places) {
        if (place !== null) expect(place >= 0 && place <= text.length).toBe(true);
      }
    },
  );
});

describe('a place', () => {
  const text = fc.oneof(
    made(['a', '\n', '\r\n', '\r', '😀', 'é', '\ud83d', '\ude00', '日', '\t', '\u2028'], 20),
    units,
  );
  property(
    'has the line and the column that one finds by counting',
    15_000,
    fc.tuple(text, fc.nat(40)),
    ([whole, n]) => {
      const index = Math.min(n, whole.length);
      const lines = whole.split('\n');
      let line = 0;
      let left = index;
      while (left > (lines[line] ?? '').length && line < lines.length - 1) {
        left -= (lines[line] ?? '').length + 1;
        line++;
      }
      const excerpt = (lines[line] ?? '').replace(/\r$/, line < lines.length - 1 ? '' : '\r');
      const inside = Math.min(left, excerpt.length);
      // Half a character before it is the whole one's.
      let column = 1;
      let from = 0;
      for (const c of excerpt) {
        if (from + c.length > inside) break;
        from += c.length;
        column++;
      }
      expect(at(whole, index)).toEqual({ line: line + 1, column, excerpt });
    },
  );

  property(
    'counted in characters or in bytes is the same place',
    10_000,
    fc.tuple(text, fc.nat(30)),
    ([whole, n]) => {
      const points = [...whole];
      const before = points.slice(0, n).join('');
      expect(fromCodePoints(whole, n)).toBe(before.length);
      // A half character has no bytes of its own, and no file of UTF-8 has one.
      if (!/\p{Surrogate}/u.test(whole)) {
        const count = Buffer.byteLength(before);
        expect(fromBytes(whole, count)).toBe(before.length);
        expect(byteWalk(whole)(count).line).toBe(before.split('\n').length);
      }
    },
  );
});
