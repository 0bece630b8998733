/** A fleet in shards, each a process of its own with nothing but the one file: as docs/fleet.md has it for Kubernetes. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { alone, root, run } from '../support/built.ts';
import { rungs } from '../support/cli.ts';
import { documentOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';
import { createTenants, MARKS, marksIn } from '../support/tenants.ts';

const [, written = ''] = /^```yaml\n(apiVersion: batch\/v1\n[\s\S]*?)^```$/m.exec(
  readFileSync(join(root, 'docs/fleet.md'), 'utf8'),
) ?? [''];
const { spec } = parse(written);
const [container] = spec.template.spec.containers;

async function bundle(): Promise<string> {
  const migrations = Object.entries(MARKS).map(([name, text]) => [`migrations/${name}`, text]);
  const project = folderOf(Object.fromEntries(migrations));
  const { code, stderr } = await rungs(['build'], { cwd: project });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return alone(join(project, 'dist/migrate.mjs'));
}

describe('the Job of docs/fleet.md', () => {
  it('is an indexed one, with as many completions as there are shards', () => {
    expect(spec).toMatchObject({ completionMode: 'Indexed', completions: 16 });
    expect(container.args).toContain('index/16');
    expect(spec.template.spec.restartPolicy).toBe('Never');
  });

  it('migrates 64 schemas in 16 processes, each of them once and in one', async () => {
    const file = await bundle();
    const tenants = await createTenants(64);
    const config = join(
      folderOf({
        'rungs.yaml':
          "targets:\n  query: select nspname as schema from pg_namespace where nspname like 'tenant%'\n",
      }),
      'rungs.yaml',
    );
    const args = (container.args as string[]).map((a) => (a === '/etc/rungs/rungs.yaml' ? config : a));
    const shards = await Promise.all(
      Array.from({ length: spec.completions }, (_, index) =>
        run(file, args, {
          env: { DATABASE_URL: tenants.database.url, JOB_COMPLETION_INDEX: String(index) },
        }),
      ),
    );
    expect(shards.map(({ code, stderr }) => ({ code, fault: code === 0 ? '' : stderr }))).toEqual(
      shards.map(() => ({ code: 0, fault: '' })),
    );
    const documents = shards.map(documentOf);
    expect(documents.map((d) => d.shard)).toEqual(shards.map((_, i) => ({ number: i + 1, of: 16 })));
    expect(documents.map((d) => d.of)).toEqual(shards.map(() => 64));
    const names = documents.flatMap((d) => d.targets?.map((t) => t.name) ?? []);
    expect(names.toSorted()).toEqual(tenants.schemas);
    expect(documents.flatMap((d) => d.targets?.map((t) => t.state) ?? [])).toEqual(
      names.map(() => 'migrated'),
    );
    expect(await marksIn(tenants)).toEqual(
      Object.fromEntries(tenants.schemas.map((s) => [s, ['1', '2', '3']])),
    );
    // No part is all of it, nor are most of them empty.
    const sizes = documents.map((d) => d.targets?.length ?? 0);
    expect(Math.max(...sizes)).toBeLessThan(16);
    expect(sizes.filter((n) => n > 0).length).toBeGreaterThan(8);
  });
});
