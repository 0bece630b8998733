/** golang-migrate, goose, tern and dbmate, as they are: each makes a database, and `adopt` takes it over. */

import { find, run } from '../support/adopt-tools.ts';
import { writeInto } from '../support/folder.ts';
import { type Project, takeover } from '../support/takeover.ts';

const program = (name: string): string => find(name) ?? name;
const urlOf = ({ database }: Project): string =>
  `${database.url}${database.url.includes('?') ? '&' : '?'}sslmode=disable`;

const NUMBERED = ['000001_users', '000002_posts', '000003_tags'] as const;

const golang = (project: Project, ...args: string[]) =>
  run(program('migrate'), ['-path', '.', '-database', urlOf(project), ...args], project.folder);

takeover({
  title: 'golang-migrate',
  needs: ['migrate'],
  tool: 'golang-migrate',
  table: 'schema_migrations',
  apply: (project) => {
    const pairs = NUMBERED.flatMap((name, i) => [
      [`${name}.up.sql`, `${project.makes[i]};`],
      [`${name}.down.sql`, `${project.drops[i]};`],
    ]);
    writeInto(project.folder, Object.fromEntries(pairs));
    return golang(project, 'up', '2');
  },
  // rungs has gone on in the same table.
  look: (project) => golang(project, 'version'),
  says: [/^3$/m],
  pairs: NUMBERED,
  isTimed: false,
});

const goose = (project: Project, ...args: string[]) =>
  run(program('goose'), ['-dir', '.', 'postgres', urlOf(project), ...args], project.folder);

takeover({
  title: 'goose',
  needs: ['goose'],
  tool: 'goose',
  table: 'goose_db_version',
  apply: (project) => {
    const files = ['00001_users.sql', '00002_posts.sql', '00003_tags.sql'].map((name, i) => [
      name,
      `-- +goose Up\n${project.makes[i]};\n-- +goose Down\n${project.drops[i]};\n`,
    ]);
    writeInto(project.folder, Object.fromEntries(files));
    return goose(project, 'up-to', '2');
  },
  look: (project) => goose(project, 'status'),
  says: [/Pending\s+-- 00003_tags/, /20\d\d -- 00002_posts/],
  pairs: NUMBERED,
  isTimed: true,
});

const tern = (project: Project, ...args: string[]) =>
  run(program('tern'), [...args, '--conn-string', urlOf(project), '-m', '.'], project.folder);

takeover({
  title: 'tern',
  needs: ['tern'],
  tool: 'tern',
  table: 'schema_version',
  apply: (project) => {
    const files = ['001_users.sql', '002_posts.sql', '003_tags.sql'].map((name, i) => [
      name,
      `${project.makes[i]};\n---- create above / drop below ----\n${project.drops[i]};\n`,
    ]);
    writeInto(project.folder, Object.fromEntries(files));
    return tern(project, 'migrate', '-d', '2');
  },
  look: (project) => tern(project, 'status'),
  says: [/version:\s+2 of 3/],
  pairs: NUMBERED,
  isTimed: false,
});

const STAMPED = ['20240101000001_users', '20240101000002_posts', '20240101000003_tags'] as const;

const dbmate = (project: Project, ...args: string[]) =>
  run(program('dbmate'), ['--url', urlOf(project), '-d', '.', '--no-dump-schema', ...args], project.folder);

takeover({
  title: 'dbmate',
  needs: ['dbmate'],
  tool: 'dbmate',
  table: 'schema_migrations',
  apply: async (project) => {
    const file = (i: number) => ({
      [`${STAMPED[i]}.sql`]: `-- migrate:up\n${project.makes[i]};\n-- migrate:down\n${project.drops[i]};\n`,
    });
    writeInto(project.folder, { ...file(0), ...file(1) });
    const ran = await dbmate(project, 'migrate');
    writeInto(project.folder, file(2));
    return ran;
  },
  look: (project) => dbmate(project, 'status'),
  says: [/\[X\] 20240101000002_posts/, /\[ \] 20240101000003_tags/, /Applied: 2/],
  pairs: STAMPED,
  isTimed: false,
  ours: 'rungs_migrations',
});
