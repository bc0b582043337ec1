/** A plugin's state between start and shutdown: whether it was initialised, and what all calls have in common. */
import type { InitRequest, IpPort, Logger, Plugin } from '../contract.ts';
import { DpuError } from '../errors.ts';
import type { Around } from '../wire/unary.ts';
import { withDeadline } from './deadline.ts';
import type { CallMetrics } from './metrics/call-metrics.ts';

export interface PluginSessionOptions {
  plugin: Plugin;
  logger: Logger;
  /** Milliseconds that a call may take. */
  deadlineMs: number;
  /** Called when a call takes longer. */
  onHung: (error: DpuError) => void;
}

export class PluginSession {
  readonly plugin: Plugin;
  /** Where calls are counted, if anywhere. */
  metrics: CallMetrics | undefined;
  readonly #logger: Logger;
  readonly #deadlineMs: number;
  readonly #onHung: (error: DpuError) => void;
  /** The Init that is running or has succeeded. */
  #init: { request: InitRequest; result: Promise<IpPort> } | undefined;
  #initialised = false;
  /** Ends the calls in flight. */
  readonly #running = new Set<() => void>();

  constructor({ plugin, logger, deadlineMs, onHung }: PluginSessionOptions) {
    this.plugin = plugin;
    this.#logger = logger;
    this.#deadlineMs = deadlineMs;
    this.#onHung = onHung;
  }

  /**
   * The plugin sees one Init; repeats share its answer, one that failed may be tried again.
   *
   * @throws DpuError FAILED_PRECONDITION for another mode or identifier than before.
   */
  async init(request: InitRequest): Promise<IpPort> {
    const earlier = this.#init;
    if (earlier) {
      if (isSame(earlier.request, request)) return earlier.result;
      const [serves, asked] = [describe(earlier.request), describe(request)];
      throw new DpuError('FAILED_PRECONDITION', `this VSP serves ${serves}; restart it before it can serve ${asked}`);
    }
    const result = this.#firstInit(request);
    this.#init = { request, result };
    return result;
  }

  async #firstInit(request: InitRequest): Promise<IpPort> {
    try {
      const ipPort = await this.plugin.init(request);
      this.#initialised = true;
      this.#logger.info({ ...request, ...ipPort }, 'initialised');
      return ipPort;
    } catch (error) {
      this.#init = undefined;
      throw error;
    }
  }

  get initialised(): boolean {
    return this.#initialised;
  }

  /** @throws DpuError FAILED_PRECONDITION before Init has succeeded. */
  requireInit(path: string): void {
    if (!this.#initialised) throw new DpuError('FAILED_PRECONDITION', `${path} needs a successful Init first`);
  }

  /** For all calls but Init. */
  readonly call: Around = (path, run) =>
    this.logged(path, async () => {
      this.requireInit(path);
      return run();
    });

  /** Counts, and logs what fails: bugs, which arrive as INTERNAL, with their stack. */
  readonly logged: Around = async (path, run) => {
    const ended = this.metrics?.started(path);
    try {
      const response = await this.#untilCutOff(path, run);
      ended?.('OK');
      return response;
    } catch (error) {
      const { code, message } = DpuError.from(error);
      ended?.(code);
      if (code === 'INTERNAL') this.#logger.error({ err: error, method: path }, message);
      else this.#logger.warn({ code, method: path }, message);
      throw error;
    }
  };

  /** Answers all calls in flight with UNAVAILABLE. What they do in the plugin goes on. */
  cutOff(): void {
    for (const cut of [...this.#running]) cut();
  }

  /** Not a race with one long-lived promise: that would keep every call's answer until the end. */
  #untilCutOff<T>(path: string, run: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const cut = () => reject(new DpuError('UNAVAILABLE', `${path} was cut off, the VSP shuts down; call again`));
      this.#running.add(cut);
      // A plugin in plain JavaScript may throw before it has a promise.
      const work = (async () => run())();
      withDeadline(path, this.#deadlineMs, work, this.#onHung)
        .then(resolve, reject)
        .finally(() => this.#running.delete(cut));
    });
  }
}

function isSame(a: InitRequest, b: InitRequest): boolean {
  return a.dpuMode === b.dpuMode && a.dpuIdentifier === b.dpuIdentifier;
}

function describe({ dpuMode, dpuIdentifier }: InitRequest): string {
  return `the ${dpuMode ? 'DPU' : 'host'} side of ${JSON.stringify(dpuIdentifier)}`;
}
