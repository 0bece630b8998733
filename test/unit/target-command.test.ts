/** Commands in the hints of a fleet, each with its target: what is typed as it stands must not be about another database. */

import { describe, expect, it } from 'vitest';
import { type GivenTarget, targetsOf } from '../../src/config/target.ts';
import { aimed } from '../../src/config/target-command.ts';

const BASE = 'postgres://app:s3cret-word@db.example/app';

function hintFor(hint: string, given: GivenTarget, { base = BASE, env = {} as Record<string, string> } = {}) {
  const around = { base, env: { DATABASE_URL: base, ...env }, table: {} };
  const [target] = targetsOf([{ ...given, where: 'rungs.yaml:3' }], around);
  if (target === undefined) throw new Error('it is no target');
  return aimed(hint, target);
}

const FORCE = 'undo it, then `task migrate:force -- 9`; fix the file';

describe('a command in the hint of a target', () => {
  it('has the schema of the configured database in PGOPTIONS', () => {
    expect(hintFor(FORCE, { schema: 'b' })).toBe(
      `undo it, then \`PGOPTIONS='-c search_path="b"' task migrate:force -- 9\`; fix the file`,
    );
    expect(hintFor('see `rungs rollback`', { schema: "T e\\n'ant" })).toBe(
      `see \`PGOPTIONS='-c search_path="T\\ e\\\\n'\\''ant"' rungs rollback\``,
    );
  });

  it('names the database where the environment does not', () => {
    expect(hintFor(FORCE, { schema: 'b' }, { env: { DATABASE_URL: 'postgres://app@other/app' } })).toContain(
      "`task migrate:force -- 9 --database 'postgres://app@db.example/app?search_path=%22b%22'`",
    );
  });

  it('is each of them, and none that has nothing to do with a database', () => {
    expect(hintFor('`task migrate:status`, `task migrate:force -- V` or `rungs down`', { schema: 'b' })).toBe(
      [
        `\`PGOPTIONS='-c search_path="b"' task migrate:status\`, `,
        `\`PGOPTIONS='-c search_path="b"' task migrate:force -- V\` or `,
        `\`PGOPTIONS='-c search_path="b"' rungs down\``,
      ].join(''),
    );
    for (const other of ['`task migrate:create -- x`', '`task migrate:fleet`', '`rungs --help`', '`reset`'])
      expect(hintFor(other, { schema: 'b' })).toBe(other);
  });

  it.each<[string, GivenTarget, string, boolean]>([
    ['a URL', { url: 'postgres://u@h/d' }, 'postgres://u@h/d', false],
    ['one with a password', { url: 'postgres://u:s3cret-word@h/d' }, 'postgres://u@h/d', true],
    [
      'one with parameters',
      { url: 'postgres://u:s3cret-word@h/d?password=s3cret-word&sslmode=require' },
      "'postgres://u@h/d?sslmode=require'",
      true,
    ],
    [
      'one with a schema',
      { url: 'postgres://u@h/d?search_path=old&sslmode=require', schema: 'a b' },
      "'postgres://u@h/d?sslmode=require&search_path=%22a%20b%22'",
      false,
    ],
    ['keywords', { url: "host=h user=u password='s3cret-word' dbname=d" }, "'host=h user=u dbname=d'", true],
    [
      'keywords with a schema',
      { url: 'host=h user=u dbname=d', schema: 'b' },
      `'host=h user=u dbname=d search_path='\\''"b"'\\'''`,
      false,
    ],
  ])('has %s in --database, without its password', (_what, given, database, hasPassword) => {
    const words = hasPassword ? '; its password is to be put into the connection string' : '';
    expect(hintFor(FORCE, given)).toBe(
      `undo it, then \`task migrate:force -- 9 --database ${database}\`; fix the file${words}`,
    );
    expect(hintFor('see `task migrate:status`', given)).toBe(
      `see \`task migrate:status -- --database ${database}\`${words}`,
    );
  });

  it('has the whole connection string where PGOPTIONS would not count, or would lose what is in it', () => {
    const whole = '`task migrate:force -- 9 --database ';
    const own = { base: `${BASE}?search_path=x` };
    expect(hintFor(FORCE, { schema: 'b' }, own)).toContain(
      `${whole}'postgres://app@db.example/app?search_path=%22b%22'\``,
    );
    const options = { base: `${BASE}?options=-cwork_mem%3D1MB` };
    expect(hintFor(FORCE, { schema: 'b' }, options)).toContain(
      `${whole}'postgres://app@db.example/app?options=-cwork_mem%3D1MB&search_path`,
    );
    expect(hintFor(FORCE, { schema: 'b' }, { env: { PGOPTIONS: '-c work_mem=1MB' } })).toContain(whole);
  });
});
