/** The functions of the card and their VSIs, as the IMC tells them or their MACs have them; and how the IMC is. */
import { type Clock, DpuError, type StatusReporter } from '@dpu-operator/sdk';
import type { FunctionTable } from '../imc/function-table.ts';
import type { Imc } from '../imc/imc.ts';
import { Pause } from '../pause.ts';

export interface CardFunctionsOptions {
  imc: Imc;
  /** The VSI is the second octet of a MAC: the IMC is not asked. */
  vsiFromMac: boolean;
  clock: Clock;
  status: StatusReporter;
}

/** The condition's reasons, by the codes of {@link Imc.functions}. */
const reasons: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'CredentialsRefused',
  FAILED_PRECONDITION: 'OtherHostKey',
  ABORTED: 'Busy',
  UNKNOWN: 'ToolFailed',
};

export class CardFunctions {
  readonly #options: CardFunctionsOptions;
  readonly #closing = new AbortController();
  readonly #pause: Pause;
  /** As the IMC told them last. */
  #told: FunctionTable = new Map();
  #answers = true;
  #asksOn = false;

  constructor(options: CardFunctionsOptions) {
    this.#options = options;
    this.#pause = new Pause(options.clock);
  }

  /** Asks the IMC, where it is the one who knows. @throws DpuError UNAVAILABLE with what it has instead of an answer */
  async ask(signal: AbortSignal): Promise<void> {
    const { imc, vsiFromMac } = this.#options;
    if (vsiFromMac) return;
    try {
      this.#told = await imc.functions(signal);
    } catch (error) {
      const { code, message } = DpuError.from(error);
      if (!signal.aborted) this.#report(reasons[code] ?? 'NoAnswer', message);
      throw new DpuError('UNAVAILABLE', message, { cause: error });
    }
    this.#report(undefined, 'the IMC tells the functions of the card');
  }

  /** The VSI of a MAC; undefined where the card knew of none when it was asked last. */
  vsiOf(mac: string): number | undefined {
    return this.#options.vsiFromMac ? vsiInMac(mac) : this.#told.get(mac);
  }

  /**
   * The IMC is asked where one of the MACs is not in use: a function may have been made anew with another VSI.
   *
   * @param used VSIs that are in use. One counts while the IMC lists neither its MAC nor another function with it.
   * @returns the VSI of a MAC, as {@link vsiOf}; it throws UNAVAILABLE for those that the IMC could not be asked for
   */
  async vsis(
    macs: readonly string[],
    used: FunctionTable,
    signal: AbortSignal,
  ): Promise<(mac: string) => number | undefined> {
    if (this.#options.vsiFromMac) return vsiInMac;
    let failure: unknown;
    if (!macs.every((mac) => used.has(mac))) {
      await this.ask(signal).catch((error) => {
        failure = error;
        void this.#askOn();
      });
    }
    const listed = this.#told;
    const taken = new Set(listed.values());
    return (mac) => {
      const former = used.get(mac);
      if (failure !== undefined && former === undefined) throw failure;
      if (listed.has(mac) || former === undefined) return listed.get(mac);
      return taken.has(former) ? undefined : former;
    };
  }

  /** The credentials may be others. */
  credentialsChanged(): void {
    this.#options.imc.logInAnew();
    this.#pause.end();
  }

  close(): void {
    this.#closing.abort();
    this.#options.imc.close();
  }

  /** Whoever asked for a port asks again; the condition shall not say for so long what is no longer true. */
  async #askOn(): Promise<void> {
    const { signal } = this.#closing;
    if (this.#asksOn) return;
    this.#asksOn = true;
    for (let failures = 1; !this.#answers && !signal.aborted; failures++) {
      await this.#pause.wait(failures, signal);
      if (!this.#answers && !signal.aborted) await this.ask(signal).catch(() => {});
    }
    this.#asksOn = false;
  }

  #report(fault: string | undefined, message: string): void {
    this.#answers = fault === undefined;
    const status = this.#answers ? 'True' : 'False';
    this.#options.status.set({ type: 'Imc', status, reason: fault ?? 'Answers', message });
  }
}

/** On older firmware. */
function vsiInMac(mac: string): number {
  return Number.parseInt(mac.slice(3, 5), 16);
}
