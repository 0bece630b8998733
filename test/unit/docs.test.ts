import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages } from '../../build/pages.ts';
import { CODES } from '../../src/errors.ts';
import { REASONS } from '../../src/reasons.ts';
import { COMMANDS } from '../../tasks/_commands.ts';
import { FLAGS } from '../../tasks/_flags.ts';
import { anchorsOf, type Call, callIn, codeOf, flagsIn, linksOf } from '../support/markdown.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const filesIn = (dir: string, end: string): readonly string[] =>
  readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => `${dir}/${name}`);

const examples = readdirSync(join(root, 'examples')).map((name) => `examples/${name}`);
const documents = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...filesIn('docs', '.md')],
  ...examples.map((dir) => `${dir}/README.md`),
];
const sources = ['src', 'tasks'].flatMap((dir) => filesIn(dir, '.ts'));

describe('the documentation', () => {
  it.each([...pages()])('%s is what the code makes of it: else run `npm run docs`', (path, text) => {
    expect(read(path)).toBe(text);
  });

  it.each(documents)('%s has no dead links', (path) => {
    const dead = linksOf(read(path)).filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  // A project has targets of its own.
  const ours = documents.filter((path) => !path.includes('second-project'));
  it.each(ours)('%s names only targets, commands and flags that there are', (path) => {
    const code = codeOf(read(path));
    const bare = code.filter((c) => c.startsWith('--')).flatMap((c) => flagsIn([c.split(' ')[0] ?? '']));
    expect([...code.flatMap(wrongIn), ...bare.filter((f) => !isFlag(f) && !FOREIGN.includes(f))]).toEqual([]);
  });

  it('so do the hints in errors', () => {
    const hints = sources.flatMap((path) =>
      [...read(path).matchAll(/\\?`((?:task|rungs) [^`$\\|]+)(?=[`\\|])/g)].map((m) => m[1] ?? ''),
    );
    expect(hints.length).toBeGreaterThan(20);
    expect(hints.flatMap(wrongIn)).toEqual([]);
  });

  it('would be caught naming what is not there', () => {
    const page =
      'Type `task migrate:dwon`, `rungs up --setps 2`, `task migrate -- --all`, or `npx rungs undo`.';
    expect(codeOf(page).flatMap(wrongIn)).toEqual([
      'task migrate:dwon',
      'rungs up --setps 2: --setps',
      'task migrate -- --all: --all',
      'npx rungs undo',
    ]);
  });
});

it.each(examples)('%s asks for this version', (dir) => {
  const { version } = JSON.parse(read('package.json'));
  const { dependencies, devDependencies } = JSON.parse(read(`${dir}/package.json`));
  expect({ ...dependencies, ...devDependencies }.rungs).toBe(`^${version}`);
});

describe('the error tables', () => {
  const text = sources
    .filter((path) => path !== 'src/errors.ts')
    .map(read)
    .join('\n');

  it('hold no code that nothing raises', () => {
    expect(Object.keys(CODES).filter((code) => !text.includes(code))).toEqual([]);
  });

  it('hold no reason that nothing gives', () => {
    expect(Object.keys(REASONS).filter((reason) => !text.includes(`'${reason}'`))).toEqual([]);
  });

  it('give each code an exit code of its own, clear of the shell’s and go-task’s', () => {
    const exits = Object.values(CODES).map((c) => c.exit);
    expect(new Set(exits).size).toBe(exits.length);
    expect(exits.filter((exit) => exit < 10 || exit > 49)).toEqual([]);
  });
});

/** pg_dump's. */
const FOREIGN = ['inserts'];
const DB_TARGETS = ['db:start', 'db:stop', 'db:reset', 'db:url'];
const isFlag = (name: string): boolean => Object.hasOwn(FLAGS, name);

/** What is wrong with a piece of code, if it is a call of ours. */
function wrongIn(code: string): readonly string[] {
  const call = callIn(code);
  if (call === null || call.verb.startsWith('-')) return [];
  const verb = verbOf(call);
  if (verb === null) return DB_TARGETS.includes(call.verb) ? [] : [code];
  const known: readonly string[] = COMMANDS[verb]?.flags ?? [];
  return flagsIn(call.args)
    .filter((flag) => !known.includes(flag))
    .map((flag) => `${code}: --${flag}`);
}

function verbOf({ by, verb }: Call): string | null {
  // `run` is FluxStudio’s word for it.
  const called = by === 'rungs' && verb === 'run' ? 'up' : verb;
  const name = by === 'rungs' ? called : verb === 'migrate' ? 'up' : verb.replace(/^(migrate[:-]|db:)/, '');
  const isOurs = by === 'rungs' || verb.startsWith('migrate') || /^db:(backup|restore)$/.test(verb);
  return isOurs && Object.hasOwn(COMMANDS, name) ? name : null;
}
