/**
 * The data path of a DPU side: what its VSP shall hold for the pods of this node ({@link NetworkFunctions}, by themselves or
 * in a chain) and for hosts ({@link HostPorts}), and the one reconciler that makes it so. A VSP that starts is told
 * everything anew; when it has taken all, {@link ReplayEnd} tells it that the rest on its card may go.
 */
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import { limitsOf } from '@dpu-operator/sdk/client';
import type { Logger } from 'pino';
import type { ChainReport } from '../../api/index.ts';
import type { ChainPlace } from '../attach/collaborators.ts';
import type { ChainOrder } from '../chains/chain-order.ts';
import type { UnreadableRecord } from '../state/set-aside.ts';
import type { AttachedFunctions } from './chains/attached-index.ts';
import { chainId } from './chains/chain-status.ts';
import { NetworkFunctions } from './chains/network-functions.ts';
import { HostPortRecords } from './host-ports/host-port-records.ts';
import { HostPorts } from './host-ports/host-ports.ts';
import { chainKey, networkFunctionKey } from './items.ts';
import type { Action, Wish } from './plan.ts';
import { type DesiredItems, Reconciler } from './reconciler.ts';
import { ReplayEnd } from './replay-end.ts';
import { outcomeUnknown } from './target.ts';
import { type CallListener, type VspCalls, VspTarget } from './vsp-target.ts';

export interface DpuDataPathOptions {
  dpuName: string;
  /** The DPU's directory of records. */
  directory: string;
  attachments: AttachedFunctions;
  /** Hears how each call to the VSP ended. */
  vsp?: CallListener | undefined;
  /** See {@link HostPortsOptions.isOnlyInstallation}. */
  isOnlyInstallation: (installation: string) => boolean;
  /** Called when {@link DpuDataPath.chains} has changed. */
  onChains: () => void;
  /** Called when the hosts that have ports here, or those of them that are away, have changed. */
  onHosts: () => void;
  /** Called when {@link DpuDataPath.unreadable} has changed. */
  onUnreadable?: (() => void) | undefined;
  logger: Logger;
}

/** Functions first, as hosts' ports come last. */
class DpuSideItems implements DesiredItems {
  readonly #functions: NetworkFunctions;
  readonly #ports: HostPortRecords;

  constructor(functions: NetworkFunctions, ports: HostPortRecords) {
    this.#functions = functions;
    this.#ports = ports;
  }

  wishes(): Wish[] {
    return [...this.#functions.wishes(), ...this.#ports.wishes()];
  }

  async beforeCall({ call, item }: Action): Promise<void> {
    if (item.kind === 'chain' && call !== 'delete') await this.#functions.chainCalled(item);
  }

  async acknowledged({ call, item }: Action): Promise<void> {
    if (item.kind === 'chain') await this.#functions.chainAcknowledged(call, item);
    else if (call !== 'delete') return;
    else if (item.kind === 'bridgePort') await this.#ports.dropped(item.port.name);
    else await this.#functions.functionDropped(item.networkFunction);
  }

  async failed({ call, item }: Action, error: DpuError): Promise<void> {
    if (item.kind === 'chain') await this.#functions.chainFailed(call, item, error);
  }
}

export class DpuDataPath {
  readonly #functions: NetworkFunctions;
  readonly #ports: HostPortRecords;
  readonly #reconciler: Reconciler;
  readonly #vsp: CallListener | undefined;
  readonly #replayEnd: ReplayEnd;
  /** The VSP that was initialised last, and is not lost since. */
  #started: VspCalls | undefined;
  /** The same, once the reconciler has it. */
  #connected: VspCalls | undefined;
  #hasOneBridge: boolean | undefined;
  readonly #logger: Logger;
  /** What hosts ask for. */
  readonly hostPorts: HostPorts;

