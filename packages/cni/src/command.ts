/** How a program that has this package among its dependencies runs `dpu-cni`; nodes get the same executable. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @throws Error where the package has no program for this machine */
export function dpuCniCommand(): { file: string; args: string[] } {
  const machine = `${process.platform}-${process.arch}`;
  const file = fileURLToPath(new URL(`${machine}/dpu-cni`, import.meta.url));
  if (!existsSync(file)) throw new Error(`@dpu-operator/cni has no dpu-cni for ${machine}`);
  return { file, args: [] };
}
