/** A large file is read in pieces, and comes out as if it had been read at once. */

import { describe, expect, test } from 'vitest';
import { readLarge } from '../../src/large.ts';
import type { Cut } from '../../src/migration.ts';
import { rowOf, rowsOf } from '../../src/rows.ts';
import { checksum } from '../../src/sql/checksum.ts';
import { rowsIn } from '../../src/sql/cuts.ts';
import { decode } from '../../src/sql/decode.ts';
import { takeApart } from '../../src/sql/psql.ts';
import { folderOf } from '../support/folder.ts';

const write = (content: string | Uint8Array): string => `${folderOf({ 'f.sql': content })}/f.sql`;

async function contentOf(cut: Cut): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of rowsOf(cut)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

async function inPieces(path: string, size: number) {
  const large = await readLarge(path, size);
  if ('message' in large) return large;
  const cuts = await Promise.all(
    (large.psql?.cuts ?? []).map(async (cut) => ({
      ...cut,
      content: cut.copy === null ? cut.content : await contentOf(cut),
    })),
  );
  return {
    ...large,
    psql: large.psql === null ? null : { ...large.psql, cuts },
  };
}

function atOnce(text: string) {
  const { psql, ...rest } = takeApart(text);
  const cuts = psql?.cuts.map((cut) => ({
    ...cut,
    content: cut.copy === null ? cut.content : rowsIn(String(cut.content)),
  }));
  return { ...rest, psql: psql === null ? null : { ...psql, cuts }, checksum: checksum(text) };
}

const COPY = 'copy t (a, b) from stdin;\n';

describe('in pieces of any size, as at once', () => {
  test.each([
    `select 'é😀';\n${COPY}1\tä\n2\t日本\n\\.\nselect 2;\n`,
    `${COPY}\\.\n${COPY}\\.x\n\\..\n\\\\.\n\n\\.\nselect 1`,
    `${COPY}a very long line of data without any end at all, longer than the pieces are: 日本日本\n\\.\n\\echo x\nselect 1;`,
    `copy a from stdin; copy b from stdin;\r\n1\r\n\\.\r\n2\r\n\\.\r\nselect 1;\r\n`,
    `${COPY}1\n\\.`,
    `${COPY}1\n2\n`,
    `${COPY}1\n2\n\\`,
    `\\restrict x\n\\connect y\n${COPY}`,
    `${COPY}${'x'.repeat(40)}\\.\n\\.\nselect ${'1 + '.repeat(30)}1;\n${COPY}\\.\n`,
    `select 'a\rb\r\n\r\r\n';\r`,
    `select 1;\n\n\ncopy t (a,\n  b)\n\n\n  from stdin\n\n\n;\n1\n\\.\nselect 2;\n`,
    `select 1;\n\n\nselect\n 2;\ncopy t (a,\n  b)\n\n\n\n\n  from stdin\n\n`,
    '',
  ])('%j', async (text) => {
    const path = write(text);
    for (const size of [8, 9, 10, 11, 13, 16, 31, 64, 4096]) {
      expect({ size, ...(await inPieces(path, size)) }).toEqual({ size, ...atOnce(text) });
    }
  });

  test('thrown together from what matters', async () => {
    let state = 11;
    const pick = (n: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const pieces = [
      COPY,
      COPY,
      '\\.\n',
      '\\.\r\n',
      '\n',
      '\r\n',
      '\\.',
      'ab\t\n',
      '日',
      '😀',
      'ü',
      "'",
      '$$',
      '\\x\n',
      'select 1;',
      '-- \\.\n',
    ];
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: pick(14) }, () => pieces[pick(pieces.length)]).join('');
      const path = write(text);
      const size = 8 + pick(30);
      expect({ whole: text, size, ...(await inPieces(path, size)) }).toEqual({
        whole: text,
        size,
        ...atOnce(text),
      });
    }
  });
});

test('a byte order mark is dropped', async () => {
  const path = write(`\ufeff${COPY}1\n\\.\n`);
  expect(await inPieces(path, 16)).toEqual(atOnce(`${COPY}1\n\\.\n`));
});

test('a bad byte, a NUL or UTF-16 is told as of any file', async () => {
  const start = `select 1;\n${'x'.repeat(20)}\n`.repeat(9);
  for (const bad of [
    Buffer.concat([Buffer.from(`${start}é`), Buffer.from([0xff]), Buffer.from('\nselect 2')]),
    Buffer.from(`${start}select \0 1;`),
    Buffer.from('\ufeffselect 1;', 'utf16le'),
    Buffer.concat([Buffer.from(start), Buffer.from([0xc3])]),
  ]) {
    expect(await readLarge(write(bad), 64)).toEqual(decode(bad));
  }
});

test('any row can be read again', async () => {
  const path = write(`select 1;\n${COPY}one\ntwo\r\n\ndrei und vier\n\\.\nselect 1;\n`);
  const large = await readLarge(path, 16);
  const [cut] = 'psql' in large ? (large.psql?.cuts ?? []) : [];
  if (cut === undefined) throw new Error('no data');
  expect(await Promise.all([1, 2, 3, 4].map((n) => rowOf(cut, n)))).toEqual([
    'one',
    'two',
    '',
    'drei und vier',
  ]);
});
