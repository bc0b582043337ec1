/** Reads the files that the kubelet makes of a Secret or ConfigMap. */
import { existsSync, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DpuError } from '../errors.ts';
import type { MountedFiles } from '../mounted-files.ts';

/** The link that the kubelet puts another directory behind when anything in it is other. */
const link = '..data';

export interface MountedObject {
  kind: 'Secret' | 'ConfigMap';
  /** undefined where none is named. */
  name?: string | undefined;
  /** Where it is mounted. */
  directory?: string | undefined;
}

/** @param signal Ends all watches. */
export function mountedFiles({ kind, name, directory }: MountedObject, signal: AbortSignal): MountedFiles {
  const field = kind === 'Secret' ? 'secret' : 'configMap';
  return {
    async read(key) {
      if (!/^(?!\.\.)[-._a-zA-Z0-9]+$/.test(key))
        throw new DpuError('INVALID_ARGUMENT', `${key} is no key of a ${kind}`);
      if (directory === undefined) {
        const message = `no ${kind} is named: name one in spec.${field} of a DataProcessingUnitConfig`;
        throw new DpuError('FAILED_PRECONDITION', message);
      }
      try {
        return await readFile(join(directory, key), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        throw new DpuError('FAILED_PRECONDITION', `${kind} ${name ?? ''} has no key ${key}: add it`, { cause: error });
      }
    },
    watch(onChange) {
      if (directory === undefined || !existsSync(directory) || signal.aborted) return () => {};
      const watcher = watch(directory, { signal, persistent: false }, (_event, file) => {
        if (file === link) onChange();
      });
      return () => watcher.close();
    },
  };
}
