/** A file that creates an extension which the server does not have fails before anything is applied. */

import { expect, it } from 'vitest';
import { documentOf, errorOf } from '../support/documents.ts';
import { lines, told, workplace } from '../support/workplace.ts';

const FILES = {
  '1_a.up.sql': 'create table a ();',
  '1_a.down.sql': 'drop table a;',
  '2_map.up.sql': '-- maps\ncreate extension if not exists postgis;\ncreate table map ();',
  '3_ai.up.sql': "create extension vector with version '0.8.0' cascade;",
  '4_trigrams.up.sql': 'create extension pg_trgm;',
};

it('is told with its place and the package that brings it, and nothing is applied', async () => {
  const { rungs, ledger, tables, database } = await workplace(FILES);
  const [{ v } = { v: 0 }] = await database.query(
    "select current_setting('server_version_num')::int / 10000 as v",
  );
  const result = await rungs('up');
  expect(told(result)).toBe(
    lines(
      'MIGRATION_UP_FAILED: migration failed',
      '  operation: look for the extensions that the files need',
      '  error: extension "postgis" is not available on this server',
      '  also: migrations/3_ai.up.sql:1:1: extension "vector" is not available on this server',
      '  at: migrations/2_map.up.sql:2:1',
      '      2 | create extension if not exists postgis;',
      '        | ^',
      `  next: install the package that brings it: \`postgresql-${v}-postgis-3\` (Debian’s name); where the server is hosted, its provider’s list of extensions says whether it can be had`,
    ),
  );
  expect([result.code, await ledger(), await tables()]).toEqual([12, null, []]);
  expect(errorOf(await rungs('up --dry-run --json')).reason).toBe('extension');
});

it('is no matter to files that are not reached', async () => {
  const { rungs, ledger } = await workplace(FILES);
  expect(documentOf(await rungs('up --num-steps 1 --json'))).toMatchObject({ to: '1', error: null });
  expect(documentOf(await rungs('down --json'))).toMatchObject({ error: null });
  expect(await ledger()).toEqual([]);
});

it('is no matter where it can be created, or is there', async () => {
  const { rungs, ledger } = await workplace({
    '1_trigrams.up.sql': 'create extension pg_trgm;',
    '2_again.up.sql': "create extension if not exists pg_trgm version '0.0';",
  });
  await rungs('up --num-steps 1');
  expect((await rungs('up')).code).toBe(0);
  expect(await ledger()).toEqual(['2']);
});

it('is told with the versions there are where one is asked for that is not', async () => {
  const { rungs, ledger } = await workplace({
    '1_a.up.sql': "create extension hstore version '77';",
  });
  expect(errorOf(await rungs('up --json'))).toMatchObject({
    message: expect.stringMatching(/^extension "hstore" has no version "77" on this server; it has 1\.\d/),
    line: 1,
  });
  expect(await ledger()).toBeNull();
});
