/** Commands around migrations, from rungs.yaml: what they are given, and what becomes of one that does not end well. */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { type CliResult, rungs, rungsOnTerminal, startRungs } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { folderOf, writeInto } from '../support/folder.ts';
import { hasTerminal } from '../support/terminal.ts';

const schema = JSON.parse(
  readFileSync(join(resolve(import.meta.dirname, '../..'), 'docs/hook.schema.json'), 'utf8'),
);
const isPlan = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);

interface Place {
  readonly folder: string;
  readonly database: Database;
  readonly env: Readonly<Record<string, string>>;
  readonly rungs: (...words: readonly string[]) => Promise<CliResult>;
  readonly tables: () => Promise<readonly unknown[]>;
}

/** A project with two migrations and these hooks, as YAML below `hooks:`. */
async function place(hooks: string, files: Readonly<Record<string, string>> = {}): Promise<Place> {
  const folder = folderOf({
    'rungs.yaml': `hooks:\n  ${hooks.replaceAll('\n', '\n  ')}\n`,
    'migrations/1_a.up.sql': 'create table a (id int);\n',
    'migrations/1_a.down.sql': 'drop table a;\n',
    'migrations/2_b.up.sql': 'create table b (id int);\n',
    'migrations/2_b.down.sql': 'drop table b;\n',
    ...files,
  });
  const database = await createDatabase();
  const env = { DATABASE_URL: database.url };
  const found = `select relname from pg_class where relname in ('a', 'b') order by 1`;
  return {
    folder,
    database,
    env,
    rungs: (...words) => rungs(words, { cwd: folder, env }),
    tables: async () => (await database.query(found)).map((row) => row.relname),
  };
}

const shown = async (file: string): Promise<string> => {
  for (let i = 0; i < 600 && !existsSync(file); i++) await pause(50);
  return readFileSync(file, 'utf8').trim();
};

