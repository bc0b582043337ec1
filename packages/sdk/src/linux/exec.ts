/** Runs programs without a shell. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { DpuError } from '../errors.ts';

/** How a program is run. */
export interface ExecOptions {
  /** Text for standard input. */
  input?: string;
  /** Milliseconds until the program and all that it started are killed. Default: 10,000. */
  timeoutMs?: number;
  signal?: AbortSignal;
  env?: Record<string, string>;
  /** Answer a non-zero exit instead of throwing. A program that a signal killed has none. */
  allowFailure?: boolean;
  /** The kernel kills the program when this process dies, however that dies. Needs util-linux (`setpriv`). */
  dieWithParent?: boolean;
}

/** How a program ended, and what it printed. */
export interface ExecResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** The port through which code that decides reaches programs; tests hand in another. */
export type Exec = (file: string, args: readonly string[], options?: ExecOptions) => Promise<ExecResult>;

/** What a program may print to one stream before it is killed. The longest that is read here are lists of links. */
const longestOutput = 64 * 1024 * 1024;

/** Of nsenter, setpriv, a shell and all that run another program: it is not there (POSIX, "Exit Status for Commands"). */
export const notFoundExit = 127;

/**
 * Runs a program to its end: its exit, and the end of its output.
 *
 * Something that it leaves behind with its output open is waited for until the timeout, then killed, and the program is
 * judged by its own exit.
 *
 * @throws DpuError FAILED_PRECONDITION when there is no such program, DEADLINE_EXCEEDED after the timeout, CANCELLED when `signal`
 * is aborted, RESOURCE_EXHAUSTED when no process can be started now or the program prints without end, INTERNAL with
 * the program's own words when it fails, and when a signal from elsewhere kills it.
 */
export const exec: Exec = (file, args, options = {}) =>
  new Promise((resolve, reject) => {
    const { timeoutMs = 10_000, signal, allowFailure } = options;
    if (signal?.aborted) {
      reject(new DpuError('CANCELLED', `${file}: cancelled`, { cause: signal.reason }));
      return;
    }
    let child: ChildProcessWithoutNullStreams;
    try {
      child = start(file, args, options);
    } catch (error) {
      reject(startError(file, error));
      return;
    }
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let exit: { code: number | null; killedBy: NodeJS.Signals | null } | undefined;

    const command = `${file} ${args.join(' ')}`;
    const finish = (error?: DpuError): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      if (error) reject(error);
      else settle();
    };
    const settle = (): void => {
      const exitCode = exit?.code ?? -1;
      const result = { stdout: `${Buffer.concat(stdout)}`, stderr: `${Buffer.concat(stderr)}`, exitCode };
      const detail = result.stderr.trim() || result.stdout.trim();
      if (exit?.killedBy) {
        const rest = detail && `, after ${detail}`;
        reject(new DpuError('INTERNAL', `${command}: killed by ${exit.killedBy}${rest}`));
      } else if (exitCode === 0 || allowFailure) {
        resolve(result);
      } else {
        const code = exitCode === notFoundExit ? 'FAILED_PRECONDITION' : 'INTERNAL';
        reject(new DpuError(code, `${command}: ${detail || `exit code ${exitCode}`}`));
      }
    };
    const abandon = (error?: DpuError): void => {
      killGroup(child);
      // A process that left the group may hold them for ever.
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      finish(error);
    };
    const cancel = (): void => abandon(new DpuError('CANCELLED', `${command}: cancelled`, { cause: signal?.reason }));
    const late = new DpuError('DEADLINE_EXCEEDED', `${command}: no answer within ${timeoutMs} ms`);
    const timer = setTimeout(() => abandon(exit ? undefined : late), timeoutMs);
    signal?.addEventListener('abort', cancel, { once: true });

    // Before anything else: an error without a listener ends this process.
    child.on('error', (error) => finish(startError(file, error)));
    // Without streams (EMFILE) the error is on its way.
    if (!child.stdout) return;
    const collect = (chunks: Buffer[]) => {
      let length = 0;
      return (chunk: Buffer) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length > longestOutput) {
          abandon(new DpuError('RESOURCE_EXHAUSTED', `${command}: printed more than ${longestOutput} bytes`));
        }
      };
    };
    child.stdout.on('data', collect(stdout));
    child.stderr.on('data', collect(stderr));
    child.on('exit', (code, killedBy) => {
      exit = { code, killedBy };
    });
    child.on('close', () => finish());
    // A program that ends before it read its input closes the pipe; its exit code tells what happened.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });

/** In a process group of its own, by which all that it starts can be killed. */
function start(file: string, args: readonly string[], options: ExecOptions): ChildProcessWithoutNullStreams {
  const { env, dieWithParent } = options;
  const settings = { stdio: 'pipe' as const, detached: true, ...(env && { env }) };
  if (!dieWithParent) return spawn(file, args, settings);
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', file, ...args], settings);
}

function killGroup(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing is left of the group.
  }
}

/** Of this process or of the node: errno(3), as fork and pipe answer. */
const exhausted = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'];

function startError(file: string, cause: unknown): DpuError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new DpuError('FAILED_PRECONDITION', `${file} is not installed`, { cause });
  if (code && exhausted.includes(code)) {
    return new DpuError('RESOURCE_EXHAUSTED', `${file} cannot be started now: ${message}`, { cause });
  }
  return new DpuError('INTERNAL', `${file}: ${message}`, { cause });
}
