/** The IMC, the processor of the card that knows its functions. It is asked by SSH, one call at a time. */
import { type Clock, DpuError, type MountedFiles, Serial } from '@dpu-operator/sdk';
import { type FunctionTable, parseFunctionTable } from './function-table.ts';
import { type SshCredentials, SshSession, type SshTarget } from './ssh.ts';

export interface ImcOptions {
  target: SshTarget;
  /** Keys `ssh-key` and `password`. */
  secrets: Pick<MountedFiles, 'read'>;
  clock: Clock;
}

const command = 'cli_client -cq';
/** The daemon behind the tool serves one caller at a time, also where another machine asks. */
const retries = 5;
const retryMs = 500;
/** What may be over with the next attempt. */
const passing: readonly string[] = ['UNAVAILABLE', 'ABORTED', 'UNKNOWN'];

export class Imc {
  readonly #options: ImcOptions;
  readonly #session: SshSession;
  readonly #serial = new Serial();

  constructor(options: ImcOptions) {
    this.#options = options;
    this.#session = new SshSession(options.target, () => this.#credentials());
  }

  /** The Secret has changed: a connection that was made with it before is not kept. */
  logInAnew(): void {
    this.#session.forget();
  }

  close(): void {
    this.#session.close();
  }

  /**
   * The functions of the card and their VSIs, asked for anew each time. No answer is kept: a host can make its virtual
   * functions anew at any time, their VSIs may be others then, and nobody tells.
   *
   * @throws DpuError as {@link SshSession.run} does, of the last attempt; ABORTED where the tool says that it is busy,
   * UNKNOWN where it fails or prints no table
   */
  functions(signal?: AbortSignal): Promise<FunctionTable> {
    return this.#serial.run(() => this.#ask(signal));
  }

  async #ask(signal: AbortSignal | undefined): Promise<FunctionTable> {
    const { clock } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        const { stdout, stderr, exitCode } = await this.#session.run(command, signal);
        if (exitCode === 0) return parseFunctionTable(`${stdout}\n${stderr}`);
        throw new DpuError(
          'UNKNOWN',
          `${command} on the IMC ended with ${exitCode}: ${stderr.trim() || stdout.trim()}`,
        );
      } catch (error) {
        if (attempt >= retries || !passing.includes(DpuError.from(error).code)) throw error;
        await clock.sleep(retryMs, signal);
      }
    }
  }

  /** Read anew for each connection: the Secret may have changed. */
  async #credentials(): Promise<SshCredentials> {
    const { secrets } = this.#options;
    const read = (key: string) =>
      secrets.read(key).catch((error) => {
        // No Secret, or one without that key.
        if (DpuError.from(error).code === 'FAILED_PRECONDITION') return undefined;
        throw error;
      });
    const [privateKey, password] = await Promise.all([read('ssh-key'), read('password')]);
    // A file that was written by an editor ends a line.
    return { privateKey, password: password?.replace(/\r?\n$/, '') };
  }
}
