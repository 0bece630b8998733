/** A backup as a file: whether it is one, and what is in it. */

import { open } from 'node:fs/promises';
import { quotable } from '../../src/config/unquotable.ts';
import { MigrateError } from '../../src/errors.ts';
import { HEAD, type Header, readHeader } from './header.ts';

const AGAIN = 'give a file that `task db:backup` or `pg_dump --format=custom` has made';

/** Throws where it is not a backup. */
export async function openArchive(file: string): Promise<Header> {
  const bytes = await headOf(file);
  const header = readHeader(bytes);
  if (header !== null) return header;
  const text = bytes.toString('latin1');
  if (bytes.length === 0) throw notOne(`${file} is empty`, AGAIN);
  if (text.startsWith('PGDMP'))
    throw notOne(`${file} is cut off, or of a kind of dump that is not known`, AGAIN);
  if (/^--\s+-- PostgreSQL database dump/m.test(text)) {
    throw notOne(
      `${file} is a dump in SQL, which psql restores`,
      `\`psql --single-transaction --file ${file}\``,
    );
  }
  throw notOne(`${file} is not a backup`, AGAIN);
}

async function headOf(file: string): Promise<Buffer> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (e) {
    const { code = String(e) } = e as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw notOne(`there is no file ${quotable(file)}`, 'look for it with `ls backups`', e);
    if (code === 'EISDIR') throw notOne(`${file} is a folder`, AGAIN, e);
    throw notOne(`${file} cannot be read (${code})`, 'check its permissions', e);
  }
}

const notOne = (message: string, hint: string, cause?: unknown): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'restore', { operation: 'read the backup', message, hint, cause });

/** What `pg_restore --list` prints, as far as it matters. */
export interface Contents {
  /** Whether there is anything besides rows. */
  readonly hasSchema: boolean;
  readonly tables: number;
  /** Of `schema.table`. */
  readonly holds: (table: string) => boolean;
}

/** `215; 1259 16385 TABLE public users postgres`, and comments. */
const ENTRY = /^\d+; \d+ \d+ ([A-Z][A-Z ]*?) (\S.*)$/;
const ROWS = ['TABLE DATA', 'SEQUENCE SET', 'BLOBS', 'BLOB', 'BLOB METADATA', 'MATERIALIZED VIEW DATA'];

export function contentsOf(list: string): Contents {
  const entries = list.split(/\r?\n/).flatMap((line) => {
    const [, words, rest] = ENTRY.exec(line) ?? [];
    if (words === undefined || rest === undefined) return [];
    // Names begin where the capitals end, and may be capitals.
    const kind = ROWS.find((k) => `${words} ${rest}`.startsWith(`${k} `)) ?? words;
    return [{ kind, name: `${words} ${rest}`.slice(kind.length + 1) }];
  });
  const tables = entries.filter(({ kind }) => kind === 'TABLE' || kind === 'FOREIGN TABLE');
  return {
    hasSchema: entries.some(
      ({ kind }) =>
        !ROWS.includes(kind) && kind !== 'ENCODING' && kind !== 'STDSTRINGS' && kind !== 'SEARCHPATH',
    ),
    tables: entries.filter(({ kind }) => kind === 'TABLE DATA').length,
    holds: (table) => tables.some(({ name }) => name.startsWith(`${table.replace('.', ' ')} `)),
  };
}
