/** The IMC, the processor of the card that knows its functions. It is asked by SSH, one call at a time. */
import { type Clock, DpuError, type MountedFiles } from '@dpu-operator/sdk';
import { Serial } from '../serial.ts';
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

export class Imc {
  readonly #options: ImcOptions;
  readonly #session: SshSession;
  readonly #serial = new Serial();

  constructor(options: ImcOptions) {
    this.#options = options;
    this.#session = new SshSession(options.target, () => this.#credentials());
  }

  close(): void {
    this.#session.close();
  }

  /**
   * The functions of the card and their VSIs, asked for anew each time. No answer is kept: a host can make its virtual
   * functions anew at any time, their VSIs may be others then, and nobody tells.
   *
   * @throws DpuError as {@link SshSession.run} does, of the last attempt; UNAVAILABLE where the tool prints no table
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
          'UNAVAILABLE',
          `${command} on the IMC ended with ${exitCode}: ${stderr.trim() || stdout.trim()}`,
        );
      } catch (error) {
        if (attempt >= retries || DpuError.from(error).code !== 'UNAVAILABLE') throw error;
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
