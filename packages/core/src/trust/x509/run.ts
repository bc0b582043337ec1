/**
 * Work on certificates, in a process of its own: the library would hold 14 MB in a daemon that needs it once in 16
 * hours.
 */
import { dirname, join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import { exec } from '@dpu-operator/sdk/linux';
import type { issue, makeAuthority, makeRequest, readRequest } from './operations.ts';

export interface Operations {
  issue: typeof issue;
  makeAuthority: typeof makeAuthority;
  makeRequest: typeof makeRequest;
  readRequest: typeof readRequest;
}

/** Milliseconds: on a node that has no time to spare a process takes seconds to start. */
const timeoutMs = 60_000;

/** @throws Error with the words of what went wrong. */
export async function x509<K extends keyof Operations>(
  operation: K,
  order: Parameters<Operations[K]>[0],
): Promise<Awaited<ReturnType<Operations[K]>>> {
  const input = JSON.stringify({ operation, order });
  const result = await exec(process.execPath, [program()], { input, timeoutMs, allowFailure: true });
  if (result.exitCode !== 0)
    throw new DpuError('INTERNAL', result.stderr.trim() || 'the program for certificates was killed');
  return JSON.parse(result.stdout);
}

/** In a bundle it lies beside the program that was started; else beside this file, as source or compiled. */
function program(): string {
  const { filename, dirname: here } = import.meta;
  if (filename.endsWith('.mjs')) return join(dirname(process.argv[1] ?? ''), 'certificates.mjs');
  return join(here, filename.endsWith('.ts') ? 'program.ts' : 'program.js');
}
