/** Would `up` succeed? Looks at everything it depends on, goes on after a failure where it can, and writes nothing. */

import { Checklist, type Found } from './checklist.ts';
import { lockIds } from './config/lock-id.ts';
import { MigrateError } from './errors.ts';
import type { Job } from './job.ts';
import type { Identity } from './ledger/identify.ts';
import { decode, type Facts, lacks, read } from './ledger/rights.ts';
import { sentinelName } from './ledger/sentinel.ts';
import { look, readRecorded, type Sight } from './look.ts';
import type { Migrations } from './migration.ts';
import { heldBy, holder } from './pg/lock.ts';
import { refusePool } from './pg/pooler.ts';
import type { Session } from './pg/session.ts';
import type { Recorded } from './recorded.ts';
import { asMigrateError, refused } from './refused.ts';
import { counted } from './report/amounts.ts';
import type { Check } from './report.ts';
import { identifier } from './sql/quote.ts';
import { skipFiles, verifyFiles } from './verify-files.ts';

export async function verify(job: Job): Promise<readonly Check[]> {
  const list = new Checklist();
  const source = await list.look('files', () => sourceOf(job), filesFound);
  const begun = job.now();
  const session = await list.look(
    'connection',
    () => job.door.open(source?.layout),
    () => ({
      message: `connected in ${Math.round(job.now() - begun)} ms`,
    }),
  );
  if (session === null) {
    list.skip(['server', 'rights', 'version table', 'lock'], 'there is no connection');
    skipFiles(list, 'there is no connection');
    return list.checks;
  }
  try {
    await verifyDatabase(list, job, session, source);
  } finally {
    await session.close().catch(() => {});
  }
  return list.checks;
}

/** A hook that cannot be read stops a run like a migration. */
async function sourceOf(job: Job): Promise<Migrations> {
  const source = await job.source();
  await job.hooks();
  return source;
}

function filesFound({ migrations, repeatable, origin, ignored }: Migrations): Found {
  if (migrations.length + repeatable.length === 0)
    return { message: `no migration files in ${origin}`, hint: 'check `--path`' };
  const again = repeatable.length === 0 ? '' : ` and ${counted(repeatable.length, 'repeatable')}`;
  const message = `${counted(migrations.length, 'migration')}${again} in ${origin}`;
  const passedOver = ignored.map(({ path, why }) => `${path} is not run: ${why}`).join('; ');
  return passedOver === ''
    ? { message }
    : { message: `${message}; ${passedOver}`, hint: 'rename or remove it' };
}

async function verifyDatabase(
  list: Checklist,
  job: Job,
  session: Session,
  source: Migrations | null,
): Promise<void> {
  const sight = await identified(list, job, session, source);
  if (sight === null) {
    list.skip(['rights', 'lock'], 'the version table’s place is not known');
    skipFiles(list, 'the version table’s place is not known');
    return;
  }
  const recorded = await list.look(
    'version table',
    () => refused(readRecorded(session, sight), 'MIGRATION_VERSION_FAILED', 'read the version'),
    (r) => ({ message: versionTable(sight, r) }),
  );
  const isHeld = await verifyLock(list, job, session, sight);
  if (source === null || recorded === null) {
    skipFiles(list, source === null ? 'the files could not be read' : 'the version could not be read');
    return;
  }
  await verifyFiles(list, job, session, { sight, source, recorded, isHeld });
}

