/** What a page of documentation promises: where its links go, and what it says to type. */

/** Targets of links, without those to other sites. */
export function linksOf(page: string): readonly string[] {
  return [...withoutFences(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((m) => m[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: string): readonly string[] {
  return [...withoutFences(page).matchAll(/^#+ (.*)$/gm)].map((m) =>
    (m[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

const FENCES = /^```[^\n]*\n([\s\S]*?)^```/gm;
const withoutFences = (page: string): string => page.replaceAll(FENCES, '');

/** Every line of code on a page: of fences, of indented blocks, and between backticks. */
export function codeOf(page: string): readonly string[] {
  const prose = withoutFences(page);
  return [
    ...[...page.matchAll(FENCES)].flatMap((m) => (m[1] ?? '').split('\n')),
    ...[...prose.matchAll(/^ {4}(.*)$/gm)].map((m) => m[1] ?? ''),
    ...[...prose.matchAll(/`([^`\n]+)`/g)].map((m) => m[1] ?? ''),
  ];
}

/** A call of ours, as it is typed: `task migrate:down -- 3 --yes` is down with `3` and `--yes`. */
export interface Call {
  readonly by: 'task' | 'rungs';
  readonly verb: string;
  readonly args: readonly string[];
}

/** Null where the code is not a call of ours. */
export function callIn(code: string): Call | null {
  const words = code
    .replace(/^\$ /, '')
    .replace(/\s#.*$/, '')
    .trim()
    .split(/\s+/);
  if (words[0] === 'npx') words.shift();
  // `rungs migrate up` is another name of `rungs up`.
  if (words[0] === 'rungs' && words[1] === 'migrate')
    words.splice(1, 1, ...(words[2] === undefined ? ['up'] : []));
  const [by, verb, ...args] = words;
  return (by === 'task' || by === 'rungs') && verb !== undefined ? { by, verb, args } : null;
}

/** The flags among words, without their values. */
export const flagsIn = (words: readonly string[]): readonly string[] =>
  words.filter((w) => /^--[a-z]/.test(w)).map((w) => w.slice(2).replace(/[=,;.].*$/, ''));
