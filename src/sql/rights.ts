/** The right that a role lacks (SQLSTATE 42501), and the GRANT that would do: read from the server's English words. */

import { REASONS } from '../reasons.ts';
import { identifier, qualified } from './quote.ts';

/** Who was refused, and in which database. */
export interface Who {
  readonly user: string;
  readonly database: string;
  /** As server_version_num: 180004. */
  readonly serverVersion: number;
}

/** What the server says. */
export interface Words {
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** Where no GRANT would do: of an extension that is not trusted, and of a setting before GRANT ON PARAMETER came in 15. */
const needsSuperuser = ({ message, hint = '' }: Words, who: Who | null): boolean =>
  /^Must be superuser /.test(hint) ||
  (/^permission denied to set parameter /.test(message) && (who?.serverVersion ?? 0) < 150000);

/** As in "role app lacks SELECT on table orders". */
export interface Lack {
  readonly right: string;
  readonly object: string;
  /** Gives it, typed by whoever may. Null of ownership, of which there is one: given away, its owner is without it. */
  readonly cure: string | null;
}

/**
 * `statement`: what was being run, for the right that it needs and the schema that it names. Null where the words are not
 * known, as on a server that speaks another language.
 */
export function lack(words: Words, statement: string, who: Who): Lack | null {
  if (needsSuperuser(words, who)) return null;
  const { message, detail = '' } = words;
  const to = `to ${identifier(who.user)}`;
  const onDatabase = (right: string): Lack => ({
    right,
    object: `database ${who.database}`,
    cure: `grant ${right.toLowerCase()} on database ${identifier(who.database)} ${to}`,
  });
  if (/^permission denied for database /.test(message)) return onDatabase('CREATE');
  if (/^permission denied to create extension /.test(message)) return onDatabase('CREATE');
  if (/^permission denied to create temporary tables /.test(message)) return onDatabase('TEMPORARY');
  const [, attribute] = /^permission denied to create (role|database)$/.exec(message) ?? [];
  if (attribute !== undefined) {
    const cure = `alter role ${identifier(who.user)} create${attribute === 'role' ? 'role' : 'db'}`;
    return { right: cure.split(' ').at(-1)?.toUpperCase() ?? '', object: 'the server', cure };
  }
  const [, parameter] = /^permission denied to set parameter "(.+)"$/.exec(message) ?? [];
  if (parameter !== undefined) {
    const right = firstWord(statement) === 'alter' ? 'alter system' : 'set';
    const cure = `grant ${right} on parameter ${parameter} ${to}`;
    return { right: right.toUpperCase(), object: `parameter ${parameter}`, cure };
  }
  const owned = new RegExp(`^must be owner of ${KIND} (?:"?)(.+?)"?$`).exec(message);
  if (owned !== null) {
    const [, kind = '', bare = ''] = owned;
    const name = bare.includes('.') && !statement.includes(bare) ? bare : nameIn(statement, bare);
    return { right: 'ownership', object: `${kind} ${name}`, cure: null };
  }
  const role =
    /^(?:must be member of|must be able to SET|permission denied to set) role "(.+)"$/i.exec(message) ??
    /^Only roles with privileges of the "(pg_\w+)" role may /.exec(detail);
  if (role !== null) {
    const name = role[1] ?? '';
    return { right: 'membership', object: `role ${name}`, cure: `grant ${identifier(name)} ${to}` };
  }
  const denied = new RegExp(`^permission denied for ${KIND} ("?)(\\S.*?)\\2$`).exec(message);
  if (denied === null) return null;
  const [, kind = '', , bare = ''] = denied;
  const granted = GRANTED[kind];
  if (granted === undefined) return null;
  const rights = granted.rights(firstWord(statement));
  const name = granted.isQualified ? nameIn(statement, bare) : identifier(bare);
  return {
    // The server does not say which of them it is.
    right: rights.toUpperCase().replace(/, (?=[^,]*$)/, ' or '),
    object: `${kind} ${bare}`,
    cure: `grant ${rights} on ${granted.on} ${name} ${to}`,
  };
}

/** Who lacks which right on what, and the command that gives it; for any 42501. */
export function rightHint(words: Words, statement: string, who: Who | null): string {
  if (needsSuperuser(words, who))
    return 'connect as a superuser, or have one run the statement and take it out of the file';
  const found = who === null ? null : lack(words, statement, who);
  if (who === null || found === null) return REASONS.permission.next;
  const { right, object, cure } = found;
  if (cure === null)
    return `role ${who.user} does not own ${object}: connect as its owner, or act as it with \`--role OWNER\``;
  return `role ${who.user} lacks ${right} on ${object}: \`${cure}\``;
}

/** As the server names them, those of several words first. */
const KIND =
  '(materialized view|foreign table|foreign server|foreign-data wrapper|event trigger|text search configuration|text search dictionary|operator class|operator family|statistics object|large object|[a-z]+)';

interface Granted {
  readonly on: string;
  /** Those that a statement beginning with this word needs. */
  readonly rights: (word: string) => string;
  readonly isQualified: boolean;
}

const always =
  (rights: string): Granted['rights'] =>
  () =>
    rights;

const ON_TABLE: Readonly<Record<string, string>> = {
  select: 'select',
  table: 'select',
  insert: 'insert',
  update: 'select, update',
  delete: 'select, delete',
  merge: 'select, insert, update, delete',
  truncate: 'truncate',
  lock: 'select, update, delete',
  alter: 'references',
};

/** A DO block or a function can do anything; CREATE TABLE needs REFERENCES, unless it reads another; CREATE VIEW SELECT, CREATE TRIGGER TRIGGER. */
const onTable = (word: string): string =>
  word.startsWith('create')
    ? (ON_CREATE[word.slice('create '.length)] ?? 'references')
    : (ON_TABLE[word] ?? 'select, insert, update, delete');

const ON_CREATE: Readonly<Record<string, string>> = {
  view: 'select',
  materialized: 'select',
  trigger: 'trigger',
  constraint: 'trigger',
  'table as': 'select',
};

const TABLE: Granted = { on: 'table', rights: onTable, isQualified: true };
const ROUTINE: Granted = { on: 'routine', rights: always('execute'), isQualified: true };
const TYPE: Granted = { on: 'type', rights: always('usage'), isQualified: true };

const GRANTED: Readonly<Record<string, Granted>> = {
  schema: {
    on: 'schema',
    rights: (word) => (/^(create|alter|begin)/.test(word) ? 'usage, create' : 'usage'),
    isQualified: false,
  },
  table: TABLE,
  view: TABLE,
  'materialized view': TABLE,
  'foreign table': TABLE,
  sequence: { on: 'sequence', rights: always('usage, select, update'), isQualified: true },
  function: ROUTINE,
  procedure: ROUTINE,
  aggregate: ROUTINE,
  type: TYPE,
  domain: TYPE,
  language: { on: 'language', rights: always('usage'), isQualified: false },
  tablespace: { on: 'tablespace', rights: always('create'), isQualified: false },
  'foreign server': { on: 'foreign server', rights: always('usage'), isQualified: false },
  'foreign-data wrapper': { on: 'foreign data wrapper', rights: always('usage'), isQualified: false },
  parameter: { on: 'parameter', rights: always('set'), isQualified: false },
};

/** CREATE TABLE ... AS a query, or (LIKE another); not AS IDENTITY, or the AS (...) of a generated column. */
const READS = /\bas\s[\s(]*(select|with|table|values|execute)\b|[(,]\s*like\s/;

/** `insert`, `create view`, `create table as`: behind comments, and without what may stand between CREATE and the kind. */
function firstWord(statement: string): string {
  const bare = statement.replace(/^(?:\s+|--[^\n]*\n?|\/\*[\s\S]*?\*\/)+/, '').toLowerCase();
  const [word = '', ...rest] = bare.split(/\s+/, 8);
  if (word !== 'create') return word;
  const kind = rest.find((w) => !/^(or|replace|temp|temporary|unlogged|global|local|recursive)$/.test(w));
  return kind === 'table' && READS.test(bare) ? 'create table as' : `create ${kind ?? ''}`;
}

/** The server names an object without its schema; the statement may name both. */
function nameIn(statement: string, bare: string): string {
  const escaped = bare.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const schema = new RegExp(
    String.raw`("(?:[^"]|"")+"|[\w$\u0080-\uffff]+)\s*\.\s*"?${escaped}(?![\w$])`,
    'i',
  ).exec(statement)?.[1];
  if (schema === undefined) return identifier(bare);
  return schema.startsWith('"') ? `${schema}.${identifier(bare)}` : qualified(schema.toLowerCase(), bare);
}
