/**
 * `rungs/esbuild`: `import migrations from 'migrations:./db/migrations'` is the value that reading the folder gives,
 * with everything that can be known of the files known at build time, and what is wrong with them a build error.
 */

import { statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { OnLoadResult, PartialMessage, Plugin } from 'esbuild';
import { MigrateError } from '../src/errors.ts';
import { GRAMMAR_MAJOR } from '../src/sql/grammar-major.ts';
import type { GivenPlaceholders } from '../src/sql/placeholders.ts';
import { shownAs } from '../tasks/_carried.ts';
import { importBuiltins, leaveOut } from './left-out.ts';
import { literal } from './literal.ts';
import { messageOf } from './message.ts';
import { type Embedded, type Finding, filesOf, survey } from './survey.ts';

export interface RungsPluginOptions {
  /**
   * The PostgreSQL that the migrations will run on, as in `15`; default 18, whose grammar it is that reads the files.
   * For another version a file that this grammar refuses is a warning, since that server may understand it.
   */
  readonly serverVersion?: number;
  /**
   * Values like those that runs will give: the files are read with them. They are not in the build; without them `${name}`
   * means nothing.
   */
  readonly placeholders?: GivenPlaceholders;
}

const PREFIX = 'migrations:';
const NAMESPACE = 'rungs-migrations';

export function rungs(options: RungsPluginOptions = {}): Plugin {
  const { serverVersion = GRAMMAR_MAJOR, placeholders } = options;
  if (!Number.isInteger(serverVersion) || serverVersion < 14 || serverVersion > 99) {
    throw new TypeError(
      `rungs: serverVersion is a PostgreSQL major version from 14 on, such as 17, not ${serverVersion}`,
    );
  }
  return {
    name: 'rungs',
    setup(build) {
      const project = resolve(build.initialOptions.absWorkingDir ?? '.');
      build.onResolve({ filter: /^migrations:/ }, ({ path, resolveDir }) => {
        const written = path.slice(PREFIX.length);
        if (written === '' || (resolveDir === '' && !isAbsolute(written))) {
          return { errors: [{ text: `"${path}" names no folder: write migrations:./db/migrations` }] };
        }
        const folder = resolve(resolveDir, written);
        if (!exists(folder)) {
          // Told here, esbuild shows the import that asks for it.
          return {
            errors: [{ text: `there is no ${nounFor(folder)} ${folder}` }],
            watchDirs: [folder, dirname(folder)],
          };
        }
        // The path is in the output, which no machine's own folders belong into.
        return { path: shownAs(folder, project), namespace: NAMESPACE, pluginData: { folder } };
      });
      build.onLoad({ filter: /./, namespace: NAMESPACE }, ({ pluginData }) =>
        load((pluginData as { readonly folder: string }).folder, project, serverVersion, placeholders),
      );
      leaveOut(build);
      importBuiltins(build);
    },
  };
}

/** Esbuild's plugins are found under either. */
export default rungs;

const exists = (path: string): boolean => {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true || found?.isFile() === true;
};

const nounFor = (path: string): string => (path.endsWith('.sql') ? 'script' : 'folder');

/** `source`: a folder, or the file of a script. */
async function load(
  source: string,
  project: string,
  serverMajor: number,
  placeholders: GivenPlaceholders | undefined,
): Promise<OnLoadResult> {
  const isScript = statSync(source, { throwIfNoEntry: false })?.isFile() === true;
  const folder = isScript ? dirname(source) : source;
  const watchDirs = isScript ? [] : [folder];
  try {
    const embedded = await survey(source, project, serverMajor, { placeholders });
    const files = filesOf(embedded.migrations);
    const messages = (findings: readonly Finding[]) => findings.map((f) => messageOf(f, files, folder));
    const watchFiles = watched(embedded).map((path) => join(folder, path.slice(path.lastIndexOf('/') + 1)));
    return {
      contents: `export default ${literal(embedded.migrations)};\n`,
      warnings: messages(embedded.warnings),
      errors: messages(embedded.problems),
      watchFiles,
      watchDirs,
    };
  } catch (e) {
    return { errors: [asMessage(e)], watchDirs };
  }
}

function asMessage(e: unknown): PartialMessage {
  if (!(e instanceof MigrateError)) throw e;
  return { text: [e.message, ...e.details].join('\n'), notes: [{ text: e.hint }] };
}

/** A broken file is watched too: its repair is what the build waits for. */
const watched = ({ migrations, problems }: Embedded): readonly string[] => [
  ...filesOf(migrations).keys(),
  ...problems.map((p) => p.file),
];
