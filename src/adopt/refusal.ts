/** Why a database is not taken over: every reason at once. */

import { MigrateError } from '../errors.ts';
import type { Migrations } from '../migration.ts';
import type { Reason } from '../reasons.ts';
import type { Head, Place } from '../recorded.ts';
import type { Entry } from './mapping.ts';
import type { Candidate, Found, From } from './recognise.ts';
import { TOOLS } from './tools.ts';

const fail = (reason: Reason, message: string, more: { details?: readonly string[]; hint?: string } = {}) =>
  new MigrateError('MIGRATION_INIT_FAILED', reason, {
    operation: 'look for another tool’s table',
    message,
    ...more,
  });

const named = ({ schema, table }: { readonly schema: string; readonly table: string }): string =>
  `${schema}.${table}`;

const WITHOUT = {
  named:
    'FluxStudio’s table needs no adopting: what it records is applied; to skip a file, insert its row (docs/named.md)',
  script: 'a script is not run where its sentinel is there (docs/script.md)',
} as const;

/** What is written is one number, for all files up to it. */
export function refuseLayout({ layout, origin }: Migrations, command: 'adopt' | 'baseline'): void {
  if (layout === 'pairs') return;
  throw new MigrateError('MIGRATION_INIT_FAILED', 'layout', {
    operation: 'read the files',
    message: `${command} is for files in pairs, of which a database remembers one version; ${origin} has layout \`${layout}\``,
    hint: WITHOUT[layout],
  });
}

export function nothing(all: readonly Candidate[], { tool, table }: From): MigrateError {
  const known = TOOLS.map((t) => t.name).join(', ');
  if (tool !== null && !TOOLS.some((t) => t.name === tool)) {
    return fail('nothing_to_adopt', `no tool is called ${JSON.stringify(tool)}; there are: ${known}`);
  }
  const meant = all.find((c) => table === c.table || table === named(c));
  if (meant !== undefined) {
    const whose = tool === null ? 'of no tool that is known' : `not ${tool}’s`;
    return fail('nothing_to_adopt', `${named(meant)} is ${whose}: its columns are: ${meant.columns}`);
  }
  if (table !== null) return fail('nothing_to_adopt', `there is no table ${table}`);
  const whose = tool === null ? 'another tool’s version table' : `${tool}’s version table`;
  return fail('nothing_to_adopt', `${whose} is not in this database`, { details: [`looked for: ${known}`] });
}

export const several = (found: readonly Found[]): MigrateError =>
  fail('several_tools', 'more than one table could be the one to adopt', {
    details: found.map((f) => `${f.tool.title}: --from ${f.tool.name} --from-table ${named(f)}`),
  });

export const pinned = (found: Found, ledger: { readonly name: string }): MigrateError =>
  fail('ledger_shape', `${named(found)} is ${found.tool.title}’s, and ours needs another name`, {
    hint: `the connection string names the version table, which wins over rungs.yaml: put \`x-migrations-table=${ledger.name}\` there`,
  });

export const managed = (place: Place, { version, dirty }: Head): MigrateError =>
  new MigrateError('MIGRATION_INIT_FAILED', 'already_managed', {
    operation: 'read the version',
    message: `${named(place)} is at version ${version ?? 'none'}${dirty ? ' (dirty)' : ''} already`,
  });

/** Null where everything maps. A failed migration is the other tool's to repair, and comes first. */
export function unmapped({ tool, schema, table }: Found, entries: readonly Entry[]): MigrateError | null {
  const problems = entries.filter((e) => e.problem !== null);
  if (problems.length === 0) return null;
  const isFailed = problems.some((e) => e.isFailed);
  const what = problems.length === 1 ? 'one migration does' : `${problems.length} migrations do`;
  return new MigrateError('MIGRATION_INIT_FAILED', isFailed ? 'dirty' : 'unmapped', {
    operation: `map ${schema}.${table} to the files`,
    message: isFailed
      ? `${tool.title} has a migration as failed or half done`
      : `${what} not map one to one; nothing was written`,
    details: problems.map((e) => `${e.recorded ?? pathOf(e)}: ${e.problem}`),
    ...(isFailed ? { hint: `repair it with ${tool.title} first` } : {}),
  });
}

export const pathOf = ({ migration }: Entry): string =>
  migration === null ? '' : ((migration.up ?? migration.down)?.path ?? migration.id);
