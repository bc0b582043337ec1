/** Programs that a test speaks for. */
import { DpuError } from '../errors.ts';
import { type Exec, type ExecOptions, type ExecResult, notFoundExit } from '../linux/exec.ts';

/** One run of a program. */
export interface ExecCall {
  file: string;
  args: readonly string[];
  /** What it was given on standard input; empty for nothing. */
  input: string;
}

/** What a program prints, or all that it does; an exit code other than 0 fails as it does for real. */
export type ScriptedResult = string | Partial<ExecResult>;

/** By the name of a program: what it answers, always the same or by its arguments. Throw to refuse a call. */
export type ExecScript = Record<
  string,
  ScriptedResult | ((args: readonly string[], options: ExecOptions) => ScriptedResult | Promise<ScriptedResult>)
>;

/** What {@link fakeExec} makes. */
export type FakeExec = Exec & {
  /** All calls, the unexpected ones too, in their order. */
  readonly calls: ExecCall[];
};

/**
 * An {@link Exec} that runs nothing.
 *
 * @example
 * const exec = fakeExec({ 'acme-fw': ([command]) => (command === 'version' ? '2.1.0' : { exitCode: 1, stderr: 'busy' }) });
 * @throws DpuError (the calls) FAILED_PRECONDITION naming a program without a script, INTERNAL with the words of one that fails.
 */
export function fakeExec(script: ExecScript = {}): FakeExec {
  const calls: ExecCall[] = [];
  const exec: Exec = async (file, args, options = {}) => {
    calls.push({ file, args, input: options.input ?? '' });
    options.signal?.throwIfAborted();
    const line = [file, ...args].join(' ');
    const answer = Object.hasOwn(script, file) ? script[file] : undefined;
    if (answer === undefined) {
      throw new DpuError(
        'FAILED_PRECONDITION',
        `unexpected \`${line}\`: give fakeExec or fakePlatform a script for ${file}`,
      );
    }
    const told = typeof answer === 'function' ? await answer(args, options) : answer;
    const result = { stdout: '', stderr: '', exitCode: 0, ...(typeof told === 'string' ? { stdout: told } : told) };
    if (result.exitCode !== 0 && !options.allowFailure) {
      const detail = result.stderr.trim() || result.stdout.trim() || `exit code ${result.exitCode}`;
      const code = result.exitCode === notFoundExit ? 'FAILED_PRECONDITION' : 'INTERNAL';
      throw new DpuError(code, `${line}: ${detail}`);
    }
    return result;
  };
  return Object.assign(exec, { calls });
}
