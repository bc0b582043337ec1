/** The plugin's process: `dpu-vsp serve`, as a VSP's pod runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface VspProcessOptions {
  program: string;
  directory: string;
  socketPath: string;
  /** Between SIGTERM and SIGKILL. */
  gracePeriodSeconds: number;
  onPrinted: (line: string) => void;
  /** It ended without being told to. */
  onEnded: (how: string) => void;
}

export class VspProcess {
  readonly #options: VspProcessOptions;
  #child: ChildProcess | undefined;

  constructor(options: VspProcessOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  start(environment: Record<string, string | undefined>): void {
    const { program, directory, socketPath, onPrinted, onEnded } = this.#options;
    const child = spawn(process.execPath, [program, 'serve', '--plugin', directory, '--socket', socketPath], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: directory,
      env: { ...process.env, ...environment },
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', onPrinted);
    child.on('error', (error) => onPrinted(error.message));
    child.on('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      onEnded(signal ?? `exit code ${code}`);
    });
  }

  /** SIGTERM, and SIGKILL when that takes too long. @returns the exit code; null for one that had to be killed or is gone */
  async stop(): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.gracePeriodSeconds * 1_000);
    child.kill('SIGTERM');
    const code = await ended;
    clearTimeout(timer);
    return code;
  }
}
