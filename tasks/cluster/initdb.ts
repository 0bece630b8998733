import { chmod, chown, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrateError } from '../../src/errors.ts';
import type { Binaries } from './binaries.ts';
import { type Identity, runAs } from './identity.ts';
import { type ClusterRecord, writeRecord } from './record.ts';

/**
 * Makes `<clusterDir>/data` and the record beside it, aside and renamed as one: an initdb that was killed leaves
 * litter (see sweep), never half a cluster that a start would trust or a cluster without its password.
 */
export async function initCluster(
  clusterDir: string,
  record: ClusterRecord,
  binaries: Binaries,
  identity: Identity,
  durable: boolean,
): Promise<void> {
  const aside = await mkdtemp(join(clusterDir, '..', '.init-'));
  try {
    // mkdtemp makes it 0700, ours. The server's user has to pass, and owns nothing in it but the data.
    if (identity.dropped) await chmod(aside, 0o755);
    const data = join(aside, 'data');
    await mkdir(data, { mode: 0o700 });
    const passwordFile = join(aside, 'password');
    await writeFile(passwordFile, `${record.password}\n`, { mode: 0o600 });
    if (identity.dropped) {
      await chown(data, identity.uid, identity.gid);
      await chown(passwordFile, identity.uid, identity.gid);
    }
    await runInitdb(data, passwordFile, binaries, identity, durable);
    await rm(passwordFile);
    await writeRecord(aside, record);
    await rename(aside, clusterDir);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function runInitdb(
  data: string,
  passwordFile: string,
  binaries: Binaries,
  identity: Identity,
  durable: boolean,
): Promise<void> {
  const args = [
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    ...(binaries.major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
    ...(durable ? [] : ['--no-sync']),
  ];
  // Sorting is by code point everywhere. What a letter is (text search, pg_trgm before 18) comes from the system,
  // whose C says that é is none; but not every system has a C.UTF-8 to say better.
  let outcome = await runAs(identity, binaries.initdb, [...args, '--lc-ctype=C.UTF-8']);
  if (outcome.failed && /locale/.test(outcome.output)) {
    outcome = await runAs(identity, binaries.initdb, args);
  }
  if (!outcome.failed) return;
  throw new MigrateError('MIGRATION_INIT_FAILED', 'connection', {
    operation: 'create the embedded server’s data',
    message: `initdb failed as ${identity.name} in ${data}`,
    details: outcome.output.split('\n').slice(-12),
    hint: 'see the lines above, or set DATABASE_URL to a server of your own',
  });
}
