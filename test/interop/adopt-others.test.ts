/** Alembic, Flyway, Rails' migrations and sqlx as they are: each makes a database, and `adopt` takes it over. */

import { find, run } from '../support/adopt-tools.ts';
import { writeInto } from '../support/folder.ts';
import { type Project, type Takeover, takeover } from '../support/takeover.ts';

const REVISIONS = ['1975ea83b712', 'ae1027a6acf2', '27c6a30d7c24'];

const ENV = `import os
from alembic import context
from sqlalchemy import create_engine
with create_engine(os.environ['URL']).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
`;

const alembic = ({ folder, database }: Project, ...args: string[]) =>
  run(find('alembic') ?? '', args, folder, { URL: database.url.replace(/^\w+:/, 'postgresql+psycopg2:') });

takeover({
  title: 'Alembic',
  needs: ['alembic'],
  tool: 'alembic',
  table: 'alembic_version',
  apply: (project) => {
    const files = REVISIONS.map((revision, i) => [
      `a/versions/${revision}_step.py`,
      `from alembic import op
revision = '${revision}'
down_revision = ${i === 0 ? 'None' : `'${REVISIONS[i - 1]}'`}
def upgrade():
    op.execute("${project.makes[i]}")
def downgrade():
    op.execute("${project.drops[i]}")
`,
    ]);
    writeInto(project.folder, {
      ...Object.fromEntries(files),
      'alembic.ini': '[alembic]\nscript_location = a\n',
      'a/env.py': ENV,
      'a/script.py.mako': '',
    });
    return alembic(project, 'upgrade', '+2');
  },
  look: (project) => alembic(project, 'current'),
  says: [/^ae1027a6acf2$/m],
  pairs: ['001_1975ea83b712_users', '002_ae1027a6acf2_posts', '003_27c6a30d7c24_tags'],
  isTimed: false,
});

/** Flyway by its Java API: its own command is the same calls, and 100 MB. */
const JAVA = `import org.flywaydb.core.Flyway;
public class Run {
  public static void main(String[] args) {
    Flyway flyway = Flyway.configure().dataSource(System.getenv("URL"), System.getenv("WHO"), System.getenv("SECRET"))
      .locations("filesystem:m").target(args[0]).load();
    if (args.length == 1) flyway.migrate();
    for (var m : flyway.info().all()) System.out.println(m.getVersion() + " " + m.getDescription() + " " + m.getState());
  }
}
`;

const flyway = ({ folder, database }: Project, ...args: string[]) => {
  const { host, pathname, username, password } = new URL(database.url);
  const env = {
    URL: `jdbc:postgresql://${host}${pathname}`,
    WHO: decodeURIComponent(username),
    SECRET: decodeURIComponent(password),
  };
  return run(find('java') ?? '', ['-cp', `${find('flyway/lib')}/*`, 'Run.java', ...args], folder, env);
};

takeover({
  title: 'Flyway',
  needs: ['javac', 'flyway/lib'],
  tool: 'flyway',
  table: 'flyway_schema_history',
  apply: (project) => {
    const names = ['V1__users.sql', 'V2__posts.sql', 'V3__tags.sql'];
    const files = names.map((name, i) => [`m/${name}`, `${project.makes[i]};\n`]);
    writeInto(project.folder, { ...Object.fromEntries(files), 'Run.java': JAVA });
    return flyway(project, '2');
  },
  look: (project) => flyway(project, 'latest', 'info'),
  says: [/^2 posts SUCCESS$/m, /^3 tags PENDING$/m],
  pairs: ['01_users', '02_posts', '03_tags'],
  isTimed: true,
});

const RUBY = `require 'pg'
require 'active_record'
ActiveRecord::Base.establish_connection(ENV['URL'])
ActiveRecord::Migration.verbose = false
rest = ActiveRecord::VERSION::MAJOR < 7 ? [ActiveRecord::SchemaMigration] : []
context = ActiveRecord::MigrationContext.new('m', *rest)
if ARGV[0] == 'status'
  context.migrations_status.each { |status, version, name| puts [status, version, name].join(' ') }
else
  context.migrate(ARGV[0].to_i)
end
`;

const rails = ({ folder, database }: Project, word: string) =>
  run(find('ruby-activerecord') ?? '', ['run.rb', word], folder, { URL: database.url });

takeover({
  title: 'Rails',
  needs: ['ruby-activerecord'],
  tool: 'rails',
  table: 'schema_migrations',
  apply: (project) => {
    const files = ['users', 'posts', 'tags'].map((name, i) => [
      `m/2024010100000${i + 1}_create_${name}.rb`,
      `class Create${name.charAt(0).toUpperCase()}${name.slice(1)} < ActiveRecord::Migration::Current
  def up = execute('${project.makes[i]}')
  def down = execute('${project.drops[i]}')
end
`,
    ]);
    writeInto(project.folder, { ...Object.fromEntries(files), 'run.rb': RUBY });
    return rails(project, '20240101000002');
  },
  look: (project) => rails(project, 'status'),
  says: [/^up 20240101000002 Create posts$/m, /^down 20240101000003 Create tags$/m],
  pairs: ['20240101000001_users', '20240101000002_posts', '20240101000003_tags'],
  isTimed: false,
  ours: 'rungs_migrations',
});

const sqlx = ({ folder, database }: Project, ...args: string[]) =>
  run(find('sqlx') ?? '', ['migrate', ...args, '--source', 'm'], folder, { DATABASE_URL: database.url });

/**
 * Only where it is, and never in CI: it takes a newer Rust than Debian's and minutes to build, and no registry has it
 * built. Its table's definition is in test/db/adopt.test.ts too.
 */
const SQLX: Takeover = {
  title: 'sqlx',
  needs: ['sqlx'],
  tool: 'sqlx',
  table: '_sqlx_migrations',
  apply: async (project) => {
    const names = ['1_users.sql', '2_posts.sql', '3_tags.sql'];
    const files = names.map((name, i) => [`m/${name}`, `${project.makes[i]};\n`]);
    writeInto(project.folder, Object.fromEntries(files));
    return sqlx(project, 'run', '--target-version', '2');
  },
  look: (project) => sqlx(project, 'info'),
  says: [/^2\/installed posts$/m, /^3\/pending tags$/m],
  pairs: ['01_users', '02_posts', '03_tags'],
  isTimed: true,
};

if (process.env.CI !== 'true' && find('sqlx') !== null) takeover(SQLX);
else console.error('tests: skipped sqlx, which is not for CI (cargo install sqlx-cli)');
