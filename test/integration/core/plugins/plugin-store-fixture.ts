/** Small plugins, a registry to publish them to, and the install program as a node would run it. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  hashOfLock,
  installedDirectory,
  type LookedUp,
  lockKeys,
  parseTermination,
  pluginRoot,
} from '@dpu-operator/core/plugins';
import { execa } from 'execa';
import { repositoryRoot } from '../../../cluster/paths.ts';
import type { Registry } from '../../../support/registries/registry.ts';

const core = join(repositoryRoot, 'packages/core');
export const npmDirectory = dirname(createRequire(join(core, 'package.json')).resolve('npm/package.json'));
/** As `make build` has made it. */
const installProgram = join(core, 'dist/bundle/plugin-install.mjs');

export const manifest = {
  contract: '^1.0.0',
  hostApi: '^1.0.0',
  products: [
    { name: 'Acme', host: { detect: { pci: { vendor: '1af4', device: '1000' } }, identifier: 'acme-{pciAddress}' } },
  ],
  pod: { capabilities: ['NET_ADMIN'] },
};

/** Publishes a package with nothing but a package.json and one line of code. */
export async function publish(
  registry: Registry,
  packageJson: { name: string; version: string; [field: string]: unknown },
) {
  const directory = await mkdtemp(join(tmpdir(), 'publish-'));
  const whole = { type: 'module', main: 'index.js', ...packageJson };
  await mkdir(join(directory, 'package'));
  await writeFile(join(directory, 'package/package.json'), JSON.stringify(whole));
  await writeFile(
    join(directory, 'package/index.js'),
    `export default '${packageJson.name} ${packageJson.version}';\n`,
  );
  await execa('tar', ['-czf', 'package.tgz', 'package'], { cwd: directory });
  const tarball = await readFile(join(directory, 'package.tgz'));
  await registry.publishTarball(whole, tarball);
  await rm(directory, { recursive: true });
  return { name: packageJson.name, version: packageJson.version };
}

export interface Installation {
  packageName: string;
  found: LookedUp;
  /** Text of the lock file; undefined for none. Default: that of `found`. */
  lock?: string | undefined;
  registry: string;
  credentials?: Record<string, string>;
  user?: string;
}

/** A node's plugin directory. */
export class NodeDirectory {
  readonly root: string;
  readonly #mounts: string;

  private constructor(directory: string) {
    this.root = join(directory, 'plugins');
    this.#mounts = join(directory, 'mounts');
  }

  static async create(): Promise<NodeDirectory> {
    return new NodeDirectory(await mkdtemp(join(tmpdir(), 'plugin-node-')));
  }

  /** Where a release goes. */
  directoryOf({ packageName, found }: Installation): string {
    const lock = `plugin-x-${hashOfLock(found.lock ?? '')}`;
    return installedDirectory({ packageName, version: found.version, lock }).replace(pluginRoot, this.root);
  }

  /** Runs the install program. */
  async install(installation: Installation) {
    const { packageName, found, registry, credentials, user = 'dpu-a' } = installation;
    const lock = 'lock' in installation ? installation.lock : found.lock;
    const mount = async (name: string, files: Record<string, string>) => {
      const path = await mkdtemp(join(await this.#made(), `${name}-`));
      for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
      return path;
    };
    const args = {
      directory: this.directoryOf(installation),
      package: packageName,
      version: found.version,
      integrity: found.integrity,
      lock: await mount('lock', lock === undefined ? {} : { [lockKeys.plain]: lock }),
      registry,
      user,
      npm: npmDirectory,
      ...(credentials && { credentials: await mount('credentials', credentials) }),
    };
    const argv = Object.entries(args).map(([name, value]) => `--${name}=${value}`);
    const program = [installProgram, ...argv];
    const { exitCode, stdout, stderr } = await execa(process.execPath, program, { reject: false });
    return { exitCode, log: stdout, failure: parseTermination(stderr) };
  }

  /** What lies there, without the claims of the DPUs. */
  async releases(): Promise<string[]> {
    const names = await readdir(this.root).catch(() => []);
    return names.filter((name) => name !== '.users').sort();
  }

  async remove(): Promise<void> {
    await rm(dirname(this.root), { recursive: true, force: true });
  }

  async #made(): Promise<string> {
    await mkdir(this.#mounts, { recursive: true });
    return this.#mounts;
  }
}
