/**
 * A client of the caller's: a connected `pg.Client`, or one that a `pg.Pool` gave out, but not the pool itself. In our
 * own words, so that whoever passes a URL can compile without @types/pg, and whoever has it may have any version.
 */
export interface LentClient {
  query(...args: never[]): unknown;
  on(...args: never[]): unknown;
  removeListener(...args: never[]): unknown;
  /** What a pool has not. */
  escapeIdentifier(text: string): string;
}
