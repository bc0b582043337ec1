/**
 * Work on certificates, in a process of its own: the library would hold 14 MB in a daemon that needs it once in 16
 * hours.
 */
import { dirname, join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';

type Operations = typeof import('./operations.ts');

/** Milliseconds: on a node that has no time to spare a process takes seconds to start. */
const timeoutMs = 60_000;

/** What is asked for cannot be done: the words of the library say why. Any other error is one of this machine. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/** @throws CertificateError when it cannot be done; DpuError when the process could not do its work. */
export async function x509<K extends keyof Operations>(
  operation: K,
  order: Parameters<Operations[K]>[0],
): Promise<Awaited<ReturnType<Operations[K]>>> {
  const input = JSON.stringify({ operation, order });
  const { stdout } = await exec(process.execPath, [program()], { input, timeoutMs });
  const { result, error } = JSON.parse(stdout);
  if (error !== undefined) throw new CertificateError(error);
  return result;
}

/** In a bundle it lies beside the program that was started; else beside this file, as source or compiled. */
function program(): string {
  const { filename, dirname: here } = import.meta;
  if (filename.endsWith('.mjs')) return join(dirname(process.argv[1] ?? ''), 'certificates.mjs');
  return join(here, filename.endsWith('.ts') ? 'program.ts' : 'program.js');
}
