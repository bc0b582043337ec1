/**
 * One `ip -batch` that stays. Starting a program from a process of the daemon's size takes 3 to 5 ms on top of the
 * kernel's own work (the fork copies its page tables); a line to a running `ip` takes 0.1 ms. Idle it costs 1 MB.
 *
 * `ip` answers on its standard error only: words when a line fails, and `Command failed -:<line>`. So every command is
 * followed by a line that always fails, and its number says that the command is done.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { DpuError } from '@dpu-operator/sdk';

interface Waiting {
  line: number;
  command: string;
  words: string;
  failed: boolean;
  resolve: () => void;
  reject: (error: DpuError) => void;
}

/** No prefix of an `ip` object, so it is refused by name without a word to the kernel. */
const mark = '-done';
const timeoutMs = 15_000;

export class IpProcess {
  readonly #before: readonly string[];
  #child: ChildProcessWithoutNullStreams | undefined;
  #line = 0;
  #unread = '';
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param before program and arguments that start `ip`, such as nsenter's */
  constructor(before: readonly string[] = []) {
    this.#before = before;
  }

  /** Runs one command line, without the word `ip`, after those given before. @throws DpuError */
  run(command: string): Promise<void> {
    if (/[\n\r]/.test(command)) throw new DpuError('INVALID_ARGUMENT', 'an ip command must be one line');
    this.#child ??= this.#start();
    const { stdin } = this.#child;
    this.#line += 2;
    const line = this.#line;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, command, words: '', failed: false, resolve, reject });
      if (this.#waiting.length === 1) this.#watchTime();
      stdin.write(`${command}\n${mark}\n`);
    });
  }

  /** How many commands are under way. */
  get pending(): number {
    return this.#waiting.length;
  }

  close(): void {
    this.#child?.stdin.end();
  }

  #start(): ChildProcessWithoutNullStreams {
    const [file = 'ip', ...args] = [...this.#before, 'ip', '-force', '-batch', '-'];
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#line = 0;
    this.#unread = '';
    child.stdout.resume();
    child.stdin.on('error', () => {});
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    child.on('error', (error) => this.#ended(child, error.message));
    child.on('close', () => this.#ended(child, 'it ended'));
    return child;
  }

  #read(text: string): void {
    this.#unread += text;
    const lines = this.#unread.split('\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) {
      const [current] = this.#waiting;
      const done = /^Command failed -:(\d+)$/.exec(line)?.[1];
      if (!current) continue;
      if (done === undefined) current.words += `${line} `;
      else if (Number(done) < current.line) current.failed = true;
      else this.#settle(current);
    }
  }

  #settle(current: Waiting): void {
    this.#waiting.shift();
    this.#watchTime();
    const words = current.words.replace(/Object "-done" is unknown.*$/, '').trim();
    if (current.failed) current.reject(ipError(current.command, words));
    else current.resolve();
  }

  /** A namespace move waits for the kernel's grace periods, never for seconds: then something is stuck. */
  #watchTime(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    const child = this.#child;
    this.#timer = setTimeout(() => child?.kill('SIGKILL'), timeoutMs);
  }

  #ended(child: ChildProcessWithoutNullStreams, why: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    clearTimeout(this.#timer);
    for (const { command, reject } of this.#waiting.splice(0)) {
      reject(new DpuError('INTERNAL', `ip ${command}: no answer from the ip program (${why})`));
    }
  }
}

/** The same codes that Links of the SDK gives. */
export function ipError(command: string, words: string): DpuError {
  const missing = /does not exist|Cannot find device|No such (device|file|process)|Cannot open network namespace/i;
  const code = missing.test(words) ? 'NOT_FOUND' : /exists/i.test(words) ? 'ALREADY_EXISTS' : 'INTERNAL';
  return new DpuError(code, `ip ${command}: ${words || 'failed without a word'}`);
}
