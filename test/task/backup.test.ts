/** The targets: what they are given arrives as it was typed, and they are about the project's own database. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { pgDumpFits } from '../support/pg-dump.ts';
import { installedIn, task, withTask } from '../support/task.ts';

withTask('task db:backup and task db:restore', () => {
  test('hand their arguments over, and speak of targets', async () => {
    const project = installedIn('includes');
    const { url } = await createDatabase();
    const env = { DATABASE_URL: url };
    const made = await task(project, ['db:backup', '--', '--output', "it's $(touch pwned)/"], { env });
    if (pgDumpFits) {
      expect(made.code).toBe(0);
      expect(made.stdout).toMatch(/^it's \$\(touch pwned\)\/rungs_test_\w+-\w+\.dump \(/);
      const file = made.stdout.split(' (')[0] ?? '';
      expect(await task(project, ['db:restore', '--', file], { env })).toMatchObject({ code: 0 });
    } else {
      expect(made).toMatchObject({ code: 11, stdout: '' });
      expect(made.stderr).toContain('next: install it: ');
    }
    expect(readdirSync(project)).not.toContain('pwned');
    const gone = await task(project, ['db:restore', '--', 'no such.dump'], { env });
    expect(gone).toMatchObject({ code: 19, stdout: '' });
    expect(gone.stderr).toContain('error: there is no file "no such.dump"');
    const none = await task(project, ['db:restore'], { env });
    expect(none.stderr).toContain('next: see `task db:restore -- --help`');
    expect(readdirSync(join(project))).not.toContain('backups');
  });
});
