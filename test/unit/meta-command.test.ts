import { describe, expect, test } from 'vitest';
import { refusal } from '../../src/sql/meta-command.ts';

describe('a meta-command of psql’s', () => {
  test.each([
    ...[
      '\\restrict aB3',
      '\\unrestrict aB3',
      "\\echo 'it''s \\n' \"\\\"",
      '\\timing',
      "\\pset null '\\N'",
      '\\x auto',
    ],
    ...[
      '\\d+ t',
      '\\dt',
      '\\l',
      '\\encoding UTF8',
      "\\encoding 'utf-8'",
      '\\set ON_ERROR_STOP on',
      '\\set ON_ERROR_STOP',
    ],
    ...[
      "\\set ON_ERROR_STOP 'on'",
      '\\set AUTOCOMMIT on',
      '\\set QUIET 1',
      '\\set VERBOSITY verbose',
      "\\set PROMPT1 '%n \\ '",
    ],
  ])('%j is passed over', (text) => {
    expect(refusal(text)).toBe(null);
  });
  test.each([
    ['\\connect shop', '\\connect is a psql meta-command, not SQL: a migration runs on the one connection'],
    ['\\c - bob', '\\c is'],
    ['\\ir a.sql', '\\ir is'],
    ["\\copy t from 'x' csv", '\\copy is a psql meta-command, not SQL: write COPY ... FROM stdin'],
    ['\\set n 1', '\\set is a psql meta-command, not SQL: variables'],
    [
      '\\set ON_ERROR_STOP off',
      '\\set is a psql meta-command, not SQL: a migration stops at its first error',
    ],
    ['\\set AUTOCOMMIT off', '\\set is'],
    ['\\set AUTOCOMMIT', '\\set is'],
    ['\\set toString 1', '\\set is a psql meta-command, not SQL: variables'],
    ['\\encoding LATIN1', '\\encoding is a psql meta-command, not SQL: migration files are UTF-8'],
    ['\\gexec', '\\gexec is'],
    ['\\;', '\\; is'],
    ['\\!rm -rf /', '\\! is'],
    ['\\.', '\\. is a psql meta-command, not SQL: it ends the data'],
    ['\\', '\\ is'],
    ['\\nonsense', '\\nonsense is a psql meta-command, not SQL: take it out'],
    ['\\timing \\g', '\\timing has another backslash behind it'],
    ['\\x \\\\ select 1;', '\\x has another backslash behind it'],
  ])('%j is refused', (text, why) => {
    expect(refusal(text)).toContain(why);
  });
});
