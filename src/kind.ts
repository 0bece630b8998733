/** What a value of the API may be: the kinds of which src/allowed.ts is a table, each with the words for what it wants. */

import { nearest } from './config/nearest.ts';
import { quotable, unquotable } from './config/unquotable.ts';

/** `isNeeded`: it may not be absent. What is undefined is absent, everywhere. */
export interface Kind<Needed extends boolean = boolean> {
  readonly isNeeded: Needed;
  /** Behind the colon, as in "a whole number from 1 to 100". */
  readonly words: string;
  /** What is wrong with a value that is there, a line each, `at` in front. */
  readonly faults: (value: unknown, at: string) => readonly string[];
  /** Without what is undefined in it. */
  readonly clean: (value: unknown) => unknown;
}

export type Optional = Kind<false>;

/** A kind for each property of a type, which agree on what may be absent. */
export type Table<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? Kind<false> : Kind<true>;
};
type Kinds = Readonly<Record<string, Kind>>;

const same = (value: unknown) => value;

/** `isSecret`: what it is instead is told, but not shown. */
export const kind = (words: string, isOne: (value: unknown) => boolean, isSecret = false): Optional => ({
  isNeeded: false,
  words,
  faults: (value, at) =>
    isOne(value) ? [] : [`${at} is ${isSecret ? veiled(value) : shown(value)}: ${words}`],
  clean: same,
});

export const needed = (of: Kind): Kind<true> => ({ ...of, isNeeded: true });
export const optional = (of: Kind): Optional => ({ ...of, isNeeded: false });

export const text = (words: string): Optional => kind(words, (v) => typeof v === 'string');
export const textOrNull = (words: string, isSecret = false): Optional =>
  kind(words, (v) => v === null || typeof v === 'string', isSecret);
export const none: Optional = kind('null', (v) => v === null);
export const callable: Optional = kind('a function', (v) => typeof v === 'function');
export const flag: Optional = kind('true or false', (v) => typeof v === 'boolean');

export const whole = (least: number, most = Number.MAX_SAFE_INTEGER): Optional =>
  kind(
    `a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`,
    (v) => Number.isSafeInteger(v) && Number(v) >= least && Number(v) <= most,
  );

const isTime = (v: unknown): boolean => typeof v === 'number' && v >= 0;
export const milliseconds: Optional = kind(
  'a number of milliseconds from 0',
  (v) => isTime(v) && v !== Infinity,
);
export const limit: Optional = kind('a number of milliseconds from 0, or Infinity', isTime);

export const oneOf = (...words: readonly string[]): Optional =>
  kind(words.map((word) => `'${word}'`).join(' or '), (v) => words.includes(v as string));

/** Either of them; what it is called is what both are. */
export const either = (words: string, ...kinds: readonly Kind[]): Optional =>
  kind(words, (v) => kinds.some((k) => k.faults(v, '').length === 0));

/** An object with these properties and no others. */
export const section = <T>(
  table: Table<T>,
  words = `an object with ${inWords(Object.keys(table), 'or')}`,
): Optional => ({
  isNeeded: false,
  words,
  faults: (value, at) =>
    isObject(value) ? faultsIn(value, table, `${at}.`, 'key') : [`${at} is ${shown(value)}: ${words}`],
  clean: (value) => (isObject(value) ? cleanIn(value, table) : value),
});

/** An object whose properties have names of the user's own. */
export const mapping = (words: string, of: Kind): Optional => ({
  ...kind(words, isObject),
  faults: (value, at) =>
    isObject(value)
      ? Object.entries(defined(value)).flatMap(([key, v]) => of.faults(v, `${at}.${key}`))
      : [`${at} is ${shown(value)}: ${words}`],
  clean: (value) => (isObject(value) ? defined(value) : value),
});

/** A list of these; anything else is to be `other`. */
export const listOr = (item: Kind, other: Kind): Optional => ({
  ...other,
  isNeeded: false,
  faults: (value, at) =>
    Array.isArray(value) ? value.flatMap((v, i) => item.faults(v, `${at}[${i}]`)) : other.faults(value, at),
});

/** What is wrong in an object, and what it lacks. `called`: a property of it. */
export function faultsIn(given: object, table: Kinds, at: string, called: string): readonly string[] {
  const there = defined(given);
  const lacking = Object.entries(table).filter(
    ([key, { isNeeded }]) => isNeeded && !Object.hasOwn(there, key),
  );
  return [
    ...Object.entries(there).flatMap(([key, value]) => {
      const of = Object.hasOwn(table, key) ? table[key] : undefined;
      return of === undefined
        ? [unknown(at, key, Object.keys(table), called)]
        : of.faults(value, `${at}${key}`);
    }),
    ...lacking.map(([key, { words }]) => `${at}${key} is missing: ${words}`),
  ];
}

export const cleanIn = (given: object, table: Kinds): object =>
  Object.fromEntries(
    Object.entries(defined(given)).map(([key, value]) => [key, table[key]?.clean(value) ?? value]),
  );

const defined = (given: object): object =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function unknown(section: string, key: string, known: readonly string[], called: string): string {
  const at = `${section}${unquotable(key) ?? key}`;
  const meant =
    nearest(key, known) ?? known.find((name) => isWithin(name, key) || isWithin(key, name)) ?? null;
  return `${at} is not a known ${called}; ${meant === null ? `there are ${inWords(known, 'and')}` : `did you mean ${meant}?`}`;
}

/** `steps` in `numSteps`. A word of three letters is in many others. */
const isWithin = (word: string, other: string): boolean =>
  word.length > 3 && other.toLowerCase().includes(word.toLowerCase());

const inWords = (words: readonly string[], and: string): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${and} ${words.at(-1)}`;

/** What it is, and nothing of what is in it. */
function veiled(value: unknown): string {
  if (typeof value === 'string') return 'a text';
  return ['number', 'bigint', 'boolean'].includes(typeof value) ? `a ${typeof value}` : shown(value);
}

/** Nothing that might be a URL with a password in it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return quotable(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object' || value === null) return String(value);
  const name: unknown = value.constructor?.name;
  if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object';
  return `${/^[AEIO]/i.test(name) ? 'an' : 'a'} ${name}`;
}
