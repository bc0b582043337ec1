/** The arguments of the install program. */
import { isAbsolute } from 'node:path';
import { parseArgs } from 'node:util';
import { InstallError } from './install-error.ts';

export interface InstallRequest {
  /** Where the release goes; made by {@link installedDirectory}. */
  directory: string;
  packageName: string;
  version: string;
  integrity: string;
  /** Directory with the lock file. */
  lock: string;
  registry: string;
  /** Directory with the registry's Secret. */
  credentials?: string | undefined;
  /** Name of the DPU that will use the release. */
  user: string;
  /** Where npm lies. */
  npmDirectory?: string | undefined;
}

export const publicRegistry = 'https://registry.npmjs.org/';

/** @throws InstallError Usage. */
export function parseRequest(args: string[]): InstallRequest {
  const values = parse(args);
  const needed = (name: 'directory' | 'package' | 'version' | 'integrity' | 'lock' | 'user'): string => {
    const value = values[name];
    if (!value) throw new InstallError('Usage', `--${name} is missing`);
    return value;
  };
  const directory = needed('directory');
  if (!isAbsolute(directory)) throw new InstallError('Usage', `--directory ${directory} is not absolute`);
  return {
    directory,
    packageName: needed('package'),
    version: needed('version'),
    integrity: needed('integrity'),
    lock: needed('lock'),
    user: needed('user'),
    registry: values.registry ?? publicRegistry,
    credentials: values.credentials,
    npmDirectory: values.npm,
  };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  const options = {
    directory: text,
    package: text,
    version: text,
    integrity: text,
    lock: text,
    registry: text,
    credentials: text,
    user: text,
    npm: text,
  };
  try {
    return parseArgs({ args, options }).values;
  } catch (cause) {
    throw new InstallError('Usage', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
