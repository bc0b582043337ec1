import { execa } from 'execa';

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Text or bytes for the program's standard input. */
  input?: string | Uint8Array;
  inputFile?: string;
  timeoutMs?: number;
  /** Called with each line of standard error, where compilers and package tools report progress. */
  onErrorLine?: (line: string) => void;
}

export interface RunResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** A program that ended badly; its message carries what the program itself said last. */
export class CommandError extends Error {
  readonly result: RunResult;

  constructor(argv: readonly string[], result: RunResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-20).join('\n');
    super(`${argv.join(' ')} ended with code ${result.exitCode}${said ? `:\n${said}` : ''}`);
    this.name = 'CommandError';
    this.result = result;
  }
}

/** Runs a program without a shell and reports how it ended; -1 stands for "could not be started or timed out". */
export async function attempt(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [file = '', ...args] = argv;
  const child = execa(file, args, {
    reject: false,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.env && { env: options.env }),
    ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs }),
    ...standardInput(options),
  });
  const { onErrorLine } = options;
  if (onErrorLine) {
    (async () => {
      for await (const line of child.iterable({ from: 'stderr' })) onErrorLine(line);
    })().catch(() => {});
  }
  const ended = await child;
  return {
    stdout: ended.stdout ?? '',
    stderr: (ended.stderr ?? '') || (ended.exitCode === undefined ? (ended.shortMessage ?? '') : ''),
    exitCode: ended.exitCode ?? -1,
  };
}

function standardInput({ input, inputFile }: RunOptions) {
  if (inputFile !== undefined) return { stdin: { file: inputFile } };
  return input === undefined ? { stdin: 'ignore' as const } : { input };
}

/** Runs a program without a shell; its standard output, or a CommandError. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await attempt(argv, options);
  if (result.exitCode !== 0) throw new CommandError(argv, result);
  return result.stdout;
}
