import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { DpuError } from '../../errors.ts';

/**
 * Checks the programs that a plugin's manifest names, so that a missing one is told at the start and not by whatever
 * fails for lack of it.
 *
 * @param searchPath Directories between colons. Default: PATH.
 * @throws DpuError FAILED_PRECONDITION naming all that are missing.
 */
export async function requirePrograms(
  programs: readonly string[],
  searchPath: string = process.env.PATH ?? '',
): Promise<void> {
  const directories = searchPath.split(delimiter).filter((directory) => directory !== '');
  const found = await Promise.all(programs.map((program) => isInOneOf(directories, program)));
  const missing = programs.filter((_program, index) => !found[index]);
  if (missing.length === 0) return;
  const them = missing.length === 1 ? 'it' : 'them';
  throw new DpuError(
    'FAILED_PRECONDITION',
    `dpu.programs: ${missing.join(', ')} not found in ${directories.join(delimiter) || 'an empty PATH'}; ` +
      `run the plugin in an image that has ${them} (dpu.image in its package.json), or install ${them}`,
  );
}

async function isInOneOf(directories: readonly string[], program: string): Promise<boolean> {
  for (const directory of directories) {
    const isThere = await access(join(directory, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}
