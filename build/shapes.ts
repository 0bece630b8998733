/** The words that the schema of the `--json` documents is written in. */

import { CODES } from '../src/errors.ts';
import type { Mode } from '../src/migration.ts';
import { REASONS } from '../src/reasons.ts';

export type Schema = { readonly [keyword: string]: unknown };

export const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const text: Schema = { type: 'string' };
export const textOrNull: Schema = { type: ['string', 'null'] };
export const flag: Schema = { type: 'boolean' };
export const count: Schema = { type: 'integer', minimum: 0 };
export const countFrom1: Schema = { type: 'integer', minimum: 1 };
export const countOrNull: Schema = { type: ['integer', 'null'], minimum: 0 };
export const placeOrNull: Schema = { type: ['integer', 'null'], minimum: 1 };
export const one = (...values: readonly string[]): Schema => ({ enum: values });
export const said = (description: string, schema: Schema): Schema => ({ description, ...schema });

/** Every property is there, and no other. */
export const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

export const VERSION_OR_NONE = said('Null: none.', orNull(ref('versionText')));
/** The end of a document that is printed only where nothing failed: else it is `ended`. */
export const NO_FAILURE = { warnings: list(ref('warning')), error: { type: 'null' } };
export const VERSION = said('A bigint, in decimal.', {
  type: 'string',
  pattern: '^(0|[1-9][0-9]{0,18})$',
});
export const DIRECTION = one('up', 'down');
export const MODES = ['atomic', 'resumable', 'plain'] as const satisfies readonly Mode[];

export const placed = { file: textOrNull, line: placeOrNull, column: placeOrNull };

/** What a MigrateError is to a program. */
export const ERROR: Readonly<Record<string, Schema>> = {
  code: said('Stable; each has its own exit code.', one(...Object.keys(CODES))),
  reason: said('Finer than the code, and as stable.', one(...Object.keys(REASONS))),
  operation: text,
  message: said('In the server’s own words where it spoke.', text),
  sqlstate: { type: ['string', 'null'], pattern: '^[0-9A-Z]{5}$' },
  ...placed,
  hint: said('What to do next.', text),
  details: list(text),
};
