/** What ToolHive’s document promises of `migrate up` and `migrate down`, through ours. */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../support/built.ts';
import { rungs } from '../../support/cli.ts';
import { schemaOf } from '../../support/schema.ts';
import { done, NOWHERE, project } from '../../support/toolhive.ts';

describe('migrate up', () => {
  test('--yes goes to the latest version and says it; and again there is nothing to do', async () => {
    const { migrate, recorded } = await project();
    expect(await migrate('up', '--yes')).toEqual(done('Migrated from version 0 to 4'));
    expect(await migrate('up', '-y')).toEqual(done('Already at latest version: 4'));
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
  });

  test('--num-steps 2 applies exactly two more', async () => {
    const { migrate, recorded } = await project();
    expect(await migrate('up', '--num-steps', '1', '--yes')).toMatchObject({ code: 0 });
    expect(await migrate('up', '--num-steps', '2', '--yes')).toEqual(
      done('Migrated from version 1 to 3\n1 pending'),
    );
    expect(await recorded()).toEqual([{ version: 3, dirty: false }]);
    expect(await migrate('up', '-n', '0', '-y')).toEqual(done('Migrated from version 3 to 4'));
  });

  test('with more steps than there are applies what there is, and then says so', async () => {
    const { migrate } = await project();
    const { code, stdout, stderr } = await migrate('up', '--num-steps', '9', '--yes');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Migrated from version 0 to 4\n' });
    expect(stderr).toMatch(/^warning: .*9/m);
  });

  test('makes schema_migrations, with version and dirty', async () => {
    const { migrate, database } = await project();
    await migrate('up', '--num-steps', '1', '--yes');
    const columns = await database.query(
      `select column_name, data_type, is_nullable from information_schema.columns
        where table_name = 'schema_migrations' order by ordinal_position`,
    );
    expect(columns).toEqual([
      { column_name: 'version', data_type: 'bigint', is_nullable: 'NO' },
      { column_name: 'dirty', data_type: 'boolean', is_nullable: 'NO' },
    ]);
  });

  test('runs side by side end well, and each migration is applied once', async () => {
    const { migrate, recorded, database } = await project();
    const runs = await Promise.all([1, 2, 3, 4].map(() => migrate('up', '--yes')));
    expect(runs.map((r) => r.code)).toEqual([0, 0, 0, 0]);
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
    expect(await database.query('select count(*)::int from schema_migrations_history')).toEqual([
      { count: 4 },
    ]);
  });
});

describe('migrate down', () => {
  test('--num-steps 1 --yes goes one back', async () => {
    const { migrate, recorded } = await project();
    await migrate('up', '--yes');
    expect(await migrate('down', '--num-steps', '1', '--yes')).toEqual(
      done('Rolled back from version 4 to 3'),
    );
    expect(await recorded()).toEqual([{ version: 3, dirty: false }]);
  });

  test.each([[[]], [['--yes']], [['--dry-run']]])(
    'without --num-steps (%j) is refused before connecting, with requireSteps',
    async (args) => {
      const { folder } = await project(['requireSteps: true']);
      const refused = await rungs(['migrate', 'down', '--config', 'config.yaml', ...args], {
        cwd: folder,
        env: NOWHERE,
      });
      expect(refused).toMatchObject({ code: 19, stdout: '' });
      expect(refused.stderr).toContain('--num-steps flag is required for down migrations (safety measure)');
      expect(refused.stderr).toContain('next: add `--num-steps N`; 0 reverts all');
    },
  );

  test.each([['--num-steps=1'], ['-n1'], ['1'], ['--all']])('%s is number enough for it', async (arg) => {
    const { migrate } = await project(['requireSteps: true']);
    await migrate('up', '--num-steps', '1', '--yes');
    expect(await migrate('down', arg, '--yes')).toEqual(done('Rolled back from version 1 to 0'));
  });

  test('--num-steps 0 reverts all: the table stays, without a row', async () => {
    const { migrate, recorded, database } = await project();
    await migrate('up', '--num-steps', '0', '--yes');
    expect(await migrate('down', '--num-steps', '0', '--yes')).toEqual(
      done('Rolled back from version 4 to 0'),
    );
    expect(await recorded()).toEqual([]);
    const left = (await schemaOf(database)).filter((line) => !line.includes('schema_migrations'));
    expect(left.filter((line) => /^(relation|type|index|constraint)/.test(line))).toEqual([]);
  });

  test('with more steps than there are reverts what there is, and then says so', async () => {
    const { migrate } = await project();
    await migrate('up', '--yes');
    const { code, stdout, stderr } = await migrate('down', '--num-steps', '1000', '--yes');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Rolled back from version 4 to 0\n' });
    expect(stderr).toMatch(/^warning: .*1000/m);
  });

  test('-n -1 is no number of steps', async () => {
    const { migrate } = await project();
    expect(await migrate('down', '--num-steps=-1', '--yes')).toMatchObject({ code: 19, stdout: '' });
  });
});

test('a bundle answers to the same commands, with the same file', async () => {
  const { folder, recorded } = await project(['requireSteps: true']);
  const built = await rungs(['build', '--config', 'config.yaml', '--outfile', 'dist/migrate.mjs'], {
    cwd: folder,
  });
  expect(built).toMatchObject({ code: 0 });
  const bundle = (words: string) => run(join(folder, 'dist/migrate.mjs'), words.split(' '), { cwd: folder });
  expect(await bundle('migrate up --config config.yaml --yes')).toEqual(done('Migrated from version 0 to 4'));
  expect(await bundle('down --config config.yaml --yes')).toMatchObject({ code: 19 });
  expect(await bundle('down --config config.yaml --num-steps 1 --yes')).toMatchObject({ code: 0 });
  expect(await recorded()).toEqual([{ version: 3, dirty: false }]);
  const shown = await bundle('config --config config.yaml');
  expect(shown.stdout).toMatch(/^path +- +the bundle$/m);
});
