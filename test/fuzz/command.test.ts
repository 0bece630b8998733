/** Command lines of any words: an exit code that is documented, one JSON document, no secret, no file where none belongs. */

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, vi } from 'vitest';
import { CODES } from '../../src/errors.ts';
import { COMMANDS } from '../../tasks/_commands.ts';
import { FLAGS, parseFlags } from '../../tasks/_flags.ts';
import { main } from '../../tasks/_run.ts';
import { createDatabase } from '../support/database.ts';
import { faultsOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';
import { property, resultOf } from '../support/fuzz.ts';
import { made, odd } from '../support/odd.ts';
import { createRole } from '../support/role.ts';

const SECRET = 'hunter2';
const EXITS = [0, 1, ...Object.values(CODES).map(({ exit }) => exit)];

const top = realpathSync(folderOf({}));
const project = join(top, 'project');
const here = process.cwd();
let url: string;

beforeAll(async () => {
  url = (await createRole(SECRET, 'superuser')).urlOf(await createDatabase());
});
afterAll(() => {
  process.chdir(here);
  vi.unstubAllEnvs();
});
beforeEach(() => fresh());

/** A project beside which there is something to hit. */
function fresh(): void {
  process.chdir(top);
  for (const name of readdirSync(top)) rmSync(join(top, name), { recursive: true, force: true });
  mkdirSync(join(project, 'migrations'), { recursive: true });
  mkdirSync(join(top, 'beside'));
  writeFileSync(join(project, 'migrations/1_a.up.sql'), 'create table if not exists a (id int);');
  writeFileSync(join(project, 'migrations/1_a.down.sql'), 'drop table if exists a;');
  writeFileSync(join(project, 'rungs.yaml'), 'confirm: never\n');
  process.chdir(project);
}

/** Every file below `top` but those in the folder of migrations, with what is in it. */
function outside(folder = join(project, 'migrations')): readonly string[] {
  return readdirSync(top, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }))
    .filter(({ path }) => !path.startsWith(folder))
    .map(({ entry, path }) => `${path} ${entry.isFile() ? readFileSync(path, 'utf8') : ''}`)
    .sort();
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(argv: readonly string[]): Promise<Ran> {
  const said = { stdout: '', stderr: '' };
  const into = (name: keyof typeof said) => (text: unknown) => {
    said[name] += `${text}\n`;
  };
  const log = vi.spyOn(console, 'log').mockImplementation(into('stdout'));
  const error = vi.spyOn(console, 'error').mockImplementation(into('stderr'));
  try {
    return { code: await main(argv), ...said };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}

function judge(argv: readonly string[], { code, stdout, stderr }: Ran): void {
  expect(EXITS).toContain(code);
  expect(stdout + stderr).not.toContain(SECRET);
  // To a terminal this is a command.
  expect(stdout + stderr).not.toContain('\x1b');
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const isHelp = [...words].some((w) => /^(--help|-h|help|--version)$/.test(w)) || argv.length === 0;
  if (words.includes('--json') && !isHelp) expect(faultsOf(JSON.parse(stdout))).toEqual([]);
  if (code >= 10) expect(stderr).toMatch(/^(\S+ ignored.*|[\s\S]*)\n? {2}next: /m);
}

/** Those that write files where they are told to are not for made-up words: build, backup, restore. */
const VERBS = Object.keys(COMMANDS).filter((verb) => !['build', 'backup', 'restore'].includes(verb));
const flag = fc.constantFrom(
  ...Object.keys(FLAGS).flatMap((name) => [`--${name}`, `--${name}=1`, `--no-${name}`]),
  '-n',
  '-y',
  '-h',
  '--',
  '-',
  '---',
  '-1',
  '-99999999999999999999',
);
const value = fc.oneof(
  odd,
  fc.constantFrom(
    '1',
    '0',
    '-1',
    '9223372036854775808',
    '1e3',
    '0x10',
    '',
    ' ',
    '15s',
    'goose',
    '../../beside',
    '/proc/self/environ',
    `postgres://u:${SECRET}@127.0.0.1:1/db?connect_timeout=2`,
    `host=h password=${SECRET}`,
  ),
);
const line = fc.tuple(
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...VERBS) },
    fc.constantFrom('migrate', 'run', 'help', '--version', '--help', 'toString', '__proto__'),
    odd,
  ),
  fc.array(fc.oneof({ weight: 3, arbitrary: flag }, value, fc.constant('--json')), { maxLength: 6 }),
);

