/** `rungs create`: the next migration’s files, in the folder’s own layout and width. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { quotable, unquotable } from '../src/config/unquotable.ts';
import { MigrateError } from '../src/errors.ts';
import { layoutOf } from '../src/layout/layout.ts';
import { nextName } from '../src/layout/named.ts';
import { nextNames } from '../src/layout/pairs.ts';
import { SCRIPT } from '../src/layout/script.ts';
import type { Layout } from '../src/migration.ts';
import { makeFolder } from './_folder.ts';
import { writeAll, writeNew } from './_new-files.ts';
import type { Result } from './_result.ts';

/** What a file name may be made of everywhere, and nothing that a shell or a path could mean something by. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
/** 255 bytes is the limit of most file systems; the number and the suffix need some. */
const LONGEST = 200;

/** Writes the next files of the folder's layout; nothing that exists is overwritten. */
export async function create(
  folder: string,
  name: string | null,
  asked: Layout | null,
  repeatable: boolean,
): Promise<Result> {
  const fail = (reason: 'name' | 'unreadable' | 'duplicate' | 'layout', message: string, hint: string) =>
    new MigrateError('MIGRATION_SOURCE_FAILED', reason, { operation: 'create a migration', message, hint });
  if (name === null || name === '') {
    throw fail('name', 'please specify name', 'type `task migrate:create -- add_users`');
  }
  const existing = await readdir(folder).catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT') return [];
    if (e.code === 'ENOTDIR') return [SCRIPT];
    throw fail('unreadable', `${folder}: ${e.code}`, 'check `--path`');
  });
  const layout = asked ?? layoutOf(existing);
  if (layout === null) {
    throw fail(
      'layout',
      `${folder} has files of both layouts`,
      'write `layout: pairs` or `layout: named` into rungs.yaml',
    );
  }
  if (layout === 'script') {
    const hint = 'make versioned migrations of it first: `rungs create --from-script PATH`';
    const none = repeatable ? 'repeatables' : 'next migration';
    throw fail('layout', `a script has no ${none} (${folder})`, hint);
  }
  // FluxStudio takes any text and makes a name of it.
  const title = layout === 'named' ? snakeCase(name) : name;
  if (!NAME.test(title) || title.length > LONGEST) {
    const suggestion = unquotable(name) === null ? snakeCase(name).slice(0, LONGEST) : '';
    throw fail(
      'name',
      `the name ${quotable(name)} may hold only letters, digits, _ and -`,
      suggestion === ''
        ? 'choose a name such as add_users'
        : `type \`task migrate:create -- ${repeatable ? '--repeatable ' : ''}${suggestion}\``,
    );
  }
  const files = repeatable
    ? [{ name: `R__${title}.sql`, text: '' }]
    : layout === 'named'
      ? single(existing, title, name)
      : both(existing, title);
  if (files === null)
    throw fail('name', 'the highest number there can be is taken', 'choose smaller numbers');
  const paths = files.map((file) => join(folder, file.name));
  try {
    makeFolder(folder);
    await writeAll(files.map((file, i) => [paths[i] ?? '', (path) => writeNew(path, file.text)]));
  } catch (e) {
    if (repeatable && (e as NodeJS.ErrnoException).code === 'EEXIST')
      throw fail('duplicate', `${paths[0]} is there already`, 'edit it, or choose another name');
    throw fail('unreadable', (e as Error).message, 'check the folder and its permissions');
  }
  const [up, down = null] = paths;
  return { text: paths.join('\n'), document: { command: 'create', up, down, warnings: [], error: null } };
}

interface NewFile {
  readonly name: string;
  readonly text: string;
}

function both(existing: readonly string[], title: string): readonly NewFile[] | null {
  const names = nextNames(existing, title);
  return names === null ? null : [names.up, names.down].map((name) => ({ name, text: '' }));
}

/** With FluxStudio's header. */
function single(existing: readonly string[], title: string, typed: string): readonly NewFile[] | null {
  const name = nextName(existing, title);
  if (name === null) return null;
  const description = typed.replaceAll(/\s+/g, ' ').trim();
  const text = `-- Migration: ${name}
-- Created: ${new Date().toISOString()}
-- Description: ${description}

-- Write your migration SQL here
`;
  return [{ name, text }];
}

const snakeCase = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
