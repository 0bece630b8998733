/** A fleet of schemas through a real PgBouncer: in the right schema, or refused before anything is run. */

import { expect, it } from 'vitest';
import { fleet } from '../../src/index.ts';
import { folderOf } from '../support/folder.ts';
import { type PoolMode, startPgBouncer, throughPgBouncer } from '../support/pgbouncer.ts';
import { createTenants, MARKS, versionsIn } from '../support/tenants.ts';

async function through(mode: PoolMode, settings: Readonly<Record<string, string>> = {}) {
  const tenants = await createTenants(3);
  const { url } = await startPgBouncer(tenants.database, mode, settings);
  const report = await fleet({
    database: url,
    targets: tenants.schemas.map((schema) => ({ schema })),
    migrations: folderOf(MARKS),
    maxFailures: 9,
    canary: 0,
  });
  return { tenants, report };
}

throughPgBouncer('a fleet of schemas', () => {
  it.each(['session', 'transaction'] as const)(
    'is refused by PgBouncer’s defaults (%s mode)',
    async (mode) => {
      const { tenants, report } = await through(mode);
      expect(report.targets.map((t) => t.error?.reason)).toEqual(['connection', 'connection', 'connection']);
      expect(report.error?.hint).toContain('docs/poolers.md');
      expect(new Set(Object.values(await versionsIn(tenants)))).toEqual(new Set(['none']));
    },
  );

  it.each(['session', 'transaction'] as const)(
    'is refused where the search_path is dropped in silence, and nothing is in `public` (%s mode)',
    async (mode) => {
      const { tenants, report } = await through(mode, { ignore_startup_parameters: 'options' });
      expect(report.targets.map((t) => t.error?.reason)).toEqual(['pooler', 'pooler', 'pooler']);
      expect(new Set(Object.values(await versionsIn(tenants)))).toEqual(new Set(['none']));
      expect(await tenants.database.query("select from pg_tables where schemaname = 'public'")).toEqual([]);
    },
  );
});
