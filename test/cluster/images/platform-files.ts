/** The parts of our images that are machine code: Node, the SDK's native module and dpu-cni. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { cachedDirectory, hashOf } from '../cache.ts';
import { ensureDebianPackages } from '../debian.ts';
import { type Log, step } from '../progress.ts';
import { run } from '../run.ts';
import { type Architecture, nodeNames, ownArchitecture } from './architecture.ts';

export interface PlatformFiles {
  /** Node, without its table of symbols. */
  node: string;
  nodeVersion: string;
  /** Directory of an npm package. */
  nativeModule: string;
  nativeModuleName: string;
  dpuCni: string;
}

/** Of `node-linux-<architecture>`, which is no dependency of ours: the lock file says nothing of it. */
const nodeIntegrity: Record<string, Record<Architecture, string>> = {
  '24.21.0': {
    amd64: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    arm64: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

/** As Debian calls what it has for each architecture. */
const crossTools = {
  amd64: { prefix: 'x86_64-linux-gnu-', packages: ['gcc-x86-64-linux-gnu', 'libc6-dev-amd64-cross'] },
  arm64: { prefix: 'aarch64-linux-gnu-', packages: ['gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross'] },
} as const satisfies Record<Architecture, { prefix: string; packages: readonly string[] }>;

/** @param root of a checkout that is installed and built */
export async function platformFiles(log: Log, architecture: Architecture, root: string): Promise<PlatformFiles> {
  const isOwn = architecture === ownArchitecture();
  const { prefix, packages } = crossTools[architecture];
  if (!isOwn) await ensureDebianPackages(log, `a compiler for ${architecture}`, packages);
  const nodeName = nodeNames[architecture];
  const nativeModuleName = `@koromix/koffi-linux-${nodeName}`;
  const { devDependencies } = await readJson(join(root, 'package.json'));
  const nodeVersion: string = devDependencies.node;
  const npm = (name: string, version: string, integrity: string) => npmPackage(log, root, { name, version, integrity });

  const nodeSource = isOwn
    ? join(root, 'node_modules/node/bin/node')
    : join(await npm(`node-linux-${nodeName}`, nodeVersion, nodeIntegrityOf(nodeVersion, architecture)), 'bin/node');
  const strip = isOwn ? 'strip' : `${prefix}strip`;
  const stripped = await cachedDirectory(log, `node-${architecture}`, hashOf(nodeVersion, strip), (draft) =>
    run([strip, '-o', join(draft, 'node'), nodeSource]).then(() => {}),
  );

  let nativeModule = join(root, 'packages/sdk/node_modules', nativeModuleName);
  if (!isOwn) {
    const { optionalDependencies } = await readJson(join(root, 'packages/sdk/package.json'));
    const version: string = optionalDependencies[nativeModuleName];
    nativeModule = await npm(nativeModuleName, version, await lockedIntegrity(root, `${nativeModuleName}@${version}`));
    await step(log, `dpu-cni for ${architecture}`, () =>
      run([process.execPath, join(root, 'packages/cni/src/build/cross.ts'), nodeName]),
    );
  }
  return {
    node: join(stripped, 'node'),
    nodeVersion,
    nativeModule,
    nativeModuleName,
    dpuCni: join(root, `packages/cni/dist/linux-${nodeName}/dpu-cni`),
  };
}

function nodeIntegrityOf(version: string, architecture: Architecture): string {
  const integrity = nodeIntegrity[version]?.[architecture];
  if (integrity) return integrity;
  throw new Error(
    `Node ${version} for ${architecture}: its integrity is unknown; add the one that ` +
      `"npm view node-linux-${nodeNames[architecture]}@${version} dist.integrity" prints to platform-files.ts`,
  );
}

async function lockedIntegrity(root: string, id: string): Promise<string> {
  const lock = parse(await readFile(join(root, 'pnpm-lock.yaml'), 'utf8'));
  const integrity: unknown = lock.packages[id]?.resolution?.integrity;
  if (typeof integrity !== 'string') throw new Error(`pnpm-lock.yaml has no integrity of ${id}`);
  return integrity;
}

/** The unpacked package. @throws Error where the registry has another than the integrity says */
function npmPackage(
  log: Log,
  root: string,
  { name, version, integrity }: { name: string; version: string; integrity: string },
): Promise<string> {
  const directoryName = `npm-${name.replace(/[@/]/g, '-')}`;
  const made = cachedDirectory(log, directoryName, hashOf(version, integrity), async (draft) => {
    const npm = [process.execPath, join(root, 'packages/core/node_modules/npm/bin/npm-cli.js')];
    const packing = ['pack', `${name}@${version}`, '--json', '--pack-destination', draft];
    const packed = Object.values(JSON.parse(await run([...npm, ...packing], { cwd: draft })));
    const [{ filename, integrity: found }] = packed as [{ filename: string; integrity: string }];
    if (found !== integrity) throw new Error(`${name}@${version} has integrity ${found}; expected ${integrity}`);
    await mkdir(join(draft, 'package'), { recursive: true });
    await run(['tar', '-xzf', join(draft, filename), '-C', draft]);
  });
  return made.then((directory) => join(directory, 'package'));
}

async function readJson(path: string) {
  return JSON.parse(await readFile(path, 'utf8'));
}
