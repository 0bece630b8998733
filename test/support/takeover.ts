/** One tool's project of three migrations, two of which it has applied, and what becomes of it with rungs. */

import { expect, test } from 'vitest';
import { beside, type Ran } from './adopt-tools.ts';
import { rungs } from './cli.ts';
import { createDatabase, type Database } from './database.ts';
import { type Document, documentOf } from './documents.ts';
import { folderOf } from './folder.ts';

const MAKES = [
  'create table users (id int primary key)',
  'create table posts (id int)',
  'create table tags (id int)',
];
const DROPS = ['drop table users', 'drop table posts', 'drop table tags'];

export interface Project {
  readonly database: Database;
  /** Empty but for what is written there. */
  readonly folder: string;
  readonly makes: readonly string[];
  readonly drops: readonly string[];
}

export interface Takeover {
  readonly title: string;
  readonly needs: readonly string[];
  /** As `--from` names it. */
  readonly tool: string;
  readonly table: string;
  /** Applies the first two. */
  readonly apply: (project: Project) => Promise<Ran>;
  /** Asks the tool where it is. */
  readonly look: (project: Project) => Promise<Ran>;
  /** In what it says then. */
  readonly says: readonly RegExp[];
  /** The names of the three files for rungs, without `.up.sql`; or what makes of the tool's own text. */
  readonly pairs: readonly [string, string, string];
  readonly text?: (sql: string) => string;
  /** Whether its table has times. */
  readonly isTimed: boolean;
  /** Ours, where the tool's table has the name. */
  readonly ours?: string;
}

interface Adopted extends Document {
  readonly tool: string;
  readonly from: string;
  readonly written: boolean;
  readonly setting: { readonly value: string; readonly file: string | null } | null;
}

export function takeover(t: Takeover): void {
  beside(t.title, t.needs, () => {
    test('is shown, taken over, gone on from, and left as it was', async () => {
      const database = await createDatabase();
      const project = { database, folder: folderOf({}), makes: MAKES, drops: DROPS };
      const applied = await t.apply(project);
      expect(applied.code, applied.output).toBe(0);
      const rows = () => database.query(`select * from ${t.table} x order by x::text`);
      const before = await rows();
      const { text = (sql) => `${sql};\n` } = t;
      const pairs = t.pairs.flatMap((name, i) => [
        [`migrations/${name}.up.sql`, text(MAKES[i] ?? '')],
        [`migrations/${name}.down.sql`, `${DROPS[i]};\n`],
      ]);
      const cwd = folderOf(Object.fromEntries(pairs));
      const say = (...args: string[]) => rungs(args, { cwd, env: { DATABASE_URL: database.url } });
      const ours = t.ours ?? 'schema_migrations';
      const journal = () => database.query(`select to_regclass('${ours}_history')::text as name`);

      const shown = documentOf(await say('adopt', '--json')) as Adopted;
      expect(shown).toMatchObject({ tool: t.tool, written: false, error: null });
      expect(await journal()).toEqual([{ name: null }]);

      const done = await say('adopt', '--yes', '--json');
      expect(done.code, done.stdout + done.stderr).toBe(0);
      const document = documentOf(done) as Adopted;
      expect(document).toMatchObject({ tool: t.tool, written: true, error: null });
      expect(document.setting).toEqual(
        t.ours === undefined ? null : { key: 'table', value: ours, file: 'rungs.yaml' },
      );

      const { migrations = [] } = documentOf(await say('status', '--json'));
      expect(migrations.map((m) => m.state)).toEqual(['applied', 'applied', 'pending']);
      const times = migrations.map((m) => (m as unknown as { appliedAt: string | null }).appliedAt !== null);
      expect(times).toEqual([t.isTimed, t.isTimed, false]);
      expect(documentOf(await say('up', '--json')).applied).toMatchObject([{ mode: 'atomic' }]);
      expect(await database.query(`select to_regclass('tags')::text as name`)).toEqual([{ name: 'tags' }]);
      expect(await database.query(`select kind, tool from ${ours}_history order by id limit 2`)).toEqual(
        Array(2).fill({ kind: 'adopted', tool: t.tool }),
      );

      if (t.tool !== 'golang-migrate') expect(await rows()).toEqual(before);
      const looked = await t.look(project);
      expect(looked.code, looked.output).toBe(0);
      for (const pattern of t.says) expect(looked.output).toMatch(pattern);
      const again = await say('adopt', '--yes', '--json');
      expect(documentOf(again).error?.reason).toBe('already_managed');
    });
  });
}
