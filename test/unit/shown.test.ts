import { describe, expect, it } from 'vitest';
import { shown } from '../../src/sql/shown.ts';

describe('another session’s query', () => {
  it.each([
    [`update t set a = 'secret''s', b = 5`, `update t set a = '…', b = 5`],
    [`select  1\n\tfrom "a b" -- secret\nwhere x`, 'select 1 from "a b" where x'],
    [`select '-- no comment', 1`, `select '…', 1`],
    [`select /* a /* secret */ secret */ 1`, 'select 1'],
    [`select 1 /* secret`, 'select 1'],
    [`select -- don't\n'secret'`, `select '…'`],
    ['select $$secret$$, $a$sec$$ret$a$, $1', `select '…', '…', $1`],
    ['do $body$ begin secret', `do '…'`],
    [`select 'secret, cut off by the serv`, `select '…'`],
    [`select "it's", 'secret'`, `select "it's", '…'`],
    // Where a string with a backslash ends depends on the session.
    [String.raw`select E'a\'secret', b`, `select E'…', b`],
    [String.raw`select 'a\', secret, 'b' from t`, `select '…' from t`],
    [`alter role app password 'secret'`, 'alter role app password …'],
    [`create user a with encrypted PASSWORD "secret"`, 'create user a with encrypted PASSWORD …'],
  ])('%s', (query, wanted) => {
    expect(shown(query)).toBe(wanted);
    expect(shown(query)).not.toContain('secret');
  });

  it('is cut to what fits', () => {
    expect(shown(`select ${'€'.repeat(500)}`)).toHaveLength(120);
  });
});
