/**
 * golang-migrate's advisory lock ids (database/util.go, GenerateAdvisoryLockId; this form since v4.15.0), so that
 * it and rungs exclude each other.
 */

/** golang-migrate's constant; 1486364155 is all it says about it. */
const SALT = 1486364155;

/** CRC-32 (IEEE). node:zlib has one only since Node 22.2, and a key is some thirty bytes. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

/** 0 to 4294967295, sent as the bigint of `pg_advisory_lock(bigint)`. */
export function lockId(schema: string, table: string, database: string): bigint {
  const key = Buffer.from([schema, table, database].join('\0'), 'utf8');
  return BigInt(Math.imul(crc32(key), SALT) >>> 0);
}

export interface LockPlace {
  readonly schema: string;
  readonly table: string;
  /** What `current_database()` says. */
  readonly database: string;
  /** The decoded path of the URL, with its slash; null where there is no URL or no path in it. */
  readonly urlPath: string | null;
}

/**
 * Every id that a golang-migrate beside us may hold. A Go service that hands over an open connection locks
 * `current_database()`; its CLI and `migrate.New` lock the URL's path, slash included, which is why those two do
 * not exclude each other. The path also differs from the database where the URL says `?dbname=` or a pooler
 * renames it. Ascending, so that two runners cannot each hold the id that the other waits for.
 */
export function lockIds({ schema, table, database, urlPath }: LockPlace): readonly bigint[] {
  const names = [database, `/${database}`, ...(urlPath === null || urlPath === '' ? [] : [urlPath])];
  const ids = new Set(names.map((name) => lockId(schema, table, name)));
  return [...ids].sort((a, b) => (a < b ? -1 : 1));
}
