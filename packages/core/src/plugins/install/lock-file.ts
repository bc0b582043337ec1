/** The lock file as the installer is given it: a mounted ConfigMap. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { hashOfLock } from '../lookup/lock.ts';
import { InstallError } from './install-error.ts';

/** Keys of the ConfigMap: plain where it is small enough, otherwise compressed. */
export const lockKeys = { plain: 'package-lock.json', compressed: 'package-lock.json.gz' } as const;

const lockSchema = z.looseObject({
  packages: z.record(z.string(), z.looseObject({ version: z.string().optional(), integrity: z.string().optional() })),
});

export interface LockFile {
  text: string;
  /** The package.json that it belongs to. */
  packageJson: string;
  /** How many packages it names. */
  size: number;
  /** The package that a text speaks of by its hash. */
  packageIn(text: string): string | undefined;
}

export interface ExpectedLock {
  packageName: string;
  version: string;
  integrity: string;
  /** What the hash of the lock must be. */
  hash: string;
}

/** @throws InstallError LockMissing, LockInvalid. */
export async function readLock(mount: string, expected: ExpectedLock): Promise<LockFile> {
  const text = await readText(mount);
  if (text === undefined) {
    throw new InstallError(
      'LockMissing',
      `${mount} holds no lock file: its ConfigMap is gone; look at the VendorPlugin`,
    );
  }
  const { packageName, version, integrity, hash } = expected;
  if (hashOfLock(text) !== hash) {
    throw new InstallError('LockInvalid', `the lock file is not the one with hash ${hash}: its ConfigMap was changed`);
  }
  const lock = parseLock(text);
  const top = lock.packages[`node_modules/${packageName}`];
  if (top?.version !== version || top.integrity !== integrity) {
    throw new InstallError('LockInvalid', `the lock file does not name ${packageName}@${version} with ${integrity}`);
  }
  const entries = Object.entries(lock.packages);
  const packageIn = (text: string) => entries.find(([, entry]) => entry.integrity && text.includes(entry.integrity));
  return {
    text,
    packageJson: JSON.stringify(lock.packages['']),
    size: entries.length - 1,
    packageIn: (text) => packageIn(text)?.[0].replace(/^.*node_modules\//, ''),
  };
}

function parseLock(text: string): z.infer<typeof lockSchema> {
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new InstallError('LockInvalid', 'the lock file has another form than this installer knows', { cause });
  }
}

async function readText(mount: string): Promise<string | undefined> {
  const read = (key: string) => readFile(join(mount, key)).catch(() => undefined);
  const plain = await read(lockKeys.plain);
  if (plain) return plain.toString('utf8');
  const compressed = await read(lockKeys.compressed);
  return compressed && gunzipSync(compressed).toString('utf8');
}
