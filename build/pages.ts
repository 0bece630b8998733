/** The pages of docs/ that are made from the code that owns their facts. */

import { CODES, INTERNAL_EXIT } from '../src/errors.ts';
import { REASONS } from '../src/reasons.ts';
import { COMMANDS } from '../tasks/_commands.ts';
import { FLAGS, type FlagName, flagText, targetOf } from '../tasks/_flags.ts';
import { configuration } from './configuration.ts';
import { schema } from './schema.ts';
import { hookSchema } from './schema-hook.ts';
import { GENERATED, table } from './table.ts';

/** Path to content. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/errors.md', errors()],
    ['docs/commands.md', commands()],
    ['docs/configuration.md', configuration()],
    ['docs/report.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['docs/hook.schema.json', `${JSON.stringify(hookSchema, null, 2)}\n`],
  ]);
}

function errors(): string {
  const codes = Object.entries(CODES).map(([code, c]) => [`\`${code}\``, String(c.exit), c.meaning]);
  const reasons = Object.entries(REASONS).map(([reason, r]) => [`\`${reason}\``, r.meaning, r.next]);
  return `# Errors

${GENERATED}

Every error has a code, which is stable and has its own exit code, and a finer reason. It is printed like this, on
stderr; with \`--json\` the same is in \`error\` of the one document on stdout.

\`\`\`text
MIGRATION_UP_FAILED: migration failed
  operation: apply migration 7
  error: relation "objects" already exists (SQLSTATE 42P07)
  at: migrations/000007_objects.up.sql:12:14
     12 | CREATE TABLE objects (
        |              ^
  applied: 4, 5, 6 (kept); 7 rolled back; not reached: 8
  next: fix the file and run \`task migrate\` again
\`\`\`

Exit code 0 means done, or nothing to do, or answered with no; 1, that no command was given. ${INTERNAL_EXIT} is a fault in rungs itself
(reason \`internal\`), whatever the code. 130 and 143 mean ended by Ctrl-C or SIGTERM. \`task\` hides exit codes behind its
own 201 unless it is run as \`task -x\`.

## Codes

${table(['code', 'exit code', 'meaning'], codes)}

## Reasons

${table(['reason', 'meaning', 'what to do, where the error has nothing better to say'], reasons)}
`;
}

const DB_TARGETS = [
  ['`task db:start`', 'starts an embedded PostgreSQL, prints its URL and writes it into `.env`'],
  ['`task db:stop`', 'stops it; its data stay'],
  ['`task db:reset`', 'stops it, deletes its data, starts it anew'],
  ['`task db:url`', 'prints its URL'],
];

function commands(): string {
  const rows = Object.entries(COMMANDS).map(([verb, c]) => {
    const target = targetOf(verb);
    const operand = c.operand === '' ? '' : ` ${c.operand}`;
    const typed = c.operand === '' ? `task ${target}` : `task ${target} --${operand}`;
    return [
      // A project has a `build` of its own.
      target === null ? '' : `\`${typed}\``,
      `\`rungs ${verb}${operand}\``,
      c.help,
      c.flags.map((f) => `\`--${f}\``).join(' '),
    ];
  });
  const flags = Object.entries(FLAGS).map(([name, f]) => [`\`${flagText(name as FlagName)}\``, f.help]);
  return `# Commands

${GENERATED}

Arguments after \`--\` reach the command exactly as typed. \`migrate:up\` is another name of \`migrate\`.

${table(['target', 'command', 'does', 'flags'], rows)}

## Flags

${table(['flag', 'meaning'], flags)}

## The development database

${table(['target', 'does'], DB_TARGETS)}
`;
}
