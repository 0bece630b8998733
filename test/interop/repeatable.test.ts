/** Repeatables in a folder that golang-migrate uses too: to it they are not there, nor is what they leave behind. */

import { expect, it } from 'vitest';
import { down, status, up } from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';
import { folderOf } from '../support/folder.ts';
import { besideGolangMigrate, golang } from '../support/golang-migrate.ts';

const FILES = {
  '1_t.up.sql': 'create table t (id int);',
  '1_t.down.sql': 'drop table t cascade;',
  '2_u.up.sql': 'create table u (id int);',
  '2_u.down.sql': 'drop table u;',
  'R__v.sql': 'create or replace view v as select id from t;',
};

besideGolangMigrate('repeatables beside golang-migrate', () => {
  it('are nothing to it, before and after they have run', async () => {
    const database = await createDatabase();
    const migrations = folderOf(FILES);
    const theirs = async (...args: readonly string[]) => {
      const { code, output } = await golang(database, migrations, args);
      return `${code} ${output.trim().replaceAll(/ \(.*\)/g, '')}`;
    };
    const ours = async () => (await up({ database: database.url, migrations })).applied.map((s) => s.id);

    expect(await theirs('up')).toBe('0 1/u t\n2/u u');
    expect(await ours()).toEqual(['R__v.sql']);
    expect(await theirs('version')).toBe('0 2');
    expect(await theirs('up')).toBe('0 no change');
    expect(await ours()).toEqual([]);

    // Its down takes the view along, and the next run of ours brings it back.
    expect(await theirs('down', '2')).toBe('0 2/d u\n1/d t');
    const { migrations: rows } = await status({ database: database.url, migrations });
    expect(rows.map((m) => `${m.id} ${m.state}`)).toEqual(['1 pending', '2 pending', 'R__v.sql pending']);
    expect(await ours()).toEqual(['1', '2', 'R__v.sql']);
    expect(await theirs('version')).toBe('0 2');
    expect((await down({ database: database.url, migrations, steps: 2 })).to).toBeNull();
    expect(await ours()).toEqual(['1', '2', 'R__v.sql']);
    expect(await theirs('version')).toBe('0 2');
  });
});
