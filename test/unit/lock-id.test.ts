import { describe, expect, test } from 'vitest';
import { lockId, lockIds } from '../../src/config/lock-id.ts';

/** Computed with python3's zlib by golang-migrate's formula, and checked against its database/util_test.go. */
const WORKED: readonly (readonly [schema: string, table: string, database: string, id: bigint])[] = [
  ['public', 'schema_migrations', 'app', 1787120056n],
  ['public', 'schema_migrations', '/app', 1726534663n],
  ['migrate', 'versions', 'app', 1743953882n],
  ['migrate', 'versions', '/app', 1301589391n],
  ['tenant_a', 'schema_migrations', 'app', 594142443n],
  ['tenant_a', 'schema_migrations', '/app', 2746438761n],
  ['public', 'schema_migrations', 'postgres', 143310882n],
  ['public', 'schema_migrations', '/postgres', 3280485947n],
  ['public', 'schema_migrations', 'données', 73662022n],
  ['public', 'schema_migrations', '/données', 302117943n],
  ['public', 'schema_migrations', '/', 2551455205n],
  // Its own vector of three names.
  ['schema_name_1', 'schema_name_2', 'database_name', 3743845847n],
];

describe('the id of golang-migrate’s lock', () => {
  test.each(WORKED)('of %s, %s, %s is %d', (schema, table, database, id) => {
    expect(lockId(schema, table, database)).toBe(id);
  });
});

describe('the ids to lock', () => {
  const place = { schema: 'public', table: 'schema_migrations', database: 'app' };
  const [service, cli] = [1787120056n, 1726534663n];

  test('are the service’s and the CLI’s, in ascending order', () => {
    expect(lockIds({ ...place, urlPath: '/app' })).toEqual([cli, service]);
    expect(lockIds({ ...place, schema: 'migrate', table: 'versions', urlPath: '/app' })).toEqual([
      1301589391n,
      1743953882n,
    ]);
  });

  test('are the same without a URL, or with one that has no path', () => {
    expect(lockIds({ ...place, urlPath: null })).toEqual([cli, service]);
    expect(lockIds({ ...place, urlPath: '' })).toEqual([cli, service]);
  });

  test('are three where the URL’s path is not the name of the database', () => {
    expect(lockIds({ ...place, urlPath: '/' })).toEqual([cli, service, 2551455205n]);
  });

  test('are in one order whoever asks, so that two runners cannot wait for each other', () => {
    for (const database of ['app', 'postgres', 'données', 'x']) {
      const ids = lockIds({ ...place, database, urlPath: '/other' });
      expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)));
      expect(new Set(ids).size).toBe(3);
    }
  });
});
