/** Runs the compiler on the program's source. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const source = dirname(import.meta.dirname);
export const dist = join(dirname(source), 'dist');
export const scriptcManifest = createRequire(import.meta.url).resolve('scriptc/package.json');

/** @returns what it prints. @throws Error with what it says */
export async function scriptcBuild(...options: readonly string[]): Promise<string> {
  const args = ['build', join(source, 'main.ts'), '--ffi', join(source, 'system.json'), ...options];
  const env = {
    ...process.env,
    // The linker is a script for this Node.
    PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
    SCRIPTC_LINKER: join(import.meta.dirname, 'linker.ts'),
    SCRIPTC_NO_CACHE: '1',
  };
  const program = join(dirname(scriptcManifest), 'dist/bootstrap.js');
  return (await promisify(execFile)(process.execPath, [program, ...args], { env })).stdout;
}

/** scriptc speaks to clang, whose `-target` gcc does not know. */
export function withoutTarget(args: readonly string[]): string[] {
  return args.filter((argument, index) => argument !== '-target' && args[index - 1] !== '-target');
}
