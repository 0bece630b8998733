/** Types that PostgreSQL does not have, and that people write: misspelt ones, and other databases'. */
const MEANT: Readonly<Record<string, string>> = {
  timestampz: 'timestamptz',
  timestamp_tz: 'timestamptz',
  datetime: 'timestamptz',
  datetime2: 'timestamptz',
  tinyint: 'smallint',
  mediumint: 'integer',
  int64: 'bigint',
  double: 'double precision',
  number: 'numeric',
  blob: 'bytea',
  longblob: 'bytea',
  binary: 'bytea',
  varbinary: 'bytea',
  clob: 'text',
  string: 'text',
  longtext: 'text',
  mediumtext: 'text',
  nvarchar: 'varchar',
  varchar2: 'varchar',
  guid: 'uuid',
  uniqueidentifier: 'uuid',
};

/** The type that the word at the head of the text was probably meant to be. */
export function typeMeant(text: string): string | null {
  const word = /^\w+/.exec(text)?.[0].toLowerCase() ?? '';
  return Object.hasOwn(MEANT, word) ? (MEANT[word] ?? null) : null;
}
