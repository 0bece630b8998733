/** docs/configuration.md, whose tables are docs/config.schema.json and the variables that the code knows. */

import { readFileSync } from 'node:fs';
import { VARIABLES } from '../src/config/variables.ts';
import { GENERATED, table } from './table.ts';

interface Node {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
}

/** Key, default, meaning; a section's keys behind it, but for `database`, which has a table of its own. */
function rows(node: Node, prefix = ''): readonly (readonly string[])[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
    ...(child.properties === undefined || key === 'database' || child.type?.includes('array')
      ? [row(`${prefix}${key}`, child)]
      : []),
    ...(key === 'database' && prefix === '' ? [] : rows(child, `${prefix}${key}.`)),
  ]);
}

const row = (key: string, { default: standard, description = '' }: Node): readonly string[] => [
  `\`${key}\``,
  standard === undefined ? '' : `\`${standard}\``,
  description,
];

const isForeign = (line: readonly string[]): boolean => line[2]?.startsWith('A section of ToolHive') === true;

export function configuration(): string {
  const schema = JSON.parse(readFileSync('docs/config.schema.json', 'utf8')) as Node;
  const settings = rows(schema).filter((line) => !isForeign(line));
  const foreign = rows(schema)
    .filter(isForeign)
    .map(([key]) => key);
  const section = rows({ properties: schema.properties?.database?.properties ?? {} }).map(([key, , what]) => [
    key ?? '',
    what ?? '',
  ]);
  const variables = [
    ...VARIABLES.map(({ name, pointer, help }) => [`\`${name}\``, `\`${pointer.replace('/', '.')}\``, help]),
    ['`RUNGS_PLACEHOLDER_NAME`', '`placeholders.NAME`', 'the value of a [placeholder](placeholders.md)'],
    [
      '`DRY_RUN`',
      '',
      '`true` or `1`: as with `--dry-run`; anything else but `false`, `0` and nothing is an error',
    ],
    ['`DEBUG`', '', 'anything but `0` and `false`: every event, and where errors come from, on stderr'],
    [
      '`PGHOST`, `PGUSER`, `PGPASSWORD`, …',
      '',
      'libpq’s: they fill in what the connection string or the section leaves out',
    ],
  ];
  return `# Configuration

${GENERATED}

Nothing has to be configured but the database: \`DATABASE_URL\`, in the environment or in \`.env\`. What a project
always wants goes into \`rungs.yaml\`; this is one with everything that is often in it:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/rungs/docs/config.schema.json
database: postgres://app:\${DB_PASSWORD}@db.example/app?sslmode=verify-full
path: db/migrations
role: app_owner
confirm: always
requireSteps: true
backupBeforeDown: true
hooks:
  beforeEach: db/hooks/limits.sql
blocked:
  timeout: 1s
  queue: 50
retry:
  attempts: 5
  delay: 2s
\`\`\`

\`rungs.yaml\` (or \`rungs.yml\`) is looked for from the working directory upward, and where it is, there are \`.env\`
and \`migrations\`. \`--config FILE\` names another file; the two are then in the working directory. Paths that are written
in a file are relative to it. The first line above makes editors check and complete it.

defaults < the file < the environment < flags: the later one wins, value by value. A variable in \`.env\` counts as one
in the environment, which wins over it. \`task migrate:config\` (or \`rungs config\`) shows every setting, where it comes
from, and which database that makes; passwords are \`***\`.

Mistakes are one error with all of them: a key that does not exist (with the one that was probably meant), a value
that cannot be used, a variable that is not set, each with its line.

## Settings

${table(['key', 'default', 'meaning'], settings)}

\`\${NAME}\` in a value stands for the variable NAME, of the environment or \`.env\`; one that is not set is an error.
\`$\${\` stands for \`\${\` itself. There is no more to it: no defaults, and none in keys.
(In migration files \`\${name}\` is a [placeholder](placeholders.md), if there is \`placeholders\`.)

A file in which a password stands, and that others than its owner can read, gets a warning.

The hooks have [a page of their own](hooks.md). \`\${NAME}\` in the command of one is left to its shell.

## The parts of a database

Instead of a connection string, \`database\` can be a section:

\`\`\`yaml
database:
  host: localhost
  port: 5432
  user: postgres
  password: secret
  database: toolhive_registry
  sslmode: disable
\`\`\`

${table(['key', 'meaning'], section)}

## Variables

${table(['variable', 'wins over', 'meaning'], variables)}

An empty variable counts as none. Where \`DATABASE_URL\` wins over a database in the file, a warning says so.

## Asking

\`confirm: down\` is how it is without a file: on a terminal, reverting asks; without one, more than one migration is
reverted only with \`--yes\`. \`confirm: always\` asks before applying too, in ToolHive’s words: up goes on with \`yes\` or
\`y\`, down only with \`yes\`, and the end of input is a no. After a no nothing has been changed, and the exit code is 0.
Without a terminal \`confirm: always\` is an error unless there is \`--yes\`, whether or not there is anything to do.

With \`requireSteps: true\` a bare \`down\` is refused: say \`--num-steps N\`, where 0 is all.

With \`backupBeforeDown: true\` \`down\`, \`redo\` and a \`goto\` that reverts first [back the database up](backup.md#before-reverting),
and revert nothing where that fails.

\`lockTimeout\` is about the migration lock alone, which one run has at a time; \`blocked\` about the locks that migrations
need of everyone else ([locks.md](locks.md)).

## For pipelines

\`LOG_FORMAT=json\` makes every line on stderr a JSON object with \`time\` and \`kind\`: the events of the library, and
\`message\` and \`error\`. Questions stay as they are. \`--json\` is another thing: the result, on stdout.

## From ToolHive

\`rungs migrate up --config config.yaml --yes\` and \`rungs migrate down --config config.yaml --num-steps 1 --yes\` do what
\`thv-registry-api migrate\` does, with the same file: its other sections (${foreign.join(', ')}) are not read. So do the
targets:

\`\`\`bash
task migrate-up CONFIG=config.yaml
task migrate-down CONFIG=config.yaml NUM_STEPS=1
\`\`\`

To have it as strict as ToolHive is, add this to the file, or to one of its own:

\`\`\`yaml
confirm: always
requireSteps: true
path: database/migrations
\`\`\`

Unlike there, \`--num-steps\` is obeyed by \`up\`, and \`--num-steps 0\` reverts all, as its documentation has it; more
steps than there are is a warning, not an error; and without a terminal the missing \`--yes\` is an error. Of its variables
the two passwords’ work; for others write \`\${NAME}\` into the file. \`dynamicAuth\` is refused.

## From HoloMUSH

\`DATABASE_URL\` is all there is. \`rungs migrate\`, \`rungs migrate up\`, \`rungs migrate down --all\` and so on are what
\`holomush migrate\` was.
`;
}
