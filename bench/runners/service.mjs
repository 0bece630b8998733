/** A service that migrates itself as it starts, as soon as it is told to; by itself with the folder that it is given. */

import { once } from 'node:events';
import 'node:http';
import pg from 'pg';
import { migrateOnStart } from 'rungs';

const url = process.env.DATABASE_URL;

export async function serve(migrate) {
  console.log('ready');
  await once(process.stdin, 'data');
  await migrate();
  console.log('done');
}

export const withRungs = (migrations) => serve(() => migrateOnStart({ url, migrations }));

/** The least that looking could cost. */
async function ask() {
  const client = new pg.Client(url);
  await client.connect();
  await client.query('select 1');
  await client.query('select 2');
  await client.end();
}

const [, , what] = process.argv;
if (what === 'ask') await serve(ask);
else if (what !== undefined) await withRungs(what);
