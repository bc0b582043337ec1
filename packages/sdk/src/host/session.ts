/** A plugin's state between start and shutdown: for which DPU it was created, and what all calls have in common. */
import { inspect } from 'node:util';
import type { Dpu, InitRequest, IpPort, Logger, Plugin } from '../contract/contract.ts';
import { Serial } from '../contract/serial.ts';
import { DpuError } from '../errors.ts';
import type { Around } from '../wire/grpc/unary.ts';
import { Calls } from './calls/calls.ts';
import { withDeadline } from './calls/deadline.ts';
import { DataPathLoop } from './datapath/loop.ts';
import type { CallMetrics } from './metrics/call-metrics.ts';

/** VFs of a PF have 16 bits (SR-IOV Specification 1.1, 3.3.5). */
const mostFunctions = 0xffff;

export interface PluginSessionOptions {
  /** Creates the plugin. What a failed attempt began is ended when it rejects. */
  create: (dpu: Dpu) => Promise<Plugin>;
  /** The DPU, where it is known before Init. */
  dpu?: Dpu | undefined;
  /** Called when the plugin is created, before any call reaches it. */
  onCreated: (plugin: Plugin) => void;
  logger: Logger;
  /** Milliseconds that a call may take. */
  deadlineMs: number;
  /** Called when a call takes longer. */
  onHung: (error: DpuError) => void;
  /** Aborted on SIGTERM. */
  stopping: AbortSignal;
}

export class PluginSession {
  readonly #options: PluginSessionOptions;
  readonly #calls: Calls;
  readonly #serial = new Serial();
  /** The creation that runs or has succeeded. */
  #creation: { dpu: Dpu; plugin: Promise<Plugin> } | undefined;
  #created: Plugin | undefined;
  #loop: DataPathLoop | undefined;
  readonly #progressListeners = new Set<(name: string) => void>();
  #initialised = false;

  constructor(options: PluginSessionOptions) {
    this.#options = options;
    this.#calls = new Calls(options.logger, options.deadlineMs, options.onHung);
  }

  /** Counts the calls from now on. */
  set metrics(metrics: CallMetrics) {
    this.#calls.metrics = metrics;
  }

  /** Creates the plugin where its DPU is known already. What fails is told by Init, which tries again. */
  start(): void {
    const { dpu, logger } = this.#options;
    if (!dpu) return;
    this.#create(dpu).catch((error) => logger.error({ err: error }, 'the plugin is not created; Init tries again'));
  }

