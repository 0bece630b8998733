import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { MigrateError } from '../../src/errors.ts';

/** The operating system's user that the server runs as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  /** True where we are root: PostgreSQL refuses to run as root, so its processes get this uid and gid instead. */
  readonly dropped: boolean;
}

/** In this order: the account made for the purpose, then the one that every Unix has. */
const UNPRIVILEGED = ['postgres', 'nobody'];

/**
 * Ourselves; as root, the owner of the data if there are data (PostgreSQL insists on owning them, and a
 * checkout may have been used by its owner before root came), else an unprivileged account.
 */
export async function chooseIdentity(dataDir: string | null): Promise<Identity> {
  const uid = process.getuid?.() ?? -1;
  const accounts = await readAccounts();
  if (uid !== 0) {
    const name = accounts.find((account) => account.uid === uid)?.name ?? `uid ${uid}`;
    return { uid, gid: process.getgid?.() ?? -1, name, dropped: false };
  }
  const owner = dataDir === null ? null : await stat(dataDir).catch(() => null);
  if (owner !== null && owner.uid !== 0) {
    const name = accounts.find((account) => account.uid === owner.uid)?.name ?? `uid ${owner.uid}`;
    return { uid: owner.uid, gid: owner.gid, name, dropped: true };
  }
  for (const name of UNPRIVILEGED) {
    const account = accounts.find((candidate) => candidate.name === name && candidate.uid !== 0);
    if (account) return { ...account, dropped: true };
  }
  throw new MigrateError('MIGRATION_INIT_FAILED', 'permission', {
    operation: 'choose a user for the embedded server',
    message: `PostgreSQL refuses to run as root, and there is no user ${UNPRIVILEGED.join(' or ')} to run it as`,
    hint: 'run the command as a user other than root, or `useradd --system postgres`',
  });
}

/** What `spawn` needs to become that user. libuv also empties the supplementary groups. */
export function credentials(identity: Identity): { uid?: number; gid?: number } {
  // macOS writes nobody's id as -2: an unsigned number to chown, a signed one to spawn.
  return identity.dropped ? { uid: identity.uid | 0, gid: identity.gid | 0 } : {};
}

/**
 * Can that user enter the folder? Asked of the system itself, because modes alone do not tell: there are access
 * lists, and network mounts where root is nobody.
 */
export async function canEnter(identity: Identity, dir: string): Promise<boolean> {
  if (!identity.dropped) return true;
  const { failed } = await runAs(identity, '/bin/sh', ['-c', 'cd -- "$1"', 'sh', dir]);
  return !failed;
}

export interface Outcome {
  readonly failed: boolean;
  readonly output: string;
}

/** Runs a program as that user, in `/`: our own working directory may be closed to it. */
export function runAs(identity: Identity, program: string, args: readonly string[]): Promise<Outcome> {
  const options = { cwd: '/', env: serverEnvironment(), ...credentials(identity) };
  return new Promise((resolve) => {
    try {
      execFile(program, [...args], options, (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`.trim();
        resolve({ failed: error !== null, output: output === '' && error ? error.message : output });
      });
    } catch (error) {
      // spawn throws, rather than calls back, where the ids are not mapped in this container.
      resolve({ failed: true, output: error instanceof Error ? error.message : String(error) });
    }
  });
}

/**
 * A short list instead of ours: the server outlives us and can show its environment to SQL, and the likes of
 * PGDATESTYLE would become its settings. LC_ALL=C keeps its messages in English.
 */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'TZ', 'TMPDIR', 'TEMP', 'TMP', 'LD_LIBRARY_PATH', 'SystemRoot'];
  const env: NodeJS.ProcessEnv = { LC_ALL: 'C' };
  for (const name of kept) if (process.env[name] !== undefined) env[name] = process.env[name];
  return env;
}

async function readAccounts(): Promise<{ name: string; uid: number; gid: number }[]> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return passwd
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length > 3)
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }));
}
