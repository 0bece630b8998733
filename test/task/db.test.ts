import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { rememberUrl, withUrl } from '../../tasks/cluster/dotenv.ts';
import {
  give,
  installWithoutScripts,
  isRoot,
  linkPackage,
  makeProject,
  ordinaryUser,
  type Project,
  query,
  removeProjects,
  root,
} from '../support/project.ts';

const script = join(root, 'db.mjs');

beforeAll(async () => {
  // With all it needs inside, so that it runs where the user has no access to our node_modules.
  await build({
    entryPoints: ['tasks/db.ts'],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['pg-native'],
    banner: {
      js: `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`,
    },
  });
});

afterEach(removeProjects);

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

function db(project: Project, verb: string, env: NodeJS.ProcessEnv = {}, user = {}): Promise<Ran> {
  const { DATABASE_URL, ...rest } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, verb], {
      cwd: project.projectDir,
      env: { ...rest, RUNGS_CACHE: project.cacheDir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...user,
    });
    const [stdout, stderr]: [string[], string[]] = [[], []];
    child.stdout.on('data', (chunk) => stdout.push(chunk));
    child.stderr.on('data', (chunk) => stderr.push(chunk));
    child.once('error', reject);
    // `close`, not `exit`: it comes only when the server, too, holds none of our pipes.
    child.once('close', (code) => resolve({ stdout: stdout.join(''), stderr: stderr.join(''), code }));
  });
}

