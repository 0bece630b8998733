import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quotable, unquotable } from '../src/config/unquotable.ts';
import { MigrateError } from '../src/errors.ts';
import { nextNames } from '../src/layout/pairs.ts';
import type { Result } from './_result.ts';

/** What a file name may be made of everywhere, and nothing that a shell or a path could mean something by. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
/** 255 bytes is the limit of most file systems; the number and the suffix need some. */
const LONGEST = 200;

/** Writes `NNNNNN_name.up.sql` and `.down.sql`; nothing that exists is overwritten. */
export async function createPair(folder: string, name: string | null): Promise<Result> {
  const fail = (reason: 'name' | 'unreadable' | 'duplicate', message: string, hint: string) =>
    new MigrateError('MIGRATION_SOURCE_FAILED', reason, { operation: 'create a migration', message, hint });
  if (name === null || name === '') {
    throw fail('name', 'please specify name', 'type `task migrate:create -- add_users`');
  }
  if (!NAME.test(name) || name.length > LONGEST) {
    const suggestion = (unquotable(name) === null ? name : '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replaceAll(/^_+|_+$/g, '')
      .slice(0, LONGEST);
    throw fail(
      'name',
      `the name ${quotable(name)} may hold only letters, digits, _ and -`,
      suggestion === '' ? 'choose a name such as add_users' : `type \`task migrate:create -- ${suggestion}\``,
    );
  }
  const existing = await readdir(folder).catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT') return [];
    throw fail('unreadable', `${folder}: ${e.code}`, 'check `--path`');
  });
  const names = nextNames(existing, name);
  if (names === null)
    throw fail('name', 'the highest number there can be is taken', 'choose smaller numbers');
  const paths = [join(folder, names.up), join(folder, names.down)];
  try {
    await mkdir(folder, { recursive: true });
    for (const path of paths) await writeFile(path, '', { flag: 'wx' });
  } catch (e) {
    throw fail('unreadable', (e as Error).message, 'check the folder and its permissions');
  }
  const [up, down] = paths;
  return { text: paths.join('\n'), document: { command: 'create', up, down, warnings: [], error: null } };
}
