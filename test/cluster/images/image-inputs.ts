/** What goes into each image beside its Containerfile. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { PlatformFiles } from './platform-files.ts';

export const imageNames = ['operator', 'vsp', 'tools'] as const;
export type ImageName = (typeof imageNames)[number];

/** Those that a cluster operator installs; the others serve tests. */
export const productImages = ['operator', 'vsp'] as const satisfies readonly ImageName[];
export type ProductImage = (typeof productImages)[number];

export function isProduct(name: ImageName): name is ProductImage {
  return productImages.some((product) => product === name);
}

/** @throws Error that names what there is no image of */
export function parseImageNames(names: readonly string[] = []): ImageName[] {
  const unknown = names.filter((name) => !imageNames.some((known) => known === name));
  if (unknown.length > 0) {
    throw new Error(`no image is called ${unknown.join(', ')}; there are ${imageNames.join(', ')}`);
  }
  return names.length > 0 ? (names as ImageName[]) : [...imageNames];
}

/** By their name in the build context: paths in the checkout, or absolute ones. Directories stand for all in them. */
const inputs: Record<ProductImage, (platform: PlatformFiles) => Record<string, string>> = {
  operator: (platform) => ({
    'unpack-debian': 'images/unpack-debian',
    node: platform.node,
    bundle: 'packages/core/dist/bundle',
    'dpu-cni': platform.dpuCni,
    ...nativeFiles(platform),
    // Without its manual.
    ...below('npm', 'packages/core/node_modules/npm', ['LICENSE', 'package.json', 'bin', 'lib', 'node_modules']),
  }),
  vsp: (platform) => ({
    'unpack-debian': 'images/unpack-debian',
    node: platform.node,
    host: 'packages/sdk/dist/bundle',
    ...nativeFiles(platform),
    'mock/dist/bundle': 'packages/vsp-mock/dist/bundle',
    'mock/package.json': 'packages/vsp-mock/package.json',
  }),
};

function nativeFiles({ nativeModule, nativeModuleName }: PlatformFiles): Record<string, string> {
  const binaries = nativeModuleName.replace('@koromix/koffi-linux-', 'linux_');
  return below(`node_modules/${nativeModuleName}`, nativeModule, ['package.json', 'index.js', binaries]);
}

function below(target: string, source: string, parts: readonly string[]): Record<string, string> {
  return Object.fromEntries(parts.map((part) => [`${target}/${part}`, `${source}/${part}`]));
}

/** Every input file: its path in the build context and where it is now. @throws Error that says what to run first */
export async function inputFiles(
  name: ProductImage,
  platform: PlatformFiles,
  root: string,
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [target, path] of Object.entries(inputs[name](platform))) {
    const source = path.startsWith('/') ? path : join(root, path);
    if (!existsSync(source)) {
      throw new Error(`image ${name} needs ${path}, which is not there: run "make build" first`);
    }
    if (!(await stat(source)).isDirectory()) {
      files[target] = source;
      continue;
    }
    for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      files[join(target, relative(source, file))] = file;
    }
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}
