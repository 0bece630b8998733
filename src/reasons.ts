/** Why, in one stable word. `next` is what to do when the error itself has nothing better to say. */
export const REASONS = {
  ahead: {
    meaning: 'The database is at a version that no file has.',
    next: 'deploy the newer files, or `task migrate:force -- V` to a version that exists',
  },
  already_managed: {
    meaning: 'The version table holds a version already, so there is nothing to take over.',
    next: 'see `task migrate:status`; another version is set with `task migrate:force -- V`',
  },
  backup: { meaning: 'A backup cannot be made. Nothing was reverted.', next: 'correct it, and try again' },
  build: {
    meaning: 'A bundle cannot be made: a package is missing, or the file cannot be written.',
    next: 'install the package, or give another file with `--outfile F`',
  },
  callback: {
    meaning:
      'A function of the caller’s, `onEvent`, `confirm` or a fleet’s `hooks`, threw, or gave no answer, which ended the run.',
    next: 'correct that function; `task migrate:status` shows what had been done',
  },
  cancelled: {
    meaning: 'Ctrl-C, SIGTERM, or the caller’s AbortSignal.',
    next: 'run the same command again',
  },
  changed: {
    meaning: 'A file was edited after it was applied.',
    next: 'put the old text back and write a new migration, or run `task migrate -- --accept-changed`',
  },
  config: {
    meaning: 'The configuration file or a variable has something in it that cannot be used.',
    next: 'correct it; `task migrate:config` then shows what is in effect',
  },
  connection: {
    meaning: 'The database cannot be reached.',
    next: 'check that the server runs and the URL is right; `task migrate:config` shows where that comes from',
  },
  connection_lost: {
    meaning: 'The connection broke in the middle. What was committed has been looked up.',
    next: 'run `task migrate` to go on',
  },
  confirmation: {
    meaning: 'A question could not be asked, because there is no terminal.',
    next: 'add `--yes`',
  },
  deadlock: {
    meaning: 'A statement and another session waited for each other, and the server ended the statement.',
    next: 'run `task migrate` again',
  },
  declined: { meaning: 'The question was answered with no. Nothing was changed.', next: 'nothing to do' },
  dirty: {
    meaning: 'The version is marked dirty: a migration stopped half-way.',
    next: 'repair the schema by hand, then `task migrate:force -- V`',
  },
  directive: {
    meaning: 'A leading `-- rungs:` comment is not understood.',
    next: 'write `-- rungs: no-transaction`, `-- rungs: plain` or `-- rungs: atomic`',
  },
  duplicate: { meaning: 'Two files have the same version and direction.', next: 'rename one of them' },
  edited_bundle: {
    meaning: 'The migrations inside a bundle are not the ones that it was built with.',
    next: 'build it again from the migration files',
  },
  encoding: { meaning: 'A file is not UTF-8, or holds a NUL byte.', next: 'save the file as UTF-8' },
  flag: { meaning: 'A flag or argument is unknown or unusable.', next: 'see `rungs --help`' },
  hook: {
    meaning:
      'A hook failed. What its transaction had done was rolled back; migrations that were applied before stay.',
    next: 'correct the hook, and run the same command again',
  },
  extension: {
    meaning: 'A file creates an extension that the server does not have. Nothing was run.',
    next: 'install the package that brings it on the server',
  },
  in_transaction: {
    meaning: 'The client that was lent is inside a transaction, which migrations would become a part of.',
    next: 'commit or roll back first, or pass a URL',
  },
  internal: { meaning: 'A fault in rungs itself.', next: 'please report it with the output of `--json`' },
  invalid_index: {
    meaning: 'An index built CONCURRENTLY is INVALID.',
    next: 'drop the index, then run `task migrate` again',
  },
  layout: {
    meaning: 'The files are not of one layout, or the command is not for files of theirs.',
    next: 'write `layout: pairs`, `layout: named` or `layout: script` into rungs.yaml',
  },
  ledger_elsewhere: {
    meaning: 'A schema named like the role now hides the schema that holds the version table.',
    next: 'set search_path in the URL so that the version table’s schema comes first',
  },
  ledger_shape: {
    meaning: 'A table with the version table’s or the journal’s name is somebody else’s.',
    next: 'where another tool owns the name, name ours with `x-migrations-table=` or `x-journal-table=` in the URL; `task migrate:adopt` takes another tool’s database over',
  },
  lock_strategy: {
    meaning:
      'A file needs more than one transaction, or there are `beforeAll` or `afterAll` hooks, and with `lockStrategy: transaction` no lock lasts that long. Nothing was run.',
    next: 'run it over a direct connection, without `lockStrategy: transaction`',
  },
  lock_timeout: {
    meaning:
      'Another session held a lock for too long: the migration lock, or (SQLSTATE 55P03 or 57014) one that a statement needs.',
    next: 'wait for the other session; `--lock-timeout` is how long for the migration lock, `blocked:` in rungs.yaml for all others',
  },
  missing_down: {
    meaning: 'A migration to revert has no down file.',
    next: 'write the down file, or add `--allow-missing-down` to pass it as empty',
  },
  name: { meaning: 'A name for a migration, or a file’s name, cannot be used.', next: 'choose another name' },
  not_empty: { meaning: 'The database to restore into is not empty.', next: 'take another, or add `--yes`' },
  no_migrations: {
    meaning: 'The folder holds no migration files.',
    next: 'check `--path`, or make the first one with `task migrate:create -- name`',
  },
  no_parser: {
    meaning:
      'A bundled program was given a folder at run time, and it carries no parser to check files with.',
    next: 'import the folder as `migrations:DIR`, so that the build checks it',
  },
  no_schema: {
    meaning: 'The search_path names no schema that exists.',
    next: 'create the schema, or name one with `search_path=` in the URL',
  },
  no_targets: {
    meaning: 'A fleet has no targets: the list, the query or the command gave none.',
    next: 'correct `targets` in rungs.yaml, or say `--allow-empty` where there may be none',
  },
  not_found: {
    meaning: 'No migration has the version that was asked for.',
    next: 'see `task migrate:status` for the versions there are',
  },
  nothing_to_adopt: {
    meaning: 'No other migration tool’s table was found, or not where it was said to be.',
    next: 'name its table with `--from-table SCHEMA.TABLE`; where no tool managed the database, `task migrate:baseline -- V`',
  },
  objects_missing: {
    meaning:
      'Migrations were to count as applied, and some of what they create is not in the database. Nothing was written.',
    next: 'give the version that the database is at, or apply what is missing',
  },
  option: {
    meaning:
      'A function of the API was given an option that it does not know, or cannot use. Nothing was done.',
    next: 'correct the call (docs/start-up.md#options)',
  },
  out_of_order: {
    meaning: 'A file has a lower number than the current version and was never applied.',
    next: 'renumber it, or run `task migrate -- --allow-out-of-order`',
  },
  permission: { meaning: 'The role lacks a right.', next: 'grant the right, or connect as the owner' },
  pooler: {
    meaning:
      'A connection pooler is in between, and hands each transaction to another backend. Nothing was run.',
    next: 'connect to the server’s own port, or write `lockStrategy: transaction` into rungs.yaml (docs/poolers.md)',
  },
  placeholder: {
    meaning: 'A placeholder in a file cannot be filled in. Nothing was run.',
    next: 'give it a value, under `placeholders` in rungs.yaml or as RUNGS_PLACEHOLDER_NAME in the environment (docs/placeholders.md)',
  },
  psql: { meaning: 'A file asks of psql what rungs does not do.', next: 'correct it, as the error says' },
  raced: {
    meaning:
      'The version was moved while this run held the lock: by someone else, or by the migration itself, which was not applied. With `lockStrategy: transaction`, and behind a question: another run came in between.',
    next: 'find out who runs migrations without the lock, or writes the version table, then run `task migrate` again',
  },
  read_only: {
    meaning: 'The server refuses writes: it is a standby, or its transactions are read-only.',
    next: 'connect to the primary (with all hosts in the URL, `target_session_attrs=read-write` finds it), or to a database without default_transaction_read_only',
  },
  repeatable: {
    meaning: 'A repeatable holds what cannot be done in its one transaction. Nothing was run.',
    next: 'take that out, or put it into a versioned migration, and run the same command again',
  },
  restore: {
    meaning: 'A backup cannot be restored. Nothing was changed.',
    next: 'correct it, and try again',
  },
  resume_changed: {
    meaning: 'Statements that were already run have been edited in a half-done file.',
    next: 'put those statements back as they were, or repair by hand and `task migrate:force -- V`',
  },
  sentinel: {
    meaning: 'A script did not make the table by which it is told whether it has run. It was rolled back.',
    next: 'name a table that the script makes, as in `sentinel: users` or `sentinel: app.users`, in rungs.yaml',
  },
  server_version: { meaning: 'The server is older than PostgreSQL 14.', next: 'use PostgreSQL 14 or newer' },
  several_tools: {
    meaning: 'There are tables of more than one migration tool. Nothing was written.',
    next: 'say which one is meant with `--from TOOL`, or `--from-table SCHEMA.TABLE`',
  },
  sql: { meaning: 'The server refused a statement.', next: 'fix the file and run `task migrate` again' },
  syntax: {
    meaning: 'PostgreSQL’s grammar refuses a file. Nothing was run.',
    next: 'fix the file, and run the same command again',
  },
  targets: {
    meaning: 'The targets of a fleet cannot be had, or not be used as they are given.',
    next: 'correct `targets` in rungs.yaml (docs/fleet.md)',
  },
  unmapped: {
    meaning: 'What another tool has recorded does not map one to one to the files. Nothing was written.',
    next: 'name the files after what is recorded (docs/adopting.md), then run the same command again',
  },
  unreadable: { meaning: 'A file or folder cannot be read.', next: 'check the path and its permissions' },
  unset: { meaning: 'A required setting is missing.', next: 'set DATABASE_URL, or run `task db:start`' },
  url: {
    meaning: 'The database URL cannot be understood.',
    next: 'write it as postgres://user@host:5432/database',
  },
  version: {
    meaning: 'The text is not a version.',
    next: 'give a whole number, as in `task migrate:force -- 7`',
  },
} as const satisfies Record<string, { meaning: string; next: string }>;

export type Reason = keyof typeof REASONS;
