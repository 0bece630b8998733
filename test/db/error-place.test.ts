/** Where a failure is said to be when the server names no position. */

import { describe, expect, it } from 'vitest';
import { serverMajor } from '../support/database.ts';
import { errorOf } from '../support/documents.ts';
import { writeInto } from '../support/folder.ts';
import { lines, told, workplace } from '../support/workplace.ts';

describe('a failure with no position', () => {
  it('inside a function is told at the statement that called it', async () => {
    const { rungs } = await workplace({
      '1_a.up.sql': [
        'create function boom() returns int language plpgsql as $$',
        'begin',
        '  perform 1 / 0;',
        '  return 1;',
        'end $$;',
        '',
        '  select',
        '    boom();',
        'select 2;',
      ].join('\n'),
    });
    expect(told(await rungs('up'))).toBe(
      lines(
        'MIGRATION_UP_FAILED: migration failed',
        '  operation: apply migration 1',
        '  error: division by zero (SQLSTATE 22012)',
        '  context: SQL statement "SELECT 1 / 0"; PL/pgSQL function boom() line 3 at PERFORM',
        '  at: migrations/1_a.up.sql:7:3',
        '      7 |   select',
        '        |   ^',
        '  applied: none; 1 rolled back',
        '  next: fix the file, and run `rungs up` again',
      ),
    );
  });

  it.each([
    [
      'a block',
      ['do $$', 'declare n int := 0;', 'begin', "  raise notice '1';", '  n := 1 / n;', 'end $$;'],
      '7:3',
    ],
    ['a block of one line', ['do language plpgsql $body$ begin perform 1 / 0; end $body$;'], '3:1'],
    ['a block in quotes', ["do 'begin", "  raise notice ''it''''s'';", '  perform 1 / 0;', "end';"], '5:3'],
    [
      'a block with its language in quotes',
      [`do${' '.repeat(60)}`, "language 'plpgsql' $größe$", 'begin', '  perform 1 / 0;', 'end $größe$;'],
      '6:3',
    ],
    ['a block that calls', ['do /* $$ */ $$', 'begin', '', '\tperform fails();', 'end $$;'], '6:2'],
    [
      'a block with an inner one',
      ['do $$ begin', "  execute 'do $x$ begin perform 1 / 0; end $x$';", 'end $$;'],
      '4:3',
    ],
  ])('in %s is told at its line of the file', async (_, block, at) => {
    const { rungs } = await workplace({
      '1_a.up.sql': [
        "create function fails() returns int language plpgsql as 'begin return 1 / 0; end';",
        'create table a ();',
        ...block,
        'select 1;',
      ].join('\n'),
    });
    const result = await rungs('up --json');
    expect(errorOf(result)).toMatchObject({
      sqlstate: '22012',
      line: Number(at.split(':')[0]),
      column: Number(at.split(':')[1]),
    });
  });

  it('in a block of a hook is told at its line too', async () => {
    const { folder, rungs } = await workplace({ '1_a.up.sql': 'create table a ();' });
    writeInto(folder, {
      'rungs.yaml': 'hooks: { afterEach: [check.sql] }',
      'check.sql': 'do $$\nbegin\n  perform 1 / 0;\nend $$;\n',
    });
    expect(errorOf(await rungs('up --json'))).toMatchObject({ file: 'check.sql', line: 3, column: 3 });
  });

  it('of a deferred constraint names the file, since no statement is to blame alone', async () => {
    const { rungs, tables } = await workplace({
      '1_a.up.sql': [
        'create table p (id int primary key);',
        'create table q (p int references p deferrable initially deferred);',
        'insert into q values (7);',
      ].join('\n'),
    });
    expect(told(await rungs('up'))).toBe(
      lines(
        'MIGRATION_UP_FAILED: migration failed',
        '  operation: apply migration 1',
        '  error: insert or update on table "q" violates foreign key constraint "q_p_fkey" (SQLSTATE 23503)',
        '  detail: Key (p)=(7) is not present in table "p".',
        '  at: migrations/1_a.up.sql',
        '  applied: none; 1 rolled back',
        '  next: fix the file, and run `rungs up` again',
      ),
    );
    expect(await tables()).toEqual([]);
  });

  it('of the file’s own COMMIT points at it, and says what may be left', async () => {
    const { rungs, ledger, tables } = await workplace({
      '1_a.up.sql': [
        'create table kept (id int);',
        'begin;',
        'create table p (id int primary key);',
        'create table q (p int references p deferrable initially deferred);',
        'insert into q values (7);',
        'commit;',
      ].join('\n'),
    });
    const result = await rungs('up');
    expect(told(result)).toContain(
      lines(
        '  at: migrations/1_a.up.sql:6:1',
        '      6 | commit;',
        '        | ^',
        '  applied: none; 1 half done (dirty)',
        '  next: undo by hand what the file has committed, then `rungs force 0`; fix the file, and run `rungs up` again',
      ),
    );
    expect(await ledger()).toEqual(['1 dirty']);
    expect(await tables()).toEqual([]);
  });
});

it('a COMMIT that fails is told as the failure to record the migration, and nothing is left', async () => {
  const { rungs, database, ledger, tables, write } = await workplace({ '1_a.up.sql': 'select 1;' });
  await rungs('up');
  await database.query(`create function no() returns trigger language plpgsql as $$
    begin raise exception 'not at commit' using detail = 'The books are closed.'; end $$;
    create constraint trigger no after insert on schema_migrations deferrable initially deferred
    for each row execute function no()`);
  write({ '2_b.up.sql': 'create table b (id int);' });
  const result = await rungs('up --json');
  expect(result.code).toBe(12);
  expect(errorOf(result)).toMatchObject({
    operation: 'record migration 2',
    message: 'not at commit',
    sqlstate: 'P0001',
    line: null,
    details: expect.arrayContaining(['detail: The books are closed.']),
  });
  expect(await ledger()).toEqual(['1']);
  expect(await tables()).toEqual([]);
});

it('a character that the database’s encoding does not have is the file’s fault, and nothing is left', async () => {
  const { rungs, database, ledger } = await workplace({ '1_a.up.sql': "select 'é😀';" });
  const name = `${database.name}_latin1`;
  const url = database.url.replace(database.name, name);
  await database.query(`create database ${name} template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'
    ${serverMajor < 15 ? '' : "locale_provider 'libc'"}`);
  const result = await rungs('up --json', { env: { DATABASE_URL: url } });
  await database.query(`drop database ${name} with (force)`);
  expect(errorOf(result)).toMatchObject({
    operation: 'apply migration 1',
    sqlstate: '22P05',
    file: 'migrations/1_a.up.sql',
    line: null,
  });
  expect(await ledger()).toBeNull();
});
