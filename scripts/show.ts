import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { repositoryRoot } from '../test/cluster/paths.ts';

/**
 * Runs a program in the checkout whose words are shown as they come, and hands signals on to it.
 *
 * @throws Error where it ends badly
 */
export async function show(
  program: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = spawn(program, args, { stdio: 'inherit', cwd: repositoryRoot, env: { ...process.env, ...more } });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${signal ?? `code ${code}`}`);
}
