/** Extensions that pending files create: asked of the server before anything is applied. */

import type { Analysed } from './analysed.ts';
import { type ErrorCode, MigrateError } from './errors.ts';
import type { MigrationFile, NeededExtension, Step } from './migration.ts';
import type { Session } from './pg/session.ts';
import { refused } from './refused.ts';
import { spotIn } from './sql/cuts.ts';
import { packageOf } from './sql/extension-packages.ts';
import { literal } from './sql/quote.ts';

interface Needed extends NeededExtension {
  readonly file: MigrationFile;
}

/** What the server can have of an extension that is not there yet. */
type Available = ReadonlyMap<string, readonly string[]>;

const LOOK = 'look for the extensions that the files need';

/** Throws where the server does not have what a file creates. Asks nothing where no file creates any. */
export async function refuseUnavailable(
  session: Session,
  steps: readonly Step[],
  analysed: Analysed,
  { serverVersion, code }: { readonly serverVersion: number; readonly code: ErrorCode },
): Promise<void> {
  const needed = neededBy(steps, analysed);
  if (needed.length === 0) return;
  const available = await refused(availableOf(session, needed), code, LOOK);
  const missing = needed.flatMap((n) => {
    const why = whyNot(n, available);
    return why === null ? [] : [{ ...n, why }];
  });
  const [first, ...others] = missing;
  if (first === undefined) return;
  const { line, column, excerpt } = spotIn(first.file, first.start);
  throw new MigrateError(code, 'extension', {
    operation: LOOK,
    message: first.why,
    location: { file: first.file.path, line, column },
    excerpt,
    details: others.map(({ file, start, why }) => {
      const place = spotIn(file, start);
      return `also: ${file.path}:${place.line}:${place.column}: ${why}`;
    }),
    hint: `${packageOf(first.name, Math.floor(serverVersion / 10000))}; where the server is hosted, its provider’s list of extensions says whether it can be had`,
  });
}

/** The names that the steps create, each once. */
export function neededBy(steps: readonly Step[], analysed: Analysed): readonly Needed[] {
  return steps.flatMap(({ file }) =>
    file === null ? [] : (analysed.get(file)?.extensions ?? []).map((extension) => ({ ...extension, file })),
  );
}

/** By name, the versions that can be created; one that is there already is none of our business. */
async function availableOf(session: Session, needed: readonly Needed[]): Promise<Available> {
  const names = [...new Set(needed.map((n) => literal(n.name)))].join(', ');
  const reply = await session.query(`select name, version from pg_catalog.pg_available_extension_versions
    where name in (${names}) union all
    select extname, null from pg_catalog.pg_extension where extname in (${names})`);
  const available = new Map<string, string[]>();
  for (const { name, version } of reply.sets[0] ?? []) {
    const versions = available.get(name ?? '') ?? [];
    available.set(name ?? '', versions);
    versions.push(version ?? INSTALLED);
  }
  return available;
}

const INSTALLED = '';

function whyNot({ name, version }: Needed, available: Available): string | null {
  const versions = available.get(name);
  if (versions === undefined) return `extension "${name}" is not available on this server`;
  if (version === null || versions.includes(version) || versions.includes(INSTALLED)) return null;
  return `extension "${name}" has no version "${version}" on this server; it has ${versions.join(', ')}`;
}
