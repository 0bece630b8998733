/** The file of a backup: under a name that says it is not complete until it is, and never over another file. */

import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, link, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MigrateError } from '../../src/errors.ts';
import { makeFolder } from '../_folder.ts';

export interface Place {
  /** `--output`: a file, or a folder; null where nothing is said. */
  readonly output: string | null;
  /** Where backups go then. */
  readonly folder: string;
  readonly database: string;
  readonly now: Date;
}

/** `app-20260102T030405Z.dump`; `again` for another one in the same second. */
export function nameOf(database: string, now: Date, again = 1): string {
  // What a file name may be made of everywhere.
  const safe = database
    .replaceAll(/[^\w.-]/g, '_')
    .replace(/^[.-]/, '_')
    .slice(0, 100);
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${safe}-${time}${again === 1 ? '' : `-${again}`}.dump`;
}

export class Draft {
  readonly #place: Place;
  readonly #folder: string;
  /** Null: a name of ours, of which there is always another one. */
  readonly #file: string | null;
  readonly path: string;
  readonly handle: FileHandle;
  /** A second Ctrl-C ends the process where it stands. */
  readonly #onExit = () => rmSync(this.path, { force: true });

  private constructor(place: Place, folder: string, file: string | null, path: string, handle: FileHandle) {
    this.#place = place;
    this.#folder = folder;
    this.#file = file;
    this.path = path;
    this.handle = handle;
    process.on('exit', this.#onExit);
  }

  static async open(place: Place): Promise<Draft> {
    const { output, database, now } = place;
    const isFolder = output === null || /[/\\]$/.test(output) || isDirectory(output);
    const file = isFolder ? null : output;
    const folder = file === null ? (output ?? place.folder) : dirname(file);
    if (file !== null && existsSync(file)) throw taken(file);
    const name = file === null ? nameOf(database, now) : basename(file);
    const path = join(folder, `.${name}.${randomBytes(4).toString('hex')}.partial`);
    return failing(path, output, async () => {
      const made = makeFolder(folder);
      // What is in a backup belongs into no repository.
      if (made !== undefined && output === null)
        await writeFile(join(folder, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => {});
      return new Draft(place, folder, file, path, await open(path, 'wx', 0o600));
    });
  }

  get bytes(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** On the disk and under its name, which is returned. */
  async publish(): Promise<string> {
    return failing(this.path, this.#place.output, async () => {
      await this.handle.sync();
      await this.handle.close();
      for (let again = 1; ; again++) {
        const { database, now } = this.#place;
        const file = this.#file ?? join(this.#folder, nameOf(database, now, again));
        if (await moved(this.path, file)) {
          await this.discard();
          return file;
        }
        if (this.#file !== null) throw taken(file);
      }
    });
  }

  async discard(): Promise<void> {
    process.off('exit', this.#onExit);
    await this.handle.close().catch(() => {});
    await rm(this.path, { force: true }).catch(() => {});
  }
}

/** A link does not replace what is there. False: something is. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // A file system without links: FAT, some of the network's.
    if (existsSync(to)) return false;
    await rename(from, to);
    return true;
  }
}

/** What cannot be asked, as below a file, is none. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

const ELSEWHERE = 'give another place with `--output FILE`';

const taken = (file: string): MigrateError =>
  cannotWrite(`${file} is there already, and no backup is overwritten`, ELSEWHERE);

const cannotWrite = (message: string, hint: string, cause?: unknown): MigrateError =>
  new MigrateError('MIGRATION_INIT_FAILED', 'backup', {
    operation: 'write the backup',
    message,
    hint,
    cause,
  });

async function failing<T>(path: string, output: string | null, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (e) {
    if (e instanceof MigrateError) throw e;
    // Before a revert nobody can say where it goes.
    const hint = output === null ? `make ${dirname(path)} a folder that can be written to` : ELSEWHERE;
    throw cannotWrite(`${path}: ${(e as NodeJS.ErrnoException).code ?? (e as Error).message}`, hint, e);
  }
}
