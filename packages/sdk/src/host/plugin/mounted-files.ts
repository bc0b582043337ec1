/** Reads the files that the kubelet makes of a Secret or ConfigMap. */
import { existsSync, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MountedFiles } from '../../contract/mounted-files.ts';
import { DpuError } from '../../errors.ts';

/** The link that the kubelet puts another directory behind when anything in it is other. */
const link = '..data';

/** A directory with a file for each key. */
export interface MountedObject {
  directory: string;
  /** Of the Secret or ConfigMap, for errors. Default: the directory. */
  name?: string;
}

/**
 * @param object undefined where none is named.
 * @param signal Ends all watches.
 */
export function mountedFiles(
  kind: 'Secret' | 'ConfigMap',
  object: MountedObject | undefined,
  signal: AbortSignal,
): MountedFiles {
  const field = kind === 'Secret' ? 'secret' : 'configMap';
  return {
    async read(key) {
      if (!/^(?!\.\.)[-._a-zA-Z0-9]+$/.test(key))
        throw new DpuError('INVALID_ARGUMENT', `${key} is no key of a ${kind}`);
      if (!object) {
        const message = `no ${kind} with key ${key}: name one in spec.${field} of a DataProcessingUnitConfig`;
        throw new DpuError('FAILED_PRECONDITION', message);
      }
      const { directory, name = directory } = object;
      try {
        return await readFile(join(directory, key), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        throw new DpuError('FAILED_PRECONDITION', `${kind} ${name} has no key ${key}: add it`, { cause: error });
      }
    },
    watch(onChange) {
      if (!object || !existsSync(object.directory) || signal.aborted) return () => {};
      const watcher = watch(object.directory, { signal, persistent: false }, (_event, file) => {
        // The link of a new key comes after the other directory; without a kubelet the keys are plain files.
        if (file === link || !file?.startsWith('..')) onChange();
      });
      return () => watcher.close();
    },
  };
}