/** The server, the version table’s shape, and the rights on it. */
async function identified(
  list: Checklist,
  job: Job,
  session: Session,
  source: Migrations | null,
): Promise<Sight | null> {
  try {
    const sight = await refused(
      look(session, job.door.table, source?.layout ?? null),
      'MIGRATION_INIT_FAILED',
      'identify the database',
    );
    const { identity, place } = sight;
    const reply = await refused(
      session.query(read(place, sight.ledger)),
      'MIGRATION_INIT_FAILED',
      'look at the rights',
    );
    const facts = decode(reply.sets[0]?.[0] ?? {});
    verifyServer(list, facts, identity);
    // A script that has run needs no journal to be left alone.
    const creates =
      identity.ledger === null || (identity.journal === null && sight.ledger.layout !== 'script');
    const missing = lacks(facts, place, creates, identity);
    for (const { right, object, cure } of missing) {
      const message = `role ${identity.user} lacks ${right} on ${object}`;
      const hint = `\`${cure}\``;
      list.failed(
        'rights',
        new MigrateError('MIGRATION_INIT_FAILED', 'permission', {
          operation: 'look at the rights',
          message,
          hint,
        }),
      );
    }
    if (missing.length === 0) list.found('rights', rightsFound(facts, sight));
    return sight;
  } catch (e) {
    const isServer =
      e instanceof MigrateError && e.code === 'MIGRATION_INIT_FAILED' && e.reason !== 'ledger_elsewhere';
    if (!isServer) list.skip(['server'], 'the version table’s place is not known');
    list.failed(
      isServer ? 'server' : 'version table',
      asMigrateError(e, 'MIGRATION_VERSION_FAILED', 'identify the database'),
    );
    return null;
  }
}

function verifyServer(list: Checklist, facts: Facts, { database, user }: Identity): void {
  const { version, address, tls, isReadOnly, isStandby } = facts;
  const way = address === null ? 'over a socket' : `at ${address}, ${tls ?? 'not encrypted'}`;
  const message = `PostgreSQL ${version}, database ${database}, as ${user}, ${way}`;
  if (!isReadOnly) {
    list.found('server', { message });
    return;
  }
  const why = isStandby ? 'a standby' : 'set to read-only (default_transaction_read_only)';
  list.failed(
    'server',
    new MigrateError('MIGRATION_INIT_FAILED', 'read_only', {
      operation: 'look at the server',
      message: `${message}: ${why}`,
    }),
  );
}

/** Where the tables are there, what the files need in the schema is theirs to say. */
function rightsFound({ lacking }: Facts, { identity, place }: Sight): Found {
  const message = `role ${identity.user} may read and write the version table and the journal`;
  if (!lacking.schema.includes('CREATE')) return { message };
  return {
    message: `${message}, and may not create anything in schema ${place.schema}`,
    hint: `where the pending files do, \`grant create on schema ${identifier(place.schema)} to ${identifier(identity.user)}\``,
  };
}

function versionTable({ identity, place, ledger }: Sight, recorded: Recorded): string {
  const { head, ledgerExists, journalExists, records } = recorded;
  if (ledger.layout === 'script') {
    const name = sentinelName(place);
    return ledgerExists ? `none; the table ${name} is there` : `none; the table ${name} is not there yet`;
  }
  const name = `${place.schema}.${place.table}`;
  if (!ledgerExists)
    return `${name} is not there yet; the first \`up\` makes it in database ${identity.database}`;
  const journal = journalExists ? '' : '; the journal is not there yet';
  if (ledger.layout === 'named') return `${name} has ${counted(records.length, 'record')}${journal}`;
  return `${name} is at version ${head.version ?? 0}${head.dirty ? ', dirty' : ''}${journal}`;
}

async function verifyLock(
  list: Checklist,
  job: Job,
  session: Session,
  { identity, place }: Sight,
): Promise<boolean> {
  const ids = lockIds({ ...place, database: identity.database, urlPath: job.door.urlPath });
  const held = await list.look(
    'lock',
    async () => {
      const work = refusePool(session, job.lockStrategy === 'transaction').then(() => holder(session, ids));
      return refused(work, 'MIGRATION_VERSION_FAILED', 'look at the migration lock');
    },
    (by) =>
      by === null
        ? { message: 'nobody holds the migration lock' }
        : {
            message: heldBy(by),
            hint: `a run would wait for it; \`select pg_terminate_backend(${by.pid})\` ends it`,
          },
  );
  return held !== null;
}
