/** Files that wrap themselves in BEGIN and COMMIT, as most that are published do. */

import { expect, it } from 'vitest';
import { documentOf, errorOf } from '../support/documents.ts';
import { workplace } from '../support/workplace.ts';

it('leave nothing behind when they fail, and nothing dirty', async () => {
  const { rungs, ledger, tables } = await workplace({
    '1_a.up.sql': 'BEGIN;\ncreate table a (id int);\n  create table b (id nope);\nCOMMIT;\n',
    '1_a.down.sql': 'BEGIN;\ndrop table a;\nCOMMIT;\n',
  });
  expect(errorOf(await rungs('up --json'))).toMatchObject({
    reason: 'sql',
    sqlstate: '42704',
    file: 'migrations/1_a.up.sql',
    line: 3,
    column: 22,
  });
  expect([await ledger(), await tables()]).toEqual([[], []]);
});

it('run, are atomic in the plan and in the journal, and are reverted', async () => {
  const { rungs, ledger, tables, database } = await workplace({
    '1_a.up.sql': 'begin;\ncreate table a (id int);\ncommit;',
    '1_a.down.sql': 'begin;\ndrop table a;\ncommit;',
  });
  expect(documentOf(await rungs('up --dry-run --json')).applied).toMatchObject([{ mode: 'atomic' }]);
  expect((await rungs('up')).code).toBe(0);
  expect([await ledger(), await tables()]).toEqual([['1'], ['a']]);
  expect(await database.query('select mode from schema_migrations_history')).toEqual([{ mode: 'atomic' }]);
  expect((await rungs('down')).code).toBe(0);
  expect(await tables()).toEqual([]);
});

it('tell the statement of a violated constraint, which has no place in the text', async () => {
  const { rungs } = await workplace({
    '1_a.up.sql':
      'begin;\ncreate table a (id int unique);\ninsert into a values (1);\ninsert into a values (1);\ncommit;',
  });
  expect(errorOf(await rungs('up --json'))).toMatchObject({ sqlstate: '23505', line: 4, column: 1 });
});

it('are run golang-migrate’s way where that is asked for', async () => {
  const { rungs, ledger } = await workplace({ '1_a.up.sql': '-- rungs: plain\nbegin; select 1/0; commit;' });
  expect((await rungs('up')).code).toBe(12);
  expect(await ledger()).toEqual(['1 dirty']);
});
