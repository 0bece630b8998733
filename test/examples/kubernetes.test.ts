import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { CODES } from '../../src/errors.ts';
import { createDatabase } from '../support/database.ts';
import { installedExample } from '../support/example.ts';
import { folderOf } from '../support/folder.ts';
import { node, repository } from '../support/package.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly valueFrom: { readonly secretKeyRef: object } }[];
  readonly resources: { readonly requests: object; readonly limits: { readonly memory: string } };
  readonly securityContext: object;
}

interface Pod {
  readonly restartPolicy?: string;
  readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number };
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
}

/** As `kubectl apply` would read it: one document, and nothing that YAML has doubts about. */
function manifest(name: string) {
  const text = readFileSync(join(repository, 'examples/kubernetes', name), 'utf8');
  const [document, ...others] = parseAllDocuments(text, { merge: true, strict: true });
  expect([document?.errors, document?.warnings, others]).toEqual([[], [], []]);
  return document?.toJS();
}

const job = manifest('job.yaml');
const deployment = manifest('deployment.yaml');
const [migrateJob] = (job.spec.template.spec as Pod).containers;
const [migrateInit] = (deployment.spec.template.spec as Pod).initContainers ?? [];
if (migrateJob === undefined || migrateInit === undefined) throw new Error('no containers');

describe('examples/kubernetes: the manifests', () => {
  test.each([
    ['job.yaml', job, 'batch/v1', 'Job'],
    ['deployment.yaml', deployment, 'apps/v1', 'Deployment'],
  ])(
    '%s lets its containers write nothing and be nobody',
    (_name, { apiVersion, kind, spec }, version, what) => {
      expect({ apiVersion, kind }).toEqual({ apiVersion: version, kind: what });
      const pod: Pod = spec.template.spec;
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
      for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
        expect(container.image).toMatch(/:\d+\.\d+\.\d+$/);
        expect(container.resources).toMatchObject({ requests: {}, limits: { memory: '256Mi' } });
        expect(container.securityContext).toEqual({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
      }
    },
  );

  test('the Job gives up at once on what no further try can cure', () => {
    const { podFailurePolicy, template } = job.spec;
    expect(template.spec.restartPolicy).toBe('Never');
    const { MIGRATION_SOURCE_FAILED, CONFIG_INVALID, INVALID_VERSION } = CODES;
    expect(podFailurePolicy.rules[0].onExitCodes).toEqual({
      containerName: migrateJob.name,
      operator: 'In',
      values: [MIGRATION_SOURCE_FAILED.exit, CONFIG_INVALID.exit, INVALID_VERSION.exit],
    });
  });

  test('the Dockerfile puts the file where they look for it', () => {
    const docker = readFileSync(join(repository, 'examples/kubernetes/Dockerfile'), 'utf8');
    for (const { command } of [migrateJob, migrateInit]) {
      expect(docker).toContain(`COPY dist/migrate.mjs ${command[1]}\n`);
      expect(docker).toContain(`ENTRYPOINT ${JSON.stringify(command).replaceAll(',', ', ')}\n`);
    }
  });
});

describe('examples/kubernetes: the containers', async () => {
  const project = await installedExample('kubernetes');
  const when = test.skipIf(project === null);
  /** The image's /app. */
  const app = folderOf({});
  if (project !== null) {
    await node(
      project,
      'node_modules/rungs/dist/rungs.mjs',
      'build',
      '--path',
      'migrations',
      '--outfile',
      'dist/migrate.mjs',
    );
    copyFileSync(join(project, 'dist/migrate.mjs'), join(app, 'migrate.mjs'));
    chmodSync(app, 0o755);
  }

  when('the Job’s migrates, and a second run finds nothing to do', async () => {
    const { url, query } = await createDatabase();
    expect(await run(migrateJob, app, { DATABASE_URL: url })).toMatchObject({
      code: 0,
      stdout: 'Migrated from version 0 to 2\n',
    });
    expect(await query('select version, dirty from schema_migrations')).toEqual([
      { version: '2', dirty: false },
    ]);
    expect((await run(migrateJob, app, { DATABASE_URL: url })).code).toBe(0);
    expect(readdirSync(app)).toEqual(['migrate.mjs']);
  });

  when('the Job’s ends with a code that is final where a setting is missing, and only there', async () => {
    const isFinal = (code: number | null) =>
      job.spec.podFailurePolicy.rules[0].onExitCodes.values.includes(code);
    expect(isFinal((await run(migrateJob, app, {})).code)).toBe(true);
    const nowhere = await run(migrateJob, app, {
      DATABASE_URL: 'postgres://x@127.0.0.1:1/x?connect_timeout=2',
    });
    expect(nowhere.code).toBe(CODES.MIGRATION_INIT_FAILED.exit);
    expect(isFinal(nowhere.code)).toBe(false);
  });

  when('the init containers of all replicas may run at once', async () => {
    const { url, query } = await createDatabase();
    const replicas = Array.from({ length: deployment.spec.replicas }, () =>
      run(migrateInit, app, { DATABASE_URL: url }),
    );
    expect((await Promise.all(replicas)).map(({ code }) => code)).toEqual(replicas.map(() => 0));
    expect(await query('select version from schema_migrations')).toEqual([{ version: '2' }]);
  });

  when(
    'the init container of an older image lets its pod start on the newer schema; the Job’s does not',
    async () => {
      const { url, query } = await createDatabase();
      await run(migrateJob, app, { DATABASE_URL: url });
      await query('update schema_migrations set version = 3');
      const old = await run(migrateInit, app, { DATABASE_URL: url });
      expect(old).toMatchObject({ code: 0 });
      expect(old.stderr).toContain('ahead of the newest file here');
      expect((await run(migrateJob, app, { DATABASE_URL: url })).code).toBe(CODES.MIGRATION_UP_FAILED.exit);
      expect(await query('select version from schema_migrations')).toEqual([{ version: '3' }]);
    },
  );
});

/**
 * The container's very command, with nothing but its environment; as its user, who may write nowhere, where that is
 * possible.
 */
function run({ command, args, env }: Container, folder: string, secrets: Readonly<Record<string, string>>) {
  expect(env.map(({ name }) => name)).toEqual(['DATABASE_URL']);
  const [program = '', file = ''] = command;
  const isRoot = process.getuid?.() === 0;
  const { runAsUser: uid, runAsGroup: gid } = (job.spec.template.spec as Pod).securityContext;
  const child = spawn(program, [file.replace(/^\/app/, folder), ...args], {
    cwd: '/',
    env: { PATH: dirname(process.execPath), ...secrets },
    ...(isRoot ? { uid, gid } : {}),
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    said.stdout += text;
  });
  child.stderr.on('data', (text) => {
    said.stderr += text;
  });
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, ...said }));
  });
}
