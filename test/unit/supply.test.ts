/** What comes in with `npm ci`, and what runs where it is installed. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const readJson = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
}

const manifest: {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
} = readJson('package.json');
const lock: { readonly lockfileVersion: number; readonly packages: Readonly<Record<string, Locked>> } =
  readJson('package-lock.json');
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

/**
 * Biome's programs for other machines than the one that the lock file was written on: its registry did not have them, so
 * npm could note no digest. Nothing of ours is made with them; another machine's npm notes its own.
 */
const withoutDigest = (path: string, { dev, optional }: Locked): boolean =>
  dev === true && optional === true && /^node_modules\/@biomejs\/cli-(?!linux-x64$)/.test(path);

describe('package-lock.json', () => {
  it('has each package’s SHA-512, and no place to fetch it from but npm’s own registry', () => {
    expect(lock.lockfileVersion).toBe(3);
    expect(packages.length).toBeGreaterThan(100);
    for (const [path, locked] of packages) {
      const { integrity, resolved, link } = locked;
      expect(path).toMatch(/^node_modules\//);
      expect({ path, integrity, link }).toEqual({
        path,
        integrity:
          integrity === undefined && withoutDigest(path, locked)
            ? undefined
            : expect.stringMatching(/^sha512-[\w+/]{86}==$/),
        link: undefined,
      });
      // Where none is written, npm asks the registry that it is set to.
      if (resolved !== undefined)
        expect(new URL(resolved)).toMatchObject({ protocol: 'https:', host: 'registry.npmjs.org' });
    }
    expect(
      readFileSync(join(root, 'package-lock.json'), 'utf8').match(
        /\w+:\/\/(?!registry\.npmjs\.org\/)[^"]*\.tgz/g,
      ),
    ).toBeNull();
  });

  it('is of this package.json, with one version for each', () => {
    const { dependencies, devDependencies } = manifest;
    const own = lock.packages[''] as Record<string, unknown>;
    expect(own).toMatchObject({ dependencies, devDependencies });
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(`${name} ${version}`).toMatch(/ \d+\.\d+\.\d+(-[\w.]+)?$/);
      expect(lock.packages[`node_modules/${name}`]?.version).toBe(version);
    }
  });

  it('brings no install script that package.json does not speak of, and none for users', () => {
    const scripts = packages.filter(([, p]) => p.hasInstallScript === true);
    const names = scripts.map(([path]) =>
      path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    );
    expect(names.filter((name) => !Object.hasOwn(manifest.allowScripts, name))).toEqual([]);
    expect(scripts.filter(([, p]) => p.dev !== true && p.optional !== true)).toEqual([]);
  });
});

describe('package.json', () => {
  it('has no script that npm runs where the package is installed', () => {
    // `prepare` is run in a checkout and before packing; of a package from a registry npm does not run it.
    const scripts = Object.keys(manifest.scripts).filter((name) =>
      /install|prepare|prepack|postpack|publish/.test(name),
    );
    expect(scripts).toEqual(['prepare']);
    // npm would build this by itself.
    expect(existsSync(join(root, 'binding.gyp'))).toBe(false);
  });

  it('gives `npm sbom` the three packages that a run needs, and those behind them', {
    timeout: 60_000,
  }, () => {
    // `--omit=dev` leaves out what is needed for development too, as pg and yaml are: npm marks what is for that alone.
    const text = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 << 20,
    });
    const sbom: {
      readonly bomFormat: string;
      readonly components: readonly {
        readonly name: string;
        readonly version: string;
        readonly properties: readonly { readonly name: string }[];
      }[];
    } = JSON.parse(text);
    expect(sbom.bomFormat).toBe('CycloneDX');
    const isForDevelopment = 'cdx:npm:package:development';
    const needed = sbom.components
      .filter(({ properties }) => properties.every(({ name }) => name !== isForDevelopment))
      .map(({ name, version }) => `${name}@${version}`);
    const own = Object.entries(manifest.dependencies).map(([name, version]) => `${name}@${version}`);
    expect(Object.keys(manifest.dependencies)).toEqual(['libpg-query', 'pg', 'yaml']);
    expect(needed).toEqual(expect.arrayContaining(own));
    const locked = packages
      .filter(([, p]) => p.dev !== true)
      .map(([path, p]) => `${path.replace(/^.*node_modules\//, '')}@${p.version}`);
    expect([...needed].sort()).toEqual(locked.sort());
  });
});
