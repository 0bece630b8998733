/** `rungs build`: a folder of migrations becomes one file, which is a program. */

import { chmodSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import type { ConfiguredHooks } from '../src/config/hooks.ts';
import { digestOf } from '../src/digest.ts';
import type { Warning } from '../src/event.ts';
import { version } from '../src/index.ts';
import type { Layout, Migrations } from '../src/migration.ts';
import { problemsError } from '../src/problems.ts';
import { spotIn } from '../src/sql/cuts.ts';
import { type GivenPlaceholders, placeholdersOf } from '../src/sql/placeholders.ts';
import type { About } from '../tasks/_carried.ts';
import { makeFolder } from '../tasks/_folder.ts';
import { pack } from './cargo.ts';
import { makeExecutable } from './executable.ts';
import { commonJs, esModule } from './form.ts';
import { takeHooks } from './hooks.ts';
import { makeCommands, makeFront } from './program.ts';
import { filesOf, survey } from './survey.ts';
import { cannotBuild } from './tool.ts';

export interface Order {
  readonly folder: string;
  /** What the names of the files say unless given. */
  readonly layout: Layout | undefined;
  /** To read the files with; each run gives its own. */
  readonly placeholders: GivenPlaceholders | undefined;
  readonly outfile: string;
  readonly executable: boolean;
  readonly hooks: ConfiguredHooks;
  /** The folder of the file that has them: wherever it is built and runs, their names are the same. */
  readonly home: string;
  readonly serverVersion: number;
  readonly warn: (warning: Warning) => void;
}

export interface Made {
  readonly about: About;
  readonly bytes: number;
}

/** Throws MIGRATION_SOURCE_FAILED for the folder's faults, and CONFIG_INVALID where it cannot be built. */
export async function makeBundle(order: Order): Promise<Made> {
  const { folder, outfile, executable, hooks, home, serverVersion, warn } = order;
  const kind = executable ? 'executable' : extname(outfile);
  if (kind !== 'executable' && kind !== '.mjs' && kind !== '.cjs') {
    throw cannotBuild(
      `${outfile}: Node needs a name that ends in .mjs or .cjs`,
      'give another `--outfile F`',
    );
  }
  const { migrations, ...found } = await survey(folder, process.cwd(), serverVersion, order);
  const placeholders = placeholdersOf(order.placeholders);
  const taken = await takeHooks(hooks, home, { serverMajor: serverVersion, placeholders });
  const files = new Map([...filesOf(migrations), ...taken.files]);
  const problems = [...found.problems, ...taken.problems];
  const warnings = [...found.warnings, ...taken.warnings];
  for (const { reason, message, file, offset } of warnings) {
    const found = files.get(file);
    const place = offset === null || found === undefined ? null : spotIn(found, offset);
    warn({ reason, message, file, line: place?.line ?? null, column: place?.column ?? null });
  }
  if (problems.length > 0) throw problemsError(problems, files);
  const about = aboutOf(migrations, taken.lines, serverVersion);
  const front = await makeFront();
  const commands = await makeCommands();
  // An executable's front is its main program, and the body an asset beside that.
  const code = kind === 'executable' ? '' : kind === '.mjs' ? esModule(front) : commonJs(front);
  const body = pack(
    code,
    {
      ...about,
      layout: migrations.layout,
      origin: migrations.origin,
      ...(taken.lines.length === 0 ? {} : { around: taken.hooks }),
    },
    [...migrations.migrations, ...migrations.repeatable],
    commands,
  );
  write(outfile, (draft) => {
    if (kind === 'executable') makeExecutable(front, body, draft);
    else writeFileSync(draft, code + body);
  });
  return { about, bytes: statSync(outfile).size };
}

function aboutOf(migrations: Migrations, hooks: readonly string[], serverVersion: number): About {
  const { migrations: all, repeatable } = migrations;
  return {
    count: all.length,
    first: all[0]?.id ?? '',
    last: all.at(-1)?.id ?? '',
    repeatable: repeatable.length,
    digest: digestOf(migrations),
    hooks,
    serverVersion,
    tool: `rungs ${version}`,
  };
}

/** Where it is wanted only once it is complete. */
function write(outfile: string, make: (draft: string) => void): void {
  const draft = `${outfile}.${process.pid}`;
  try {
    makeFolder(dirname(outfile));
    make(draft);
    chmodSync(draft, 0o755);
    renameSync(draft, outfile);
  } catch (e) {
    removed(draft);
    const { code, message } = e as NodeJS.ErrnoException;
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw e;
    throw cannotBuild(`cannot write ${outfile}: ${message}`, 'give another `--outfile F`', e);
  }
}

function removed(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // Its folder is none.
  }
}
