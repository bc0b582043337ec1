/** How a program that has this package among its dependencies runs `dpu-cni`; nodes get the compiled executable. */
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @throws Error where npm installed no runtime for this machine */
export function dpuCniCommand(): { file: string; args: string[] } {
  return { file: bun(), args: [fileURLToPath(new URL('bundle/dpu-cni.mjs', import.meta.url))] };
}

/**
 * The program of the package `bun`. Its install script moves the program out of a package for the machine's processor;
 * where install scripts are not run, it still is there.
 */
function bun(): string {
  const manifest = createRequire(import.meta.url).resolve('bun/package.json');
  const processor = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const packages = [`@oven/bun-linux-${processor}`, `@oven/bun-linux-${processor}-musl`];
  const candidates = [
    join(dirname(manifest), 'bin/bun.exe'),
    ...packages.flatMap((name) => resolved(createRequire(manifest), `${name}/bin/bun`)),
  ];
  const found = candidates.find(isProgram);
  if (found === undefined) throw new Error(`dpu-cni needs the optional dependency ${packages[0]} of bun: install it`);
  return found;
}

function resolved(require: NodeJS.Require, path: string): string[] {
  try {
    return [require.resolve(path)];
  } catch {
    return [];
  }
}

/** Before its install script has run, the package holds a text of some hundred bytes in its place. */
const isProgram = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1_000_000;
