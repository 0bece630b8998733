/** From a file’s text to how it is run, by PostgreSQL’s own grammar; and what is wrong with it. */

import type { Analysis, MigrationFile, Mode, NeededExtension, Problem, Statement } from '../migration.ts';
import { explain } from './advice.ts';
import { hasControl } from './control-words.ts';
import { copyFaults } from './copy.ts';
import { type Directive, type DirectiveFault, directive, misplaced, wordOf } from './directive.ts';
import { correctValue, placeholderAt, withoutSecrets } from './filled.ts';
import type { Parsed } from './grammar.ts';
import { meaningOf } from './meaning.ts';
import { textOption } from './option.ts';
import { statementsOf, type Telling } from './statements.ts';
import { unreadable } from './unreadable.ts';
import { firstOf, wrapperOf } from './wrapper.ts';

// Behind the same door: a bundle leaves this module out, and with it all that needs the parser.
export { standingAfter } from './standing.ts';

export interface AnalysedFile {
  readonly analysis: Analysis;
  readonly problems: readonly Problem[];
}

/**
 * Everything there is to know of a file before it runs. `oneByOne`: a plain file's statements need not be one message.
 * `isHook`: it runs in a migration's transaction, whatever it says.
 */
export async function analyseFile(
  file: MigrationFile,
  oneByOne = false,
  isHook = false,
): Promise<AnalysedFile> {
  const { text, path } = file;
  const said = directive(text);
  const asked = { ...said, mode: isHook ? ('atomic' as const) : (said.mode ?? file.asked ?? null) };
  const problems: Problem[] = asked.problems.map((fault) => directiveProblem(path, fault));
  if (file.repeatable === true && said.mode !== null && said.mode !== 'atomic') {
    const message = `a repeatable runs in one transaction: take \`-- rungs: ${wordOf(said.mode)}\` away`;
    problems.push({ reason: 'repeatable', message, file: path, offset: said.offset });
  }
  const unread = unreadable(file);
  problems.push(...unread);
  // The grammar would only stumble over the same.
  if (unread.length > 0) return { analysis: unreadAnalysis(text, asked.mode), problems };
  const read = await statementsOf(file);
  if ('message' in read) {
    const { offset } = read;
    const name = placeholderAt(file, offset);
    problems.push({
      reason: 'syntax',
      message: withoutSecrets([file], explain(text, read), { file, offset }),
      file: path,
      offset,
      ...(name === null ? {} : { next: `${correctValue(name)}, and run the same command again` }),
    });
    const analysis = unreadAnalysis(text, asked.mode);
    if (file.repeatable === true && said.mode === null && analysis.mode !== 'atomic') {
      const message = `a repeatable runs in one transaction, and this one has its own: ${REPEATABLE.ofControl}`;
      problems.push({ reason: 'repeatable', message, file: path, offset: null });
    }
    return { analysis, problems };
  }
  // Who asks for plain gets golang-migrate's steps.
  const wrapper = !isHook && (asked.mode ?? 'atomic') === 'atomic' ? (wrapperOf(read) ?? []) : [];
  const { all, telling } =
    wrapper.length === 0 ? read : { all: read.all.slice(1, -1), telling: read.telling.slice(1, -1) };
  for (const { end } of read.all) {
    const late = misplaced(text, end);
    if (late !== null) problems.push(directiveProblem(path, late));
  }
  for (const { message, offset } of copyFaults(file, telling)) {
    problems.push({ reason: 'psql', message, file: path, offset });
  }
  const mixed = () => (oneByOne ? null : mixture(read.telling));
  const broken =
    file.repeatable === true
      ? notInOne(telling, REPEATABLE)
      : asked.mode === null
        ? mixed()
        : contradiction(asked.mode, telling, said.mode !== null && !isHook, isHook ? HOOK : SCRIPT);
  if (broken !== null) {
    const reason = file.repeatable === true ? 'repeatable' : 'directive';
    problems.push({ ...directiveProblem(path, broken), reason });
  }
  const extensions = telling.flatMap(neededExtension);
  const mode = modeOf(asked, telling);
  const first = mode === 'atomic' && !isHook ? firstOf({ all, telling }) : [];
  const isFirst = (st: Statement) => first.some(({ start }) => start === st.start);
  const statements = first.length === 0 ? all : all.filter((st) => !isFirst(st));
  const meaning = file.repeatable === true ? meaningOf(file, telling) : null;
  const meant = meaning === null ? {} : { meaning };
  const kept = { ...meant, ...(first.length === 0 ? {} : { first }) };
  return { analysis: { mode, statements, wrapper, extensions, parsed: true, ...kept }, problems };
}

