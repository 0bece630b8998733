/** The words that the schema of the `--json` documents is written in. */

import type { Mode } from '../src/migration.ts';

export type Schema = { readonly [keyword: string]: unknown };

export const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const text: Schema = { type: 'string' };
export const textOrNull: Schema = { type: ['string', 'null'] };
export const flag: Schema = { type: 'boolean' };
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
export const NO_ERROR: Schema = { type: 'null' };
export const VERSION = said('A bigint, in decimal.', {
  type: 'string',
  pattern: '^(0|[1-9][0-9]{0,18})$',
});
export const DIRECTION = one('up', 'down');
export const MODES = ['atomic', 'resumable', 'plain'] as const satisfies readonly Mode[];
