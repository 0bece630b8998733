import { expect, it } from 'vitest';
import { packageOf } from '../../src/sql/extension-packages.ts';

it.each([
  ['pg_trgm', 'postgresql16-contrib'],
  ['uuid-ossp', 'postgresql-contrib'],
  ['postgis_topology', 'postgresql-16-postgis-3'],
  ['vector', 'postgresql-16-pgvector'],
  ['pg_cron', 'postgresql-16-cron'],
  ['plpython3u', 'postgresql-plpython3-16'],
  ['constructor', 'install the package that brings it'],
])('%s comes with %s', (extension, name) => {
  expect(packageOf(extension, 16)).toContain(name);
});