/** Of a file that the grammar refuses only the leading comment is known; it goes as one piece. */
function unreadAnalysis(text: string, asked: Mode | null): Analysis {
  const whole: Statement = {
    start: 0,
    end: text.length,
    line: 1,
    run: 'alone',
    session: false,
    limits: false,
    concurrentIndex: null,
    patient: false,
  };
  return {
    // What is half committed must not be taken for rolled back.
    mode: hasControl(text) ? 'plain' : (asked ?? 'atomic'),
    statements: [whole],
    wrapper: [],
    extensions: [],
    parsed: false,
  };
}

const directiveProblem = (file: string, { message, offset }: DirectiveFault): Problem => ({
  reason: 'directive',
  message,
  file,
  offset,
});

function neededExtension({ node, start }: Parsed): readonly NeededExtension[] {
  if (!('CreateExtensionStmt' in node)) return [];
  const { extname = '', options } = node.CreateExtensionStmt;
  return [{ name: extname, version: textOption(options, 'new_version'), start }];
}

/** The comment decides; else what the statements need. Own transaction control comes first: we cannot add to it. */
function modeOf(asked: Directive, statements: readonly Telling[]): Mode {
  if (asked.mode !== null) return asked.mode;
  if (statements.some((s) => s.control !== null)) return 'plain';
  return statements.some((s) => s.alone !== null) ? 'resumable' : 'atomic';
}

/**
 * Own BEGIN/COMMIT and a statement that cannot run in a transaction: as one message, which golang-migrate sends too,
 * the server always refuses it (25001), and the version would be left dirty for nothing.
 */
function mixture(statements: readonly Telling[]): DirectiveFault | null {
  const control = statements.find((s) => s.control !== null);
  const alone = statements.find((s) => s.alone !== null);
  if (control === undefined || alone === undefined) return null;
  const message = `${alone.alone} at line ${alone.line} cannot run in one file with ${control.control} at line ${control.line}: move it into a file of its own, or take the transaction control out`;
  return { message, offset: alone.start };
}

/** What always runs in one transaction, and what to do where that cannot be. */
interface InOne {
  readonly what: string;
  readonly ofControl: string;
  readonly ofAlone: string;
}

/** One that fails half-way must leave nothing, unless its writer has thought of that. */
const SCRIPT: InOne = {
  what: 'a script',
  ofControl: 'take its transaction control out, or begin it with `-- rungs: plain`',
  ofAlone: 'take it out, or begin the script with `-- rungs: no-transaction`',
};
const HOOK: InOne = {
  what: 'a hook',
  ofControl: 'take its transaction control out',
  ofAlone: 'take it out, or make a command of it',
};
const REPEATABLE: InOne = {
  what: 'a repeatable',
  ofControl: 'take its transaction control out',
  ofAlone: 'put it into a versioned migration',
};

function notInOne(
  statements: readonly Telling[],
  { what, ofControl, ofAlone }: InOne,
): DirectiveFault | null {
  const control = statements.find((s) => s.control !== null);
  if (control !== undefined) {
    const message = `${what} runs in one transaction, and this one has its own ${control.control} at line ${control.line}: ${ofControl}`;
    return { message, offset: control.start };
  }
  const alone = statements.find((s) => s.alone !== null);
  if (alone === undefined) return null;
  const message = `${what} runs in one transaction, and ${alone.alone} at line ${alone.line} cannot: ${ofAlone}`;
  return { message, offset: alone.start };
}

/**
 * Where a comment (or, of a script, the layout) asks for what the file's own statements forbid. Plain forbids nothing.
 */
function contradiction(
  mode: Mode,
  statements: readonly Telling[],
  isWritten: boolean,
  kind: InOne,
): DirectiveFault | null {
  if (mode === 'plain') return null;
  if (mode === 'atomic' && !isWritten) return notInOne(statements, kind);
  const said = `\`-- rungs: ${wordOf(mode)}\``;
  const control = statements.find((s) => s.control !== null);
  if (control !== undefined) {
    const message = `${said} cannot be kept: the file has its own ${control.control} at line ${control.line}; take its transaction control out, or write \`-- rungs: plain\``;
    return { message, offset: control.start };
  }
  const alone = mode === 'atomic' ? statements.find((s) => s.alone !== null) : undefined;
  if (alone === undefined) return null;
  const message = `${said} cannot be kept: ${alone.alone} at line ${alone.line} cannot run in a transaction; take the comment away, or move the statement into a file of its own`;
  return { message, offset: alone.start };
}
