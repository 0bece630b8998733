/** What a dry run prints, word for word. */

import { expect, it } from 'vitest';
import { lines, workplace } from '../support/workplace.ts';

it('spells each migration as its file does, whatever the width of its number', async () => {
  const { rungs } = await workplace({
    '1_a.up.sql': 'create table a (id int);',
    '01_a_first.down.sql': 'drop table a;',
    '0002_b.down.up.sql': 'create table b (id int);',
    '20240101120000_c d.up.sql': 'vacuum a;',
    '20240101120001_gone.down.sql': 'select 1;',
  });
  expect((await rungs('up --dry-run')).stdout).toBe(
    lines(
      'Dry run - the following migrations would be applied:',
      '  - 1_a',
      '  - 0002_b.down',
      '  - 20240101120000_c d [resumable]',
      '  - 20240101120001_gone',
      '',
      'Current version: 0',
      'Target version: 20240101120001',
    ),
  );
  await rungs('up --num-steps 1');
  expect((await rungs('down --dry-run')).stdout).toBe(
    lines(
      'Dry run - the following migration would be rolled back:',
      '  - 01_a_first',
      '',
      'Current version: 1',
      'Target version: 0',
    ),
  );
});
