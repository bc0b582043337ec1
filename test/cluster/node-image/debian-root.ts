import { join } from 'node:path';
import { cachedDirectory, hashOf } from '../cache.ts';
import { ensureDebianPackages } from '../debian.ts';
import type { Log } from '../progress.ts';
import { run } from '../run.ts';
import { versions } from '../versions.ts';

/** Manuals, translations and such: half the size of a small root file system, and nobody reads them in a container. */
const unread = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];

/** Without these, the package that merges /usr comes in, and with it 50 MB of Perl. */
const mergedUsr = ['--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr', '--include=usr-is-merged'];

function mmdebstrapArguments(packages: readonly string[]): string[] {
  const include = packages.length > 0 ? [`--include=${packages.join(',')}`] : [];
  return ['--variant=minbase', ...mergedUsr, ...unread.map((path) => `--dpkgopt=path-exclude=${path}`), ...include];
}

/** Another value for each other root file system; fit for a file's name and an image's tag. */
export function debianKey(packages: readonly string[]): string {
  return `${versions.debian}-${process.arch}-${hashOf(mmdebstrapArguments(packages))}`;
}

/** A tar of a minimal Debian with the given packages, for machines that can pull no base image. */
export async function debianRoot(log: Log, name: string, packages: readonly string[]): Promise<string> {
  await ensureDebianPackages(log, 'mmdebstrap to make root file systems', ['mmdebstrap']);
  const directory = await cachedDirectory(log, `debian-${name}`, debianKey(packages), async (draft, detail) => {
    const argv = ['nice', 'mmdebstrap', ...mmdebstrapArguments(packages), versions.debian, join(draft, 'root.tar')];
    await run(argv, { onErrorLine: (line) => detail(line.slice(0, 100)) });
  });
  return join(directory, 'root.tar');
}
