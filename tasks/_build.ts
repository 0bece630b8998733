import { dirname } from 'node:path';
import { quotable, unquotable } from '../src/config/unquotable.ts';
import type { Warning } from '../src/event.ts';
import type { RunOptions } from '../src/index.ts';
import { size } from '../src/report/amounts.ts';
import { GRAMMAR_MAJOR } from '../src/sql/grammar-major.ts';
import { aboutText } from './_carried.ts';
import type { Loaded } from './_config.ts';
import { type Arguments, usageError } from './_flags.ts';
import type { Result } from './_result.ts';

/** `rungs build`: the migrations and the commands in one file. */
export async function build(
  args: Arguments,
  { config: { path, hooks }, file }: Loaded,
  { onEvent, layout, placeholders }: RunOptions,
  warnings: readonly Warning[],
): Promise<Result> {
  const executable = args.has('executable');
  const outfile = args.text('outfile') ?? standard(executable);
  if (outfile === '' || unquotable(outfile) !== null) throw usageError('--outfile is a file', 'build');
  const serverVersion = readMajor(args.text('server-version'));
  // Behind an import of its own: it needs esbuild, and nothing else does.
  const { makeBundle } = await import('../build/bundle.ts');
  const { about, bytes } = await makeBundle({
    folder: path.value,
    layout,
    placeholders,
    outfile,
    executable,
    hooks,
    home: dirname(file ?? ''),
    serverVersion,
    warn: (warning) => onEvent?.({ kind: 'warning', warning }),
  });
  return {
    text: `${outfile} (${size(bytes)})\n${aboutText(about)}`,
    document: { command: 'build', outfile, executable, bytes, embedded: about, warnings, error: null },
  };
}

const standard = (executable: boolean): string =>
  executable ? `dist/migrate${process.platform === 'win32' ? '.exe' : ''}` : 'dist/migrate.mjs';

/** `17`, or `17.2` as the server says it. */
function readMajor(text: string | null): number {
  if (text === null) return GRAMMAR_MAJOR;
  const major = Number(/^(\d{2})(\.\d+)?$/.exec(text.trim())?.[1]);
  if (major >= 14) return major;
  throw usageError(
    `--server-version is a PostgreSQL version from 14 on, such as 17, not ${quotable(text)}`,
    'build',
  );
}
