/** Runs programs without a shell. */
import { spawn } from 'node:child_process';
import { DpuError } from '../errors.ts';

export interface ExecOptions {
  /** Text for standard input. */
  input?: string;
  /** Milliseconds until the program is killed; 10,000 unless told. */
  timeoutMs?: number;
  signal?: AbortSignal;
  env?: Record<string, string>;
  /** Answer a non-zero exit instead of throwing. */
  allowFailure?: boolean;
}

export interface ExecResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** The port through which code that decides reaches programs; tests hand in another. */
export type Exec = (file: string, args: readonly string[], options?: ExecOptions) => Promise<ExecResult>;

/**
 * Runs a program to its end.
 *
 * @throws DpuError NOT_FOUND when there is no such program, DEADLINE_EXCEEDED after the timeout, INTERNAL with the
 * program's own words when it fails.
 */
export const exec: Exec = (file, args, options = {}) =>
  new Promise((resolve, reject) => {
    const timeoutMs = options.timeoutMs ?? 10_000;
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(options.signal && { signal: options.signal }),
      ...(options.env && { env: options.env }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const missing = cause.code === 'ENOENT';
      const text = missing ? `${file} is not installed` : `${file}: ${cause.message}`;
      reject(new DpuError(missing ? 'NOT_FOUND' : 'INTERNAL', text, { cause }));
    });
    child.on('close', (code, killedBy) => {
      const result = { stdout: `${Buffer.concat(stdout)}`, stderr: `${Buffer.concat(stderr)}`, exitCode: code ?? -1 };
      if (killedBy === 'SIGKILL') {
        reject(new DpuError('DEADLINE_EXCEEDED', `${file} ${args.join(' ')}: no answer within ${timeoutMs} ms`));
      } else if (code === 0 || options.allowFailure) {
        resolve(result);
      } else {
        const words = result.stderr.trim() || result.stdout.trim() || `exit code ${code}`;
        reject(new DpuError('INTERNAL', `${file} ${args.join(' ')}: ${words}`));
      }
    });
    // A program that ends before it read its input closes the pipe; its exit code tells what happened.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
