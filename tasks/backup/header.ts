/** What stands at the head of pg_dump's custom format (pg_backup_archiver.c, WriteHead and ReadHead). */

export interface Header {
  /** Of the format: 1.14 up to PostgreSQL 15, 1.15 in 16, 1.16 in 17 and 18. */
  readonly format: string;
  readonly database: string;
  /** Of the server that it was taken from: `15.18`. */
  readonly server: string;
  /** Of the pg_dump that wrote it. No older pg_restore may be able to read it. */
  readonly program: string;
  readonly programMajor: number;
}

/** So many bytes are enough, however long the names. */
export const HEAD = 4096;
const MAGIC = 'PGDMP';
const CUSTOM = 1;

/** Null if the bytes are not the beginning of such a file. */
export function readHeader(bytes: Buffer): Header | null {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  const [major = 0, minor = 0, , intSize = 0, , kind] = bytes.subarray(MAGIC.length);
  if (kind !== CUSTOM || intSize < 4 || intSize > 6) return null;
  let at = MAGIC.length + 6;
  /** A sign, and the bytes from the lowest on. */
  const int = (): number => {
    const size = bytes.readUIntLE(at + 1, intSize);
    const isNegative = bytes[at] !== 0;
    at += 1 + intSize;
    return isNegative ? -size : size;
  };
  const text = (): string => {
    const length = Math.max(int(), 0);
    if (at + length > bytes.length) throw new RangeError('the text goes on behind the end');
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  try {
    // The compression: its level, and from 1.15 on its kind.
    if (major > 1 || minor >= 15) at += 1;
    else int();
    // When it was made: seven numbers of the local time there.
    for (let i = 0; i < 7; i++) int();
    const [database, server, program] = [text(), text(), text()];
    const programMajor = Number.parseInt(program, 10);
    if (Number.isNaN(programMajor)) return null;
    return {
      format: `${major}.${minor}`,
      database,
      server: number(server),
      program: number(program),
      programMajor,
    };
  } catch (e) {
    if (e instanceof RangeError) return null;
    throw e;
  }
}

/** Without what distributions add: `15.18 (Debian 15.18-0+deb12u1)`. */
const number = (version: string): string => version.split(' ')[0] ?? version;
