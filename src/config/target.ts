/** Targets of a fleet as they are given, to targets with a name, an identity, and what it takes to reach them. */

import { MigrateError } from '../errors.ts';
import type { TargetName } from '../fleet-report.ts';
import { digest } from '../sql/checksum.ts';
import { firstOf, pathOf } from '../sql/search-path.ts';
import type { Environment } from './keywords.ts';
import { unquotable } from './unquotable.ts';
import { type Database, parseDatabaseUrl } from './url.ts';

/** A database by its URL, or a schema of it; without a URL, of the configured database. */
export interface GivenTarget {
  readonly url?: string | null | undefined;
  readonly schema?: string | null | undefined;
  /** What to call it, instead of its schema or `user@host:port/database`. */
  readonly name?: string | null | undefined;
  /** For messages, where it stands: `rungs.yaml:12`. */
  readonly where?: string | undefined;
}

export type PlacedTarget = GivenTarget & { readonly where: string };

export interface Target extends TargetName {
  readonly url: string;
  readonly schema: string | null;
  /** The search_path of its sessions; null: the server's own. */
  readonly path: string | null;
  /** Of the configured database, which PGOPTIONS with that path in it turns into this. */
  readonly isPathEnough: boolean;
  /** Those with the same one may take turns on one connection; null: it needs its own. */
  readonly group: string | null;
  readonly where: string;
}

export interface Around {
  /** The configured database; null where there is none. */
  readonly base: string | null;
  readonly env: Environment;
  /** The configured version table. */
  readonly table: { readonly schema?: string; readonly name?: string };
}

/** Throws CONFIG_INVALID (targets) with all that is wrong. No message quotes a URL. */
export function targetsOf(given: readonly PlacedTarget[], around: Around): readonly Target[] {
  const problems: string[] = [];
  const targets: Target[] = [];
  const byId = new Map<string, Target>();
  const byName = new Map<string, Target>();
  for (const placed of given) {
    const target = targetOf(placed, around);
    if ('fault' in target) {
      problems.push(`${placed.where}: ${target.fault}`);
      continue;
    }
    const [same, namesake] = [byId.get(target.id), byName.get(target.name)];
    if (same !== undefined)
      problems.push(`${target.where}: ${target.name} is the same target as that of ${same.where}`);
    else if (namesake !== undefined)
      problems.push(`${target.where}: that of ${namesake.where} is called ${target.name} too`);
    byId.set(target.id, target);
    byName.set(target.name, target);
    targets.push(target);
  }
  if (problems.length === 0) return targets;
  const [only = ''] = problems;
  throw new MigrateError('CONFIG_INVALID', 'targets', {
    operation: 'read the targets',
    message: problems.length === 1 ? only : `${problems.length} problems`,
    details: problems.length === 1 ? [] : problems,
  });
}

function targetOf(given: PlacedTarget, around: Around): Target | { readonly fault: string } {
  const { url, schema = null, name = null, where } = given;
  const fault = schemaFault(schema) ?? nameFault(name);
  if (fault !== null) return { fault };
  const own = url ?? null;
  const reached = own ?? around.base;
  if (reached === null)
    return { fault: 'it has no `url`, and no database is configured that it could be of' };
  if (own === null && schema === null) return { fault: 'it has neither a `url` nor a `schema`' };
  let database: Database;
  try {
    database = parseDatabaseUrl(reached, around.env);
  } catch (e) {
    return { fault: `its URL cannot be used: ${(e as Error).message}` };
  }
  const said = database.settings.findLast(([key]) => key.toLowerCase() === 'search_path')?.[1] ?? null;
  const path = schema === null ? said : pathOf(schema);
  const called = own === null ? (schema ?? '') : inWords(database, path);
  return {
    name: name ?? called,
    id: idOf(database, path, around.table),
    url: reached,
    schema,
    path,
    isPathEnough:
      own === null && said === null && database.options === null && around.env.DATABASE_URL === reached,
    group: path === null ? null : groupOf(database),
    where,
  };
}

const inWords = ({ display }: Database, path: string | null): string =>
  path === null ? display : `${display} ${firstOf(path) ?? ''}`.trim();

/** PostgreSQL would cut a longer one, and mean the schema with what is left of its name. */
const LONGEST = 63;

function schemaFault(schema: string | null): string | null {
  if (schema === null) return null;
  if (schema === '') return 'its `schema` is empty';
  const what = unquotable(schema);
  if (what !== null) return `its \`schema\` is ${what}`;
  if (schema.includes('\0') || Buffer.byteLength(schema) > LONGEST)
    return `its \`schema\` has a NUL in it, or more than ${LONGEST} bytes`;
  // In a search_path these two are no schema's names, quoted or not.
  return schema === '$user' || schema === 'pg_temp' ? `its \`schema\` is ${schema}: name a real one` : null;
}

function nameFault(name: string | null): string | null {
  if (name === '') return 'its `name` is empty';
  const what = name === null ? null : unquotable(name);
  return what === null ? null : `its \`name\` is ${what}`;
}

/** The login is of no account, but where the schema is the login's own. */
function idOf(database: Database, path: string | null, table: Around['table']): string {
  const { candidates, table: inUrl } = database;
  const hosts = [...new Set(candidates.map(({ host, port }) => `${host.toLowerCase()}:${port}`))];
  const isSaid = inUrl.schema !== null || inUrl.name !== 'schema_migrations';
  const { schema = null, name = 'schema_migrations' } = isSaid ? inUrl : table;
  const first = path === null ? null : firstOf(path);
  const [login] = candidates;
  const user = first === null || first === '$user' ? (login?.user ?? null) : null;
  const place = schema ?? first;
  return digest(JSON.stringify([hosts, login?.database, place, schema === null ? user : null, name])).slice(
    0,
    16,
  );
}

/** Of all that makes a session what it is from its start, but its search_path. */
function groupOf({ settings, ...rest }: Database): string {
  const { candidates, options, applicationName, passfile, target, channelBinding } = rest;
  const { connectTimeoutMs, keepAliveIdleMs } = rest;
  const others = settings.filter(([key]) => key.toLowerCase() !== 'search_path');
  const all = [candidates, options, applicationName, passfile, target, channelBinding];
  return digest(JSON.stringify([...all, connectTimeoutMs, keepAliveIdleMs, others]));
}
