/**
 * The program as nodes have it, run as a container runtime does: environment and standard input in, standard output and
 * exit code out.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { compileProgram } from '../build/compile.ts';

export interface Outcome {
  exitCode: number | null;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever the program printed
  json: any;
}

/** Made first where the source has changed. */
export const program = await compileProgram();

/** @param env on top of what a runtime in a proxied network has */
export function start(env: Record<string, string>, args: readonly string[] = []): ChildProcess {
  return spawn(program, args, {
    env: { PATH: process.env.PATH ?? '', HTTP_PROXY: 'http://192.0.2.1:1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Reads what it prints until it ends. */
export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

export async function run(
  env: Record<string, string>,
  stdin: string | Buffer,
  args?: readonly string[],
): Promise<Outcome> {
  const child = start(env, args);
  // It may refuse before it has read all.
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);
  return outcomeOf(child);
}
