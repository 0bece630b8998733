/** The front of a bundle: checks what is behind it, says what that is, or starts the commands that are in it. */

import { writeSync } from 'node:fs';
import type { MigrateError } from '../src/errors.ts';
import { type Carried, carriedResult } from '../tasks/_carried.ts';
import type { main } from '../tasks/_run.ts';
import { labelOf, sealed } from './label.ts';

/** Of each form that a bundle can have (build/form.ts): where in it this program ends, and what comes before its name. */
declare const RUNGS_FILE: () => Buffer;
declare const RUNGS_START: number;
declare const RUNGS_CALL: string;

const [, file = '', ...argv] = process.argv;
const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
const program = `${RUNGS_CALL}${name}`;

async function run(): Promise<number> {
  const body = sealed(RUNGS_FILE(), RUNGS_START);
  const about = isPlain(argv) ? labelOf(body) : null;
  if (about !== null) {
    const { text, document } = carriedResult(about);
    print(argv.includes('--json') ? JSON.stringify(document, null, 2) : text);
    return 0;
  }
  const { unpack } = await import('./cargo.ts');
  const cargo = unpack(body);
  if ('built' in cargo) {
    const { damaged } = await import('./damaged.ts');
    return told(damaged(cargo, file));
  }
  const carried: Carried = { ...cargo, program };
  return commandsIn(cargo.commands()).main(argv, carried);
}

/** console.log's streams take as long to load as all the rest. So little goes into a pipe at once, or not at all. */
function print(text: string): void {
  try {
    writeSync(1, `${text}\n`);
  } catch {
    console.log(text);
  }
}

/** `version --embedded` needs no database, nor what knows one. With other words it is for the commands to judge. */
const isPlain = ([verb, ...rest]: readonly string[]): boolean =>
  verb === 'version' &&
  rest.includes('--embedded') &&
  rest.every((word) => word === '--embedded' || word === '--json');

interface Commands {
  main: typeof main;
}

function commandsIn(code: string): Commands {
  const { compileFunction }: typeof import('node:vm') = require('node:vm');
  const module = { exports: {} as Commands };
  compileFunction(code, ['require', 'module', 'exports'], { filename: `${name}, commands` })(
    require,
    module,
    module.exports,
  );
  return module.exports;
}

/** The commands would say it, but they are in what is damaged. */
async function told(error: MigrateError): Promise<number> {
  const { errorDocument, failedDocument } = await import('../src/report/document.ts');
  const { errorText } = await import('../src/report/error-text.ts');
  console.error(errorText(error, null, program));
  if (argv.includes('--json')) {
    const document = failedDocument(argv[0] ?? '', errorDocument(error, program), []);
    console.log(JSON.stringify(document, null, 2));
  }
  return error.exitCode;
}

// Not awaited: an executable's program is CommonJS.
void run().then((code) => {
  process.exitCode = code;
});
