/** The lock file of a plugin: everything that it runs with, each by its hash. */
import { createHash } from 'node:crypto';
import { validRange } from 'semver';
import { z } from 'zod';
import { lockHashLength } from '../install/directory.ts';
import { LookupError } from './lookup-error.ts';

const specsSchema = z.record(z.string(), z.string()).optional();

const entrySchema = z.looseObject({
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  link: z.boolean().optional(),
  inBundle: z.boolean().optional(),
  dependencies: specsSchema,
  optionalDependencies: specsSchema,
  peerDependencies: specsSchema,
});
type Entry = z.infer<typeof entrySchema>;

const lockSchema = z.looseObject({ lockfileVersion: z.literal(3), packages: z.record(z.string(), entrySchema) });

export interface LockedPackage {
  packageName: string;
  version: string;
  integrity: string;
}

/**
 * A lock file as npm wrote it, without what an installation does not need.
 *
 * @throws LookupError DependencyUnsafe when a package comes from anywhere but a registry, or has no hash that holds;
 * LockInvalid when it has another form; IntegrityMismatch when the plugin itself is another than was looked up.
 */
export function checkLock(text: string, { packageName, version, integrity }: LockedPackage): string {
  const lock = readLock(text);
  const faults: string[] = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    const fault = path === '' ? undefined : faultOf(entry);
    if (fault) faults.push(`${path.replace(/^node_modules\//, '')} ${fault}`);
  }
  if (faults.length > 0) {
    const message = `it depends on what no registry vouches for: ${faults.slice(0, 5).join('; ')}; ask its vendor to publish these`;
    throw new LookupError('DependencyUnsafe', message);
  }
  const top = lock.packages[`node_modules/${packageName}`];
  if (top?.version !== version || top.integrity !== integrity) {
    const message = `the registry gave ${integrity} for ${version}, then ${top?.integrity ?? 'nothing'} for ${top?.version ?? 'it'}`;
    throw new LookupError('IntegrityMismatch', message);
  }
  const packages = Object.entries(lock.packages).map(([path, { funding: _, license: __, ...entry }]) => [path, entry]);
  return JSON.stringify({ ...lock, packages: Object.fromEntries(packages) });
}

/** @throws LookupError LockInvalid where npm has written a lock of another format. */
function readLock(text: string): z.infer<typeof lockSchema> {
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch (cause) {
    const detail = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new LookupError('LockInvalid', `its lock file has another form than this operator knows: ${detail}`, {
      cause,
    });
  }
}

function faultOf(entry: Entry): string | undefined {
  const { dependencies, optionalDependencies, peerDependencies } = entry;
  for (const [name, spec] of Object.entries({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    if (!isFromRegistry(spec)) return `asks for ${name} from ${spec}`;
  }
  // What lies inside another package's tarball is covered by that one's hash.
  if (entry.inBundle) return undefined;
  if (entry.link || !/^https?:\/\//.test(entry.resolved ?? '')) return `comes from ${entry.resolved ?? 'nowhere'}`;
  if (!/^sha(256|384|512)-/.test(entry.integrity ?? '')) return 'has no SHA-2 hash';
  return undefined;
}

/** A version, a range, a tag, or one of these under another name (`npm:other@^1`). */
function isFromRegistry(spec: string): boolean {
  const bare = spec.replace(/^npm:(@[^/@]+\/)?[^/@]+(@|$)/, '');
  return validRange(bare) !== null || /^[A-Za-z0-9._-]+$/.test(bare);
}

/** What names a lock: the same for the same text. */
export function hashOfLock(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, lockHashLength);
}
