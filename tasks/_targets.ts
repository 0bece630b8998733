/** The targets of a fleet: as the configuration lists them, or as its query or its command says. */

import { dirname } from 'node:path';
import { originText, placeOf } from '../src/config/layer.ts';
import { MigrateError } from '../src/errors.ts';
import type { FleetOptions, GivenTarget, Location } from '../src/index.ts';
import type { Context } from './_command.ts';
import { secretsOf } from './_config.ts';
import { hidingIn, shortened } from './_hidden.ts';

export async function targetsFor(
  { loaded, options }: Context,
  database: string | null,
): Promise<FleetOptions['targets']> {
  const { targets } = loaded.config;
  if (targets === null)
    throw new MigrateError('CONFIG_INVALID', 'targets', {
      operation: 'read the configuration',
      message: 'there is no `targets` in rungs.yaml, so a fleet has nothing to migrate',
    });
  if ('list' in targets) return targets.list;
  const location = placeOf(targets.origin);
  if ('query' in targets) return { query: targets.query, ...(location === null ? {} : { location }) };
  const output = await outputOf(targets.command, { loaded, database, location, signal: options.signal });
  return output
    .split('\n')
    .map((line, i) => ({
      line: line.trim(),
      where: `line ${i + 1} of the command at ${originText(targets.origin)}`,
    }))
    .filter(({ line }) => line !== '')
    .map(({ line, where }) =>
      line.startsWith('{') ? { ...read(line, where, location), where } : { url: line, where },
    );
}

/** More than the URLs of a hundred thousand databases. */
const MOST = 64 << 20;

interface Around {
  readonly loaded: Context['loaded'];
  readonly database: string | null;
  readonly location: Location | null;
  readonly signal: AbortSignal | undefined;
}

/** What it prints. Of its standard error the last line is told where it does not end with exit code 0. */
async function outputOf(command: string, { loaded, database, location, signal }: Around): Promise<string> {
  // Behind an import: few commands start another.
  const { runCommand } = await import('./hooks/command.ts');
  const tooMuch = new AbortController();
  let output = '';
  const fault = await runCommand({
    command,
    folder: dirname(loaded.file ?? ''),
    env: { ...loaded.env, ...(database === null ? {} : { DATABASE_URL: database }) },
    input: '',
    onOutput: (part) => {
      if (output.length + part.length > MOST) tooMuch.abort();
      else output += part;
    },
    timeoutMs: null,
    signal: AbortSignal.any([tooMuch.signal, ...(signal === undefined ? [] : [signal])]),
  }).then(
    () => null,
    (e: Error) => shortened(hidingIn(secretsOf(loaded))(e.message)),
  );
  // Whatever it made of being ended.
  if (signal?.aborted === true) throw cancelled();
  const how = tooMuch.signal.aborted ? 'it prints more than 64 MB' : fault;
  if (how !== null) throw refused(`\`${command}\`: ${how}`, location);
  return output;
}

/** No more of the line is shown than where it stands: there may be a password in it. */
function read(line: string, where: string, location: Location | null): GivenTarget {
  let found: Readonly<Record<string, unknown>>;
  try {
    found = JSON.parse(line);
  } catch {
    throw refused(`${where}: it begins with { and is not JSON`, location);
  }
  for (const [key, value] of Object.entries(found)) {
    if (!['url', 'schema', 'name'].includes(key) || (value !== null && typeof value !== 'string'))
      throw refused(`${where}: it may have \`url\`, \`schema\` and \`name\`, each a string`, location);
  }
  return found;
}

const OPERATION = 'ask the command for the targets';

const refused = (message: string, location: Location | null): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'targets', { operation: OPERATION, message, location });

const cancelled = (): MigrateError =>
  new MigrateError('MIGRATION_INIT_FAILED', 'cancelled', {
    operation: OPERATION,
    message: 'cancelled; no target was begun',
  });