  constructor(options: DpuDataPathOptions) {
    const { logger } = options;
    this.#vsp = options.vsp;
    this.#logger = logger;
    this.#replayEnd = new ReplayEnd({
      isUnreadable: () => this.unreadable().length > 0 || (options.attachments.unreadable?.() ?? []).length > 0,
      logger,
    });
    const onUnreadable = () => {
      options.onUnreadable?.();
      this.#replayEnd.recordsChanged();
    };
    const records = new HostPortRecords({ ...options, onUnreadable });
    this.#ports = records;
    this.#functions = new NetworkFunctions({ ...options, onUnreadable });
    this.#reconciler = new Reconciler({
      desired: new DpuSideItems(this.#functions, records),
      disconnected: "the DPU's VSP is not ready; see its vsp pod",
      onReplayed: () => {
        if (this.#connected) this.#replayEnd.replayed(this.#connected);
      },
      logger,
    });
    this.hostPorts = new HostPorts({
      records,
      reconciler: this.#reconciler,
      isOnlyInstallation: options.isOnlyInstallation,
      onUsers: options.onHosts,
      logger,
    });
  }

  /**
   * A VSP has been initialised, which may be another than before. Resolves when it was told everything.
   *
   * @throws DpuError UNAVAILABLE when it is lost meanwhile
   */
  async vspStarted(client: VspCalls): Promise<void> {
    this.#started = client;
    const [info, hasOneBridge] = await Promise.all([client.getInfo(), servesNoBridges(client)]);
    const hasChains = info?.capabilities.includes('chains') ?? false;
    this.#hasOneBridge = hasOneBridge ?? this.#hasOneBridge;
    const { perBridge = false } = limitsOf(info?.features ?? []);
    await this.#functions.vspStarted({ hasChains, perBridge });
    if (this.#started !== client) {
      if (!this.#started) this.#functions.vspAway();
      throw new DpuError('UNAVAILABLE', 'the VSP was lost meanwhile');
    }
    this.#replayEnd.cancel();
    this.#connected = client;
    const target = new VspTarget({ client, perBridge, listener: this.#vsp, logger: this.#logger });
    await this.#reconciler.connect(target);
    this.#functions.vspComplete();
  }

  /** Whether the VSP serves no logical bridges, as it said last: it keeps no networks apart. */
  get hasOneBridge(): boolean | undefined {
    return this.#hasOneBridge;
  }

  /** Attachments can be read that could not before, or the other way round. */
  recordsChanged(): void {
    this.#replayEnd.recordsChanged();
  }

  vspLost(): void {
    this.#started = undefined;
    this.#replayEnd.cancel();
    this.#connected = undefined;
    this.#reconciler.disconnect();
    this.#functions.vspAway();
  }

  /**
   * A function has been attached. That the VSP refuses its chain is told by the chain's report and is no error: the
   * interface works, and the chain may be taken later.
   *
   * @throws DpuError UNAVAILABLE without a VSP; what the VSP says to a function that it is given by itself
   */
  async createNetworkFunction(nf: NetworkFunction, place?: ChainPlace): Promise<void> {
    const how = await this.#functions.attach(nf, place);
    if (how === 'in chain' && place) return this.#chainReconciled(place.chain);
    try {
      await this.#reconciler.ensure(networkFunctionKey(nf));
    } catch (error) {
      this.#functions.forget(nf);
      throw error;
    }
    if (place) this.#functions.chainReconciled(place.chain);
  }

  /** Returns when no frame passes the function any more, or will once the VSP is back. */
  async deleteNetworkFunction(nf: NetworkFunction, chain?: string): Promise<void> {
    await this.#functions.detach(nf, chain);
    const keys = [...(chain === undefined ? [] : [chainKey(chainId(chain))]), networkFunctionKey(nf)];
    for (const key of keys) {
      if (!(await this.#isDropped(key))) this.#functions.requireDetachWritten(nf, chain);
    }
    if (chain !== undefined) this.#functions.chainReconciled(chain);
  }

  /** The chain has other functions now, or another order. Does nothing where it has none here. */
  async setOrder(order: ChainOrder): Promise<void> {
    if (!(await this.#functions.setOrder(order))) return;
    await this.#chainReconciled(order.chain);
    this.#functions.orderTaken(order.chain);
  }

  /** The chains that have functions attached here; undefined until a VSP was told of them since the start. */
  chains(): ChainReport[] | undefined {
    return this.#functions.chains();
  }

  /** Records of hosts' ports, of chains and of deletions that cannot be read. */
  unreadable(): UnreadableRecord[] {
    return [...this.#ports.unreadable(), ...this.#functions.unreadable()];
  }

  close(): void {
    this.#replayEnd.cancel();
    this.#reconciler.close();
    this.#ports.close();
    this.#functions.close();
  }

  async #chainReconciled(chain: string): Promise<void> {
    // What the VSP says to it is in the chain's report.
    await this.#reconciler.ensure(chainKey(chainId(chain))).then(
      () => this.#functions.chainReconciled(chain),
      () => {},
    );
  }

  /** @returns false where the VSP has still to do it */
  async #isDropped(key: string): Promise<boolean> {
    if (!this.#reconciler.connected) return false;
    try {
      await this.#reconciler.ensure(key);
      return true;
    } catch (error) {
      if (!outcomeUnknown(DpuError.from(error))) throw error;
      this.#logger.warn({ err: error, item: key }, 'not deleted by the VSP yet; it will be when it is back');
      return false;
    }
  }
}

/** @returns undefined where it cannot be told now */
async function servesNoBridges(client: VspCalls): Promise<boolean | undefined> {
  try {
    await client.listLogicalBridges();
    return false;
  } catch (error) {
    return DpuError.from(error).code === 'UNIMPLEMENTED' ? true : undefined;
  }
}
