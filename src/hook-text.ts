/** SQL hooks as parts of a message, and which of them a failed message had come to. */

import type { Failed } from './failure.ts';
import { type FileMessage, type HookPart, own } from './file-message.ts';
import type { SqlHook } from './hook.ts';
import type { Analysis, Location, Step } from './migration.ts';
import { spotIn } from './sql/cuts.ts';
import { startIn } from './sql/do-block.ts';
import { serverOffset } from './sql/position.ts';
import { literal } from './sql/quote.ts';

interface Woven {
  readonly text: string;
  /** How many tags it gives. */
  readonly tags: number;
  readonly parts: readonly HookPart[];
}

const NOTHING: Woven = { text: '', tags: 0, parts: [] };

/** How many tags its statements give: what the grammar of another version could not read, nobody has counted. */
export const statementsIn = ({ parsed, statements }: Analysis): number =>
  parsed ? statements.length : Number.POSITIVE_INFINITY;

/** Each with its end, as a file may end in a line comment. They can ask which migration it is. */
export function weave(hooks: readonly SqlHook[], step: Step | null): Woven {
  if (hooks.length === 0) return NOTHING;
  const parts: HookPart[] = [];
  let text = step === null ? '' : said(step);
  let tags = step === null ? 0 : 2;
  for (const hook of hooks) {
    parts.push({ hook, before: text.length, tagsBefore: tags });
    text += `${hook.file.text}\n; `;
    tags += statementsIn(hook.analysis);
  }
  return { text, tags, parts };
}

const said = ({ migration, direction }: Step): string =>
  `set local rungs.migration = ${literal(migration.id)}; set local rungs.direction = '${direction}'; `;

/** In a message in which so much comes before. */
export const moved = (parts: readonly HookPart[], before: number, tags: number): readonly HookPart[] =>
  parts.map((p) => ({ ...p, before: p.before + before, tagsBefore: p.tagsBefore + tags }));

/** `head`, and the hooks behind it, which it has room for. */
export function hooked(
  head: string,
  tags: number,
  hooks: readonly SqlHook[],
  step: Step | null,
): FileMessage {
  const { text, parts } = weave(hooks, step);
  return own(`${head}${text}`, moved(parts, head.length, tags));
}

export interface HookPlace {
  readonly hook: SqlHook;
  readonly location: Location;
  readonly excerpt: string | null;
  /** Into the hook's text; null where only the hook is known. */
  readonly offset: number | null;
}

/** Null where the failure was in none of them. */
export function hookAt(
  { server, completed }: Failed,
  message: FileMessage,
  encoding: string,
): HookPlace | null {
  const hooks = message.hooks ?? [];
  if (hooks.length === 0) return null;
  const offset = serverOffset(server.position, message.text, encoding);
  if (offset !== null) {
    const part = hooks.find(
      ({ before, hook }) => before <= offset && offset <= before + hook.file.text.length,
    );
    return part === undefined ? null : placeIn(part.hook, offset - part.before);
  }
  // No position (a violated constraint, an error inside a function): the tags say which statement it was.
  for (const { hook, tagsBefore } of hooks.toReversed()) {
    const { parsed, statements } = hook.analysis;
    const index = completed.length - tagsBefore;
    // From there on it may be in anything that follows.
    if (index >= 0 && !parsed) return null;
    const here = statements[index];
    if (here !== undefined && index >= 0) return placeIn(hook, startIn(hook.file.text, here, server.where));
    // Behind an afterEach's last statement comes `set constraints all immediate`: a deferred constraint of its own.
    if (index === statements.length && hook.hook !== 'beforeEach') return placeIn(hook, null);
  }
  return null;
}

/** `offset` null: somewhere in it. */
export function placeIn(hook: SqlHook, offset: number | null): HookPlace {
  const { file } = hook;
  if (offset === null) {
    return { hook, location: { file: file.path, line: null, column: null }, excerpt: null, offset };
  }
  const { line, column, excerpt } = spotIn(file, offset);
  return { hook, location: { file: file.path, line, column }, excerpt, offset };
}