  /**
   * Creates the plugin, or answers what it was created with; a creation that failed may be tried again.
   *
   * @throws DpuError FAILED_PRECONDITION for another side or identifier than before, or than the host was told.
   */
  async init({ dpuMode, dpuIdentifier }: InitRequest): Promise<IpPort> {
    const asked: Dpu = { side: dpuMode ? 'dpu' : 'host', identifier: dpuIdentifier };
    const serves = this.#creation?.dpu ?? this.#options.dpu;
    if (serves && !isSame(serves, asked)) {
      const detail = `this VSP serves ${describe(serves)}; restart it before it can serve ${describe(asked)}`;
      throw new DpuError('FAILED_PRECONDITION', detail);
    }
    const { address } = await (this.#creation?.plugin ?? this.#create(serves ?? asked));
    if (!this.#initialised) this.#options.logger.info({ ...asked, ...address }, 'initialised');
    this.#initialised = true;
    return { ip: address.ip, port: address.port };
  }

  #create(dpu: Dpu): Promise<Plugin> {
    const { create, deadlineMs, onHung } = this.#options;
    const plugin = withDeadline('create', deadlineMs, create(dpu), onHung).then(
      (created) => {
        this.#take(created);
        return created;
      },
      (error) => {
        this.#creation = undefined;
        throw error;
      },
    );
    this.#creation = { dpu, plugin };
    return plugin;
  }

  #take(plugin: Plugin): void {
    const { onCreated, deadlineMs, onHung, logger, stopping } = this.#options;
    const { dataPath, limits } = plugin;
    if (dataPath) {
      const serial = this.#serial;
      const onProgress = (name: string) => {
        for (const listener of this.#progressListeners) listener(name);
      };
      this.#loop = new DataPathLoop({ dataPath, limits, serial, deadlineMs, stopping, onHung, onProgress, logger });
    }
    this.#created = plugin;
    onCreated(plugin);
  }

  get initialised(): boolean {
    return this.#initialised;
  }

  /** The plugin, where it is created. */
  get created(): Plugin | undefined {
    return this.#created;
  }

  /** @throws DpuError FAILED_PRECONDITION where it is not created. */
  get plugin(): Plugin {
    if (this.#created) return this.#created;
    throw new DpuError('FAILED_PRECONDITION', 'the plugin is not created yet; call Init first');
  }

  /** @throws DpuError UNIMPLEMENTED where the plugin has none. */
  get dataPath(): DataPathLoop {
    if (this.#loop) return this.#loop;
    throw new DpuError('UNIMPLEMENTED', 'this side has no data path');
  }

  async completeReplay(): Promise<void> {
    await this.#loop?.complete();
  }

  /** Never while the data path is applied. With 0 that is emptied first, and put back where the plugin refuses. */
  async setNumVfs(count: number): Promise<number> {
    const { plugin } = this;
    const most = plugin.limits?.maxVfs;
    if (most !== undefined && count > most) {
      throw new DpuError('OUT_OF_RANGE', `vf_cnt: there can be 0 to ${most}, not ${count}`);
    }
    return this.#serial.run(async () => {
      const putBack = count === 0 ? await this.#loop?.empty() : undefined;
      try {
        return requireCount('setNumVfs', await this.#timed('SetNumVfs', async () => plugin.setNumVfs(count)));
      } catch (error) {
        await putBack?.();
        throw error;
      }
    });
  }

  /**
   * Runs while nothing is applied.
   *
   * @throws DpuError DEADLINE_EXCEEDED when it takes too long.
   */
  alone<T>(what: string, run: () => Promise<T>): Promise<T> {
    return this.#serial.run(() => this.#timed(what, run));
  }

  #timed<T>(what: string, run: () => Promise<T>): Promise<T> {
    const { deadlineMs, onHung } = this.#options;
    return withDeadline(what, deadlineMs, run(), onHung);
  }

  /** Calls back with the name of an object with which the card is at another point than before. Returns what ends that. */
  onProgress(listener: (name: string) => void): () => void {
    this.#progressListeners.add(listener);
    return () => this.#progressListeners.delete(listener);
  }

  /** Has the plugin given all that is wanted again. */
  reapply(): void {
    this.#loop?.reapply();
  }

  /** Resolves when no apply runs or waits. */
  async idle(): Promise<void> {
    this.#loop?.close();
    await this.#creation?.plugin.catch(() => {});
    await this.#serial.idle();
  }

  /** @throws DpuError FAILED_PRECONDITION before Init has succeeded. */
  requireInit(path: string): void {
    if (!this.#initialised) throw new DpuError('FAILED_PRECONDITION', `${path} needs a successful Init first`);
  }

  /** For calls that the plugin answers itself. */
  readonly call: Around = (path, run) =>
    this.#calls.timed(path, () => {
      this.requireInit(path);
      return run();
    });

  /** For calls that wait for others: not they have a deadline, but what they wait for. */
  readonly queued: Around = (path, run) =>
    this.#calls.untimed(path, () => {
      this.requireInit(path);
      return run();
    });

  /** For calls that may come before Init. */
  readonly logged: Around = (path, run) => this.#calls.untimed(path, run);

  /** Answers all calls in flight with UNAVAILABLE. What they do in the plugin goes on. */
  cutOff(): void {
    this.#calls.cutOff();
  }
}

/**
 * To the wire undefined would be none.
 *
 * @throws DpuError INTERNAL for what is no number of virtual functions
 */
export function requireCount(method: string, count: unknown): number {
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= mostFunctions) return count;
  const wanted = `how many there are afterwards: a whole number from 0 to ${mostFunctions}`;
  throw new DpuError(
    'INTERNAL',
    `the plugin's answer is wrong: ${method} answered ${inspect(count)}, and must answer ${wanted}`,
  );
}

function isSame(a: Dpu, b: Dpu): boolean {
  return a.side === b.side && a.identifier === b.identifier;
}

function describe({ side, identifier }: Dpu): string {
  return `the ${side === 'dpu' ? 'DPU' : 'host'} side of ${JSON.stringify(identifier)}`;
}
