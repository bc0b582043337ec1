/** Builds the plugin by its own `build` script. */
import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import { z } from 'zod';

const packageJson = z.object({ scripts: z.object({ build: z.string().optional() }).optional() });

export function hasBuildScript(directory: string): boolean {
  try {
    const json: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    return packageJson.safeParse(json).data?.scripts?.build !== undefined;
  } catch {
    // Reading the plugin's package says what is wrong with it.
    return false;
  }
}

/** As the owner of the directory, who must be able to write what root's harness built. @returns what the build printed */
export async function build(directory: string, signal: AbortSignal): Promise<{ succeeded: boolean; output: string }> {
  const { uid, gid } = statSync(directory);
  const child = spawn('npm', ['run', 'build'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    ...(process.getuid?.() === 0 && { uid, gid }),
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', (cause) =>
    reject(new DpuError('FAILED_PRECONDITION', `npm run build: ${cause.message}`, { cause })),
  );
  child.on('close', resolve);
  return { succeeded: (await promise) === 0, output: `${Buffer.concat(chunks)}` };
}
