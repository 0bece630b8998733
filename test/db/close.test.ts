/** All work is done and the goodbye fails: a warning, under its documented code. */

import { describe, expect, it } from 'vitest';
import type { CliResult } from '../support/cli.ts';
import { documentOf } from '../support/documents.ts';
import { startProxy } from '../support/proxy.ts';
import { workplace } from '../support/workplace.ts';

const PAIR = { '1_a.up.sql': 'create table a (id int);' };

describe('MIGRATION_CLOSE_FAILED', () => {
  const isWarned = (result: CliResult): void => {
    expect(result.code).toBe(0);
    const { warnings, error, to } = documentOf(result);
    expect({ error, to }).toEqual({ error: null, to: '1' });
    expect(warnings).toMatchObject([
      { reason: 'close_failed', message: expect.stringMatching(/^MIGRATION_CLOSE_FAILED: /) },
    ]);
    expect(result.stderr).toContain('warning: MIGRATION_CLOSE_FAILED: ');
  };

  it.each(['up', 'force 1'])('is a warning of %s when the goodbye is never answered', async (words) => {
    const place = await workplace(PAIR);
    const proxy = await startProxy(place.database.url);
    proxy.judge = ({ type }) => (type === 'X' ? 'stall' : 'pass');
    isWarned(await place.rungs(`${words} --json`, { env: { DATABASE_URL: proxy.url } }));
    expect(await place.ledger()).toEqual(['1']);
  });

  it.each(['up', 'force 1'])('is a warning of %s when unlocking fails', async (words) => {
    const place = await workplace(PAIR);
    const proxy = await startProxy(place.database.url);
    proxy.judge = ({ text }) => (text.includes('pg_advisory_unlock') ? 'cut' : 'pass');
    isWarned(await place.rungs(`${words} --json`, { env: { DATABASE_URL: proxy.url } }));
    expect(await place.ledger()).toEqual(['1']);
  });
});
