/** Where on a node an installed plugin lies. */
import { join } from 'node:path';

/** Directory of the node that holds everything that is installed; outlives a reboot, so that a node starts offline. */
export const pluginRoot = '/var/lib/dpu-operator/plugins';

/** What of a PluginRelease's source names its directory. */
export interface InstalledSource {
  packageName: string;
  version: string;
  /** Name of the ConfigMap with the lock file; ends in the hash of it. */
  lock: string;
}

/** Characters of a lock's hash that stand in names. */
export const lockHashLength = 16;

/** The hash at the end of the name of a lock's ConfigMap. */
export function lockHash(lock: string): string {
  return lock.slice(lock.lastIndexOf('-') + 1);
}

/** The node's directory of a release: one a package, version and lock. Holds its `node_modules`. */
export function installedDirectory({ packageName, version, lock }: InstalledSource): string {
  const name = `${packageName.replace(/^@/, '')}-${version}-${lockHash(lock)}`;
  return join(pluginRoot, name.replace(/[^A-Za-z0-9._-]/g, '-'));
}

/** The node's directory of the package itself, inside that of its release. */
export function installedPackage(source: InstalledSource): string {
  return packageIn(installedDirectory(source), source.packageName);
}

export function packageIn(directory: string, packageName: string): string {
  return join(directory, 'node_modules', packageName);
}
