/** psql's meta-commands: which of them can be passed over, and why not the others. */

/** They change what psql shows, or guard it (`\restrict`, which pg_dump has written since August 2025). */
const WITHOUT_EFFECT = new Set([
  ...['restrict', 'unrestrict', 'echo', 'qecho', 'warn', 'timing', 'conninfo', 'errverbose'],
  ...['pset', 'a', 'f', 'C', 'H', 't', 'T', 'x'],
]);

/** `\dt`, `\l+` and the like: they show what there is. */
const SHOWS = /^(d[a-zA-Z]*|l|z|sf|sv)[S+]*$/;

/** psql's own variables: with these values it behaves as rungs does, or only looks different. */
const SETTINGS = new Map(
  Object.entries({
    ON_ERROR_STOP: /^(on|true|yes|1|)$/i,
    AUTOCOMMIT: /^(on|true|yes|1)$/i,
    ON_ERROR_ROLLBACK: /^(off|false|no|0)$/i,
    SINGLELINE: /^(off|false|no|0)$/i,
    SINGLESTEP: /^(off|false|no|0)$/i,
  }),
);
const LOOKS =
  /^(QUIET|ECHO|ECHO_HIDDEN|VERBOSITY|SHOW_CONTEXT|SHOW_ALL_RESULTS|FETCH_COUNT|HIDE_\w+|PROMPT[123])$/;

const SEMICOLON = 'end the statement with `;`';
const VARIABLE = 'variables are not filled in: write the value itself';
const ALL_OR_NOTHING = 'a migration stops at its first error, and is committed as a whole';
const CONDITION = 'psql decides it where it runs: decide in a DO block, which the server runs';
const CONNECT =
  'a migration runs on the one connection that rungs was given: name the database with `--database`, and keep a folder for each';
const INCLUDE =
  'what is in another file would be neither checked nor recorded: put it into this one, or make it a migration';

const WHY = new Map(
  Object.entries({
    c: CONNECT,
    connect: CONNECT,
    i: INCLUDE,
    include: INCLUDE,
    ir: INCLUDE,
    include_relative: INCLUDE,
    copy: 'write COPY ... FROM stdin, with the rows below it and `\\.` on a line of its own behind them',
    set: VARIABLE,
    unset: VARIABLE,
    getenv: VARIABLE,
    gset: VARIABLE,
    prompt: VARIABLE,
    if: CONDITION,
    elif: CONDITION,
    else: CONDITION,
    endif: CONDITION,
    g: SEMICOLON,
    gx: SEMICOLON,
    ';': 'leave the backslash out',
    gexec: 'use EXECUTE in a DO block',
    encoding: 'migration files are UTF-8',
    q: 'what comes after it would not run: take that out too',
    quit: 'what comes after it would not run: take that out too',
    '!': 'a migration runs nothing but SQL',
    o: 'a migration writes no files',
    out: 'a migration writes no files',
    '.': 'it ends the data of a COPY ... FROM stdin, and there is none above it',
  }),
);

/** `text`: from the backslash to the end of the line. Null: it can be passed over. */
export function refusal(text: string): string | null {
  const name = /^\\([A-Za-z_]+\+?|[\s\S]?)/.exec(text)?.[1] ?? '';
  const rest = text.slice(1 + name.length).replaceAll(/'(?:[^'\\]|\\[\s\S]|'')*'|"[^"]*"|`[^`]*`/g, '');
  if (!isHarmless(name, text.slice(1 + name.length).trim())) {
    const isSetting = name === 'set' && SETTINGS.has(rest.trim().split(/\s+/)[0] ?? '');
    const why = isSetting ? ALL_OR_NOTHING : (WHY.get(name) ?? 'take it out');
    return `\\${name} is a psql meta-command, not SQL: ${why}`;
  }
  return rest.includes('\\')
    ? `\\${name} has another backslash behind it: write one psql meta-command on a line, and no SQL after it`
    : null;
}

function isHarmless(name: string, rest: string): boolean {
  if (WITHOUT_EFFECT.has(name) || SHOWS.test(name)) return true;
  if (name === 'encoding') return /^'?(utf-?8|unicode)'?$/i.test(rest);
  if (name !== 'set') return false;
  const [variable = '', ...words] = rest.split(/\s+/);
  const value = words.join(' ').replaceAll("'", '');
  return LOOKS.test(variable) || SETTINGS.get(variable)?.test(value) === true;
}