describe('a command line', () => {
  property('of any words is read, or refused as one', 15_000, line, async ([verb, rest]) => {
    const command = Object.hasOwn(COMMANDS, verb) ? COMMANDS[verb] : undefined;
    const result = await resultOf(() => parseFlags(rest, verb, command?.flags ?? ['json']));
    if ('error' in result) expect(result.error).toMatchObject({ code: 'CONFIG_INVALID', reason: 'flag' });
  });

  property(
    'of any words ends with a code, one document and no secret, and writes nothing outside of its folder',
    700,
    line,
    async ([verb, rest]) => {
      fresh();
      vi.stubEnv('DATABASE_URL', url);
      // What is asked is not answered here, and a name of a host is not to be looked for.
      const argv = [verb, ...rest.map((word) => (word.startsWith('--database=') ? '--database' : word))];
      const before = outside();
      judge(argv, await run(argv));
      // `create --path X` makes X: what is named is what is meant.
      if (!argv.some((w) => w.startsWith('--path') || w.startsWith('--config'))) {
        expect(outside().filter((f) => !f.startsWith(join(project, 'rungs.yaml')))).toEqual(
          before.filter((f) => !f.startsWith(join(project, 'rungs.yaml'))),
        );
      }
    },
  );

  property(
    'with any text in the environment ends with a code, one document and no secret',
    400,
    fc.tuple(
      fc.constantFrom('up', 'status', 'config', 'verify', 'version'),
      fc.dictionary(
        fc.constantFrom(
          'MIGRATION_PATH',
          'LOCK_TIMEOUT',
          'DB_RETRY_ATTEMPTS',
          'DB_RETRY_DELAY',
          'DRY_RUN',
          'LOG_FORMAT',
          'DEBUG',
          'PGOPTIONS',
          'PGAPPNAME',
          'PGCLIENTENCODING',
          'NODE_ENV',
          'PGTZ',
        ),
        odd.map((t) => t.replaceAll('\0', '')),
      ),
    ),
    async ([verb, environment]) => {
      fresh();
      vi.stubEnv('DATABASE_URL', url);
      vi.stubEnv('DB_RETRY_ATTEMPTS', '1');
      for (const [name, text] of Object.entries(environment)) vi.stubEnv(name, text);
      const ran = await run([verb, '--json']);
      vi.unstubAllEnvs();
      expect(EXITS).toContain(ran.code);
      expect(ran.stdout + ran.stderr).not.toContain(SECRET);
      expect(faultsOf(JSON.parse(ran.stdout))).toEqual([]);
    },
  );
});

describe('create', () => {
  const title = fc.oneof(
    made(
      [
        '..',
        '/',
        '../',
        '\\',
        'a',
        '_',
        '-',
        '.',
        ' ',
        '\n',
        '\0',
        'é',
        '$(id)',
        '`id`',
        ';',
        '%2e%2e%2f',
        'C:',
        '~',
        '*',
        '--path',
        'x'.repeat(120),
      ],
      6,
    ),
    odd,
    fc.constantFrom(
      '../../beside/x',
      `${top}/beside/x`,
      '/etc/x',
      'con',
      'a\0b',
      'x'.repeat(300),
      '.',
      '..',
      '-rf',
    ),
  );
  const kind = fc.constantFrom(
    'pairs',
    'named',
    'empty',
    'missing',
    'link',
    'broken link',
    'a file',
    'a link to a file',
  );
  property(
    'of any name writes its files into the folder, or nothing',
    2_000,
    fc.tuple(title, kind, fc.boolean()),
    async ([name, how, dashes]) => {
      fresh();
      vi.stubEnv('DATABASE_URL', '');
      const folder = join(project, 'migrations');
      const target = join(top, 'beside', 'linked');
      if (how !== 'pairs') rmSync(folder, { recursive: true });
      if (how === 'named') {
        mkdirSync(folder);
        writeFileSync(join(folder, '001_a.sql'), '');
      }
      if (how === 'empty') mkdirSync(folder);
      if (how === 'link') {
        mkdirSync(target);
        symlinkSync(target, folder);
      }
      if (how === 'broken link') symlinkSync(join(top, 'nowhere'), folder);
      if (how === 'a file') writeFileSync(folder, 'kept');
      if (how === 'a link to a file') {
        writeFileSync(target, 'kept');
        symlinkSync(target, folder);
      }
      const before = outside(how === 'link' ? target : folder);
      const argv = ['create', '--json', ...(dashes ? ['--'] : []), name];
      const ran = await run(argv);
      judge(argv, ran);
      // Where the folder is a link, its target is the folder.
      const isLink = (path: string) => how === 'link' && path.startsWith(folder);
      expect(outside(how === 'link' ? target : folder).filter((p) => !isLink(p))).toEqual(
        before.filter((p) => !isLink(p)),
      );
      if (ran.code !== 0 || ran.stdout.startsWith('Usage') || !ran.stdout.startsWith('{')) return;
      for (const made of readdirSync(folder)) expect(made).toMatch(/^\d+_[A-Za-z0-9_-]+(\.up|\.down)?\.sql$/);
    },
  );
});
