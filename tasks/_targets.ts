/** The targets of a fleet: as the configuration lists them, or as its query or its command says. */

import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { originText } from '../src/config/layer.ts';
import { MigrateError } from '../src/errors.ts';
import type { FleetOptions, GivenTarget } from '../src/index.ts';
import type { Context } from './_command.ts';
import { secretsOf } from './_config.ts';
import { hiding, shortened } from './_hidden.ts';

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
  if ('query' in targets) return { query: targets.query };
  const { command, origin } = targets;
  const env = { ...loaded.env, ...(database === null ? {} : { DATABASE_URL: database }) };
  const output = await outputOf(command, dirname(loaded.file ?? ''), env, options.signal).catch(
    (e: Error) => {
      const said = shortened(hiding(secretsOf(loaded))(e.message));
      throw refused(`\`${command}\`: ${said}`, originText(origin));
    },
  );
  return output
    .split('\n')
    .map((line, i) => ({ line: line.trim(), where: `line ${i + 1} of the command` }))
    .filter(({ line }) => line !== '')
    .map(({ line, where }) =>
      line.startsWith('{') ? { ...read(line, where), where } : { url: line, where },
    );
}

/** More than the URLs of a hundred thousand databases. */
const MOST = 64 << 20;

/** Standard error goes to the terminal: it is for people. Rejects where it does not end with exit code 0. */
function outputOf(
  command: string,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<string> {
  return new Promise((done, fail) => {
    const child = execFile(
      command,
      {
        shell: true,
        cwd,
        env,
        maxBuffer: MOST,
        windowsHide: true,
        ...(signal === undefined ? {} : { signal }),
      },
      (e, stdout, stderr) => {
        if (e === null) return done(stdout);
        const last = stderr.trim().split('\n').at(-1) ?? '';
        const how = typeof e.code === 'number' ? `exit code ${e.code}` : e.message;
        fail(new Error(last === '' ? how : `${how}: ${last}`));
      },
    );
    child.stdin?.end();
  });
}

/** No more of the line is shown than where it stands: there may be a password in it. */
function read(line: string, where: string): GivenTarget {
  let found: Readonly<Record<string, unknown>>;
  try {
    found = JSON.parse(line);
  } catch {
    throw refused(`${where}: it begins with { and is not JSON`, null);
  }
  for (const [key, value] of Object.entries(found)) {
    if (!['url', 'schema', 'name'].includes(key) || (value !== null && typeof value !== 'string'))
      throw refused(`${where}: it may have \`url\`, \`schema\` and \`name\`, each a string`, null);
  }
  return found;
}

const refused = (message: string, from: string | null): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'targets', {
    operation: 'ask the command for the targets',
    message,
    details: from === null ? [] : [`from: ${from}`],
  });