describe('task db:', () => {
  test('start, url and reset print the URL and nothing else on stdout, and the password nowhere else', async () => {
    const project = await makeProject();
    await linkPackage(project.projectDir);
    const started = await db(project, 'start');
    expect(started.stdout).toMatch(
      /^postgres:\/\/postgres:[\w-]{24}@127\.0\.0\.1:\d+\/app\?sslmode=disable\n$/,
    );
    expect(started.code).toBe(0);
    const password = new URL(started.stdout.trim()).password;
    expect(started.stderr).toContain('making an empty PostgreSQL');
    expect(started.stderr).not.toContain(password);
    expect(await query(started.stdout.trim(), 'select 1 as one')).toEqual([{ one: 1 }]);

    const dotenv = join(project.projectDir, '.env');
    expect((await stat(dotenv)).mode & 0o777).toBe(0o600);
    expect(await readFile(dotenv, 'utf8')).toMatch(/^# rungs: .*\nDATABASE_URL=postgres:.*\n$/);
    expect(await readFile(dotenv, 'utf8')).toContain(`\nDATABASE_URL=${started.stdout}`);

    expect(await db(project, 'start')).toEqual({ ...started, stderr: '' });
    expect(await db(project, 'url')).toEqual({ ...started, stderr: '' });
    const again = await db(project, 'reset');
    expect(again).toMatchObject({ stdout: started.stdout, code: 0 });
    expect(again.stderr).not.toContain(password);

    expect(await db(project, 'stop')).toEqual({ stdout: '', stderr: 'stopped\n', code: 0 });
    expect(await db(project, 'stop')).toMatchObject({ stdout: '', code: 0 });
    const none = await db(project, 'url');
    expect(none).toMatchObject({ stdout: '', code: 11 });
    expect(none.stderr).toContain('next: run `task db:start`');
    expect(await db(project, 'restart')).toMatchObject({ stdout: '', code: 19 });
  });

  test('starts from several terminals at once all print the one URL', async () => {
    const project = await makeProject();
    await linkPackage(project.projectDir);
    const runs = await Promise.all([1, 2, 3, 4].map(() => db(project, 'start')));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
    expect(runs.filter(({ stderr }) => stderr.includes('making an empty')).length).toBe(1);
  });

  test('a DATABASE_URL of the user’s is left alone, and that is said', async () => {
    const project = await makeProject();
    await linkPackage(project.projectDir);
    const dotenv = join(project.projectDir, '.env');
    await writeFile(dotenv, 'DATABASE_URL=postgres://me@db.example/mine\n');
    const { stderr, code } = await db(project, 'start', { DATABASE_URL: 'postgres://other/x' });
    expect(code).toBe(0);
    expect(await readFile(dotenv, 'utf8')).toBe('DATABASE_URL=postgres://me@db.example/mine\n');
    expect(stderr).toContain(`left ${dotenv} alone`);
    expect(stderr).toContain('DATABASE_URL in the environment names another database');
  });

  test('an ordinary user has the server in the project', async () => {
    const project = await makeProject();
    await linkPackage(project.projectDir);
    await give(project.projectDir);
    const cache = `${project.projectDir}-cache`;
    await mkdir(cache, { mode: 0o700 });
    await give(cache);
    const user = await ordinaryUser();
    const started = await db(project, 'start', { RUNGS_CACHE: cache }, isRoot ? user : {});
    expect(started).toMatchObject({ code: 0 });
    expect(await query(started.stdout.trim(), 'create extension pg_trgm')).toEqual([]);
    expect((await stat(join(project.projectDir, '.rungs'))).uid).toBe(user.uid);
  });

  test('a user with no home, in a folder and with a package of someone else’s, has it in the temp folder', async () => {
    const project = await makeProject();
    await installWithoutScripts(project.projectDir);
    const temp = join(dirname(project.projectDir), 'tmp');
    await mkdir(temp);
    await give(temp);
    const env = { HOME: '/nonexistent', XDG_CACHE_HOME: '', TMPDIR: temp, RUNGS_CACHE: '' };
    const user = await ordinaryUser();
    if (!isRoot) {
      console.log('not root: the folder and the package are made read-only instead');
      await chmod(project.projectDir, 0o555);
    }
    const started = await db(project, 'start', env, isRoot ? user : {});
    const reached = await query(started.stdout.trim(), 'select 1 as one').catch((error) => error);
    const stopped = await db(project, 'stop', env, isRoot ? user : {});
    await chmod(project.projectDir, 0o755);
    expect(started).toMatchObject({ code: 0 });
    expect(reached).toEqual([{ one: 1 }]);
    expect(stopped.stderr).toBe('stopped\n');
    expect(started.stderr).toContain(join(temp, `rungs-${user.uid}`, 'projects/project-'));
    expect(started.stderr).toContain('could not write DATABASE_URL');
  });

  test('what root began in a user’s checkout, the user is told, not shown', async () => {
    const project = await makeProject();
    await linkPackage(project.projectDir);
    await give(project.projectDir);
    expect((await db(project, 'start')).code).toBe(0);
    // The owner of the checkout is to read the file that root has made there.
    const { uid } = await stat(join(project.projectDir, '.env'));
    expect(uid).toBe((await ordinaryUser()).uid);
    if (!isRoot) {
      console.log('not root: no other user to try with');
      return;
    }
    for (const verb of ['start', 'url', 'stop']) {
      const { stdout, stderr, code } = await db(project, verb, {}, await ordinaryUser());
      expect({ verb, stdout, code }).toEqual({ verb, stdout: '', code: 11 });
      expect(stderr).toContain('belongs to another user');
    }
  });
});

describe('.env', () => {
  const url = 'postgres://postgres:new@127.0.0.1:20000/app?sslmode=disable';
  const before = 'postgres://postgres:old@127.0.0.1:20001/app?sslmode=disable';
  const ours = (value: string, text = '') => withUrl(text, value).text;

  test.each([
    ['nothing', '', ours(url)],
    ['other variables', 'A=1\nB=2\n', `A=1\nB=2\n${ours(url)}`],
    ['no line end at its end', 'A=1', `A=1\n${ours(url)}`],
    ['a commented-out line', '# DATABASE_URL=x\n', `# DATABASE_URL=x\n${ours(url)}`],
    ['another variable that ends alike', 'MY_DATABASE_URL=x\n', `MY_DATABASE_URL=x\n${ours(url)}`],
    ['our line of before, on another port', `A=1\n${ours(before)}B=2\n`, `A=1\n${ours(url)}B=2\n`],
    [
      'a line to our port with an old password',
      'export DATABASE_URL="postgres://postgres:old@127.0.0.1:20000/app"\n',
      ours(url),
    ],
    ['Windows line ends', ours(before, 'A=1\r\n'), ours(url, 'A=1\r\n')],
  ])('with %s is written to', (_what, text, expected) => {
    expect(withUrl(text, url)).toEqual({ kind: 'written', text: expected });
    expect(withUrl(expected, url)).toEqual({ kind: 'current', text: expected });
  });

  test.each([
    ['a database elsewhere', 'DATABASE_URL=postgres://me@db.example/mine\n'],
    ['a local server of the user’s', 'DATABASE_URL=postgres://postgres:x@127.0.0.1:5432/app\n'],
    ['an empty value', 'DATABASE_URL=\n'],
    ['a value that is no URL', 'DATABASE_URL=$OTHER\n'],
    ['our line, edited', ours(before).replace('127.0.0.1:20001', 'db.example')],
    ['our line and one more', `${ours(before)}DATABASE_URL=postgres://me@db.example/mine\n`],
  ])('with %s is kept', (_what, text) => {
    expect(withUrl(text, url)).toEqual({ kind: 'kept', text });
  });

  test('with a line that reaches the server, for another database on it, is good as it is', () => {
    const text = `DATABASE_URL=${url.replace('/app', '/other')}\n`;
    expect(withUrl(text, url)).toEqual({ kind: 'current', text });
  });

  test('keeps its mode, and stays a link where it is one', async () => {
    const { projectDir } = await makeProject();
    const [file, link] = [join(projectDir, 'shared.env'), join(projectDir, '.env')];
    await writeFile(file, 'A=1\n', { mode: 0o640 });
    await chmod(file, 0o640);
    await symlink('shared.env', link);
    expect(await rememberUrl(link, url)).toEqual({ kind: 'written' });
    expect(await readFile(file, 'utf8')).toBe(`A=1\n${ours(url)}`);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  test('that cannot be written is a remark, not a failure', async () => {
    const { projectDir } = await makeProject();
    await mkdir(join(projectDir, '.env'));
    expect(await rememberUrl(join(projectDir, '.env'), url)).toMatchObject({ kind: 'failed' });
  });
});
