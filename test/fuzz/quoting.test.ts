/** Text that is put into SQL comes back out of a real server as it was, and does nothing there. */

import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { dollar, identifier, literal } from '../../src/sql/quote.ts';
import { createDatabase } from '../support/database.ts';
import { property } from '../support/fuzz.ts';
import { made, odd } from '../support/odd.ts';

/** What no name and no value of PostgreSQL's can have. */
const sendable = (text: string): boolean => !/[\0\p{Surrogate}]/u.test(text);
const text = fc
  .oneof(
    odd,
    made([
      "'",
      "''",
      '\\',
      "\\'",
      '"',
      '$',
      '$rungs',
      '$rungs$',
      '$rungs1$',
      ';',
      '--',
      '/*',
      'drop table canary',
      '\n',
      '%',
      '\u00a0',
    ]),
  )
  .filter(sendable);
/** Many in one query: the server is asked as rarely as it can be. */
const many = fc.array(text, { minLength: 1, maxLength: 60 });

let client: pg.Client;
beforeAll(async () => {
  const { url } = await createDatabase();
  client = new pg.Client(url);
  await client.connect();
  await client.query('create table canary (id int); insert into canary values (1)');
});
afterAll(() => client.end());

async function rowOf(expressions: readonly string[]): Promise<readonly unknown[]> {
  const { rows } = await client.query({ text: `select ${expressions.join(', ')}`, rowMode: 'array' });
  return rows[0] ?? [];
}

describe.each(['on', 'off'])('with standard_conforming_strings=%s', (setting) => {
  beforeAll(async () => {
    await client.query(`set standard_conforming_strings = ${setting}; set escape_string_warning = off`);
  });

  property('a literal is the text, and the table beside it is as it was', 400, many, async (all) => {
    expect(await rowOf(all.map((t) => `${literal(t)}::text`))).toEqual(all);
    expect(await rowOf(['count(*)::int from canary'])).toEqual([1]);
  });

  property('a literal in a body is the text too', 300, many, async (all) => {
    const raised: string[] = [];
    const hear = ({ message = '' }: { message?: string | undefined }) => void raised.push(message);
    client.on('notice', hear);
    const lines = all.filter((t) => t !== '').map((t) => `raise info using message = ${literal(t)};`);
    await client.query(`do ${dollar(` begin ${lines.join('\n')} end `)}`);
    client.off('notice', hear);
    expect(raised).toEqual(all.filter((t) => t !== ''));
  });

  property('a body is the text, whatever tags are in it', 300, many, async (all) => {
    expect(await rowOf(all.map((t) => dollar(t)))).toEqual(all);
  });
});

describe('an identifier', () => {
  /** PostgreSQL cuts names after 63 bytes. */
  const name = text.filter((t) => t !== '' && Buffer.byteLength(t) <= 63);
  property(
    'names what it says, and nothing beside it',
    400,
    fc.array(name, { minLength: 1, maxLength: 60 }),
    async (all) => {
      const { fields } = await client.query({
        text: `select ${all.map((t, i) => `${i} as ${identifier(t)}`).join(', ')}`,
        rowMode: 'array',
      });
      expect(fields.map((f) => f.name)).toEqual(all);
    },
  );
});