/** Whether a process is still there, and not only its entry that nobody has collected. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (e) {
    return (e as NodeJS.ErrnoException).code !== 'ESRCH' && (e as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

async function gone(pid: number): Promise<void> {
  for (let i = 0; i < 600 && isRunning(pid); i++) await pause(50);
  expect(isRunning(pid)).toBe(false);
}

describe('a command', () => {
  it('reads the plan as JSON, of the published shape, in the folder of the file', async () => {
    const { folder, rungs, database } = await place(
      'afterEach: { command: "cat >> plans.jsonl" }\nafterAll: { command: "cat >> plans.jsonl" }',
    );
    expect(await rungs('up')).toMatchObject({ code: 0 });
    expect(await rungs('down')).toMatchObject({ code: 0 });
    const plans = readFileSync(join(folder, 'plans.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const plan of plans) {
      isPlan(plan);
      expect(isPlan.errors).toBeNull();
    }
    expect(
      plans.map((p) => [p.hook, p.command, p.migration?.id, p.migration?.direction, p.from, p.to]),
    ).toEqual([
      ['afterEach', 'up', '1', 'up', null, '2'],
      ['afterEach', 'up', '2', 'up', null, '2'],
      ['afterAll', 'up', undefined, undefined, null, '2'],
      ['afterEach', 'down', '2', 'down', '2', '1'],
      ['afterAll', 'down', undefined, undefined, '2', '1'],
    ]);
    expect(plans[0]).toMatchObject({ database: database.name, layout: 'pairs' });
  });

  it('has the database in DATABASE_URL, wherever that comes from, and the variables of .env', async () => {
    const { folder, database } = await place(
      'beforeAll: { command: "printf \'%s\\\\n\' \\"$DATABASE_URL\\" $MORE > seen" }',
      {
        '.env': 'MORE=from-dotenv\n',
      },
    );
    expect(await rungs(['up', '--database', database.url], { cwd: folder })).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'seen'), 'utf8')).toBe(`${database.url}\nfrom-dotenv\n`);
  });

  it('speaks on stderr, so that --json stays one document; a password in it is struck out', async () => {
    const { rungs, database } = await place(
      'beforeAll: { command: "echo said; echo $DATABASE_URL; echo wrong >&2" }',
    );
    const result = await rungs('up', '--json');
    expect(documentOf(result)).toMatchObject({ command: 'up', to: '2' });
    expect(result.stderr).toMatch(/\n {2}said\n/);
    expect(result.stderr).toContain('  wrong\n');
    const { password } = new URL(database.url);
    expect(password).not.toBe('');
    expect(result.stderr).not.toContain(password);
  });

  it('is told in narration, in JSON, and in a dry run that runs it not', async () => {
    const { folder, rungs } = await place(
      'beforeAll:\n  - hooks/first.sql\n  - command: touch ran\nafterEach: hooks/first.sql',
      {
        'hooks/first.sql': 'select 1;\n',
      },
    );
    const dry = await rungs('up', '--dry-run');
    expect(dry.stdout).toContain(
      'Hooks:\n  - beforeAll: hooks/first.sql\n  - beforeAll: touch ran (command)\n  - afterEach: hooks/first.sql\n',
    );
    expect(existsSync(join(folder, 'ran'))).toBe(false);
    const result = await rungs('up', '--json');
    expect(result.stderr).toContain('running beforeAll: touch ran\n');
    expect(JSON.parse(result.stdout).hooks).toMatchObject([
      { hook: 'beforeAll', kind: 'sql', name: 'hooks/first.sql', migration: null, direction: null },
      { hook: 'beforeAll', kind: 'command', name: 'touch ran', migration: null },
      { hook: 'afterEach', kind: 'sql', migration: '1', direction: 'up', executionTimeMs: null },
      { hook: 'afterEach', kind: 'sql', migration: '2', direction: 'up', executionTimeMs: null },
    ]);
    documentOf(result);
  });

  it('that does not read its input is no worse for it', async () => {
    const { rungs } = await place('beforeEach: { command: "exec <&-; exit 0" }', {
      'migrations/3_long.up.sql': `comment on table b is '${'x'.repeat(1000)}';`,
      ...Object.fromEntries(
        Array.from({ length: 800 }, (_, i) => [`migrations/${i + 4}_${'n'.repeat(200)}.up.sql`, '']),
      ),
    });
    // A plan that no pipe holds.
    expect(await rungs('up', '--num-steps', '3')).toMatchObject({ code: 0 });
  });

  it('may leave a process in the background behind', async () => {
    const { folder, rungs } = await place('beforeAll: { command: "sleep 300 & echo $! > pid" }');
    expect(await rungs('up')).toMatchObject({ code: 0 });
    process.kill(Number(await shown(join(folder, 'pid'))));
  });
});

describe('a command that fails', () => {
  it.each([
    ['with an exit code', 'echo the reason >&2; exit 3', '', /exit code 3: the reason$/],
    ['by a signal', 'kill -9 $$', '', /ended by SIGKILL$/],
    ['as it is not there', './no-such-command', '', /exit code 127: .*not found$/],
    ['as it is late', 'sleep 300', ', timeout: 200ms', /it did not end within 200 ms$/],
  ])('%s stops the run before any migration', async (_, command, more, message) => {
    const { rungs, tables } = await place(`beforeAll: { command: '${command}'${more} }`);
    const result = await rungs('up', '--json');
    expect(result.code).toBe(12);
    const error = errorOf(result);
    expect(error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      reason: 'hook',
      operation: 'run the beforeAll hook',
      ...{ file: 'rungs.yaml', line: 2, column: 16 },
    });
    expect(result.stderr).toContain('at: rungs.yaml:2:16');
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`\`${command}\`: `);
    expect(await tables()).toEqual([]);
  });

  it('with a last line without end is told with its beginning', async () => {
    const { rungs } = await place(
      'beforeAll: { command: "head -c 100000 /dev/zero | tr \'\\\\0\' x; exit 3" }',
    );
    const { message } = errorOf(await rungs('up', '--json'));
    expect(message).toMatch(/exit code 3: x+ …$/);
    expect(message.length).toBeLessThan(500);
  });

  it('after each: what was applied stays, and the next run goes on', async () => {
    const { folder, rungs, tables } = await place('afterEach: { command: "test -e fine" }');
    const result = await rungs('up', '--json');
    expect(errorOf(result)).toMatchObject({
      reason: 'hook',
      operation: 'run the afterEach hook of migration 1',
    });
    expect(documentOf(result)).toMatchObject({
      applied: [{ id: '1' }],
      failed: null,
      notReached: [{ id: '2' }],
    });
    expect(await tables()).toEqual(['a']);
    writeInto(folder, { fine: '' });
    expect(await rungs('up')).toMatchObject({ code: 0 });
    expect(await tables()).toEqual(['a', 'b']);
  });

  it('after all: the migrations are kept, and the exit code is theirs', async () => {
    const { rungs, tables } = await place('afterAll: { command: "exit 1" }');
    const result = await rungs('up');
    expect(result.code).toBe(12);
    expect(result.stderr).toContain('applied: 1, 2 (kept)');
    expect(result.stderr).toContain('all migrations of this run are committed and kept');
    expect(await tables()).toEqual(['a', 'b']);
    expect(await rungs('up')).toMatchObject({ code: 0, stdout: 'Already at latest version: 2\n' });
  });
});

describe('SIGINT while a command runs', () => {
  const SLOW = 'beforeEach: { command: "sleep 300 & echo $! > pid.new; mv pid.new pid; wait" }';

  it('ends it with all that it has started, and frees the lock', async () => {
    const { folder, env, rungs, tables } = await place(SLOW);
    const { child, ended } = startRungs(['up', '--json'], { cwd: folder, env });
    const pid = Number(await shown(join(folder, 'pid')));
    child.kill('SIGINT');
    const result = await ended;
    expect(result.code).toBe(130);
    expect(errorOf(result)).toMatchObject({
      reason: 'cancelled',
      operation: 'run the beforeEach hook of migration 1',
    });
    await gone(pid);
    expect(await tables()).toEqual([]);
    expect(await rungs('down', '--dry-run')).toMatchObject({ code: 0 });
  });

  it('twice ends it without waiting', async () => {
    const { folder, env } = await place(
      'beforeEach: { command: "trap \'\' TERM; sleep 300 & echo $! > pid.new; mv pid.new pid; wait; wait" }',
    );
    const { child, ended } = startRungs(['up'], { cwd: folder, env });
    const pid = Number(await shown(join(folder, 'pid')));
    let said = '';
    child.stderr.on('data', (part: string) => {
      said += part;
      if (said.includes('once more')) child.kill('SIGINT');
    });
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130 });
    await gone(pid);
  });

  const onTerminal = it.runIf(hasTerminal || process.env.CI === 'true');
  if (!hasTerminal) console.log('not tested: Ctrl-C on a terminal, as there is no `script` of util-linux');
  onTerminal('typed on a terminal does the same', async () => {
    const { folder, env } = await place(SLOW);
    const terminal = rungsOnTerminal(['up'], { cwd: folder, env });
    const pid = Number(await shown(join(folder, 'pid')));
    terminal.type('\x03');
    const { code, screen } = await terminal.ended;
    expect(code).toBe(130);
    expect(screen).toContain('run the beforeEach hook of migration 1');
    await gone(pid);
  });
});
