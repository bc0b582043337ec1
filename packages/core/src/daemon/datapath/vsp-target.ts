/** A VSP that has been initialised. */
import {
  type BridgePort,
  DpuError,
  type Feature,
  type NetworkFunction,
  type PluginInfo,
  type ServiceChain,
} from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import { omitUndefined } from '@dpu-operator/sdk/wire';
import type { Logger } from 'pino';
import type { AttachedFunction } from '../attach/collaborators.ts';
import { bridgePortId, type ChainItem, chainKey, networkFunctionKey } from './items.ts';
import type { Action } from './plan.ts';
import { type LogicalBridgeCalls, PortBridges } from './port-bridges.ts';
import { portIsProgrammed, whyNotProgrammed } from './port-up.ts';
import {
  type BridgePortCalls,
  ignoreAbsence,
  orElse,
  outcomeUnknown,
  performOnBridgePort,
  type RelapseListener,
  type Target,
} from './target.ts';
import { VspProgress } from './vsp-progress.ts';

export interface VspCalls extends BridgePortCalls, LogicalBridgeCalls {
  getBridgePort(name: string): Promise<BridgePort>;
  watchProgress: VspClient['watchProgress'];
  /** @returns false where the VSP cannot be told */
  completeReplay(): Promise<boolean>;
  getInfo(): Promise<(Pick<PluginInfo, 'capabilities'> & { features?: Feature[] }) | undefined>;
  createNetworkFunction(nf: NetworkFunction): Promise<void>;
  deleteNetworkFunction(nf: NetworkFunction): Promise<void>;
  createChain(chain: ServiceChain): Promise<ServiceChain>;
  updateChain(chain: ServiceChain): Promise<ServiceChain>;
  deleteChain(name: string, options: { allowMissing: boolean }): Promise<void>;
}

/** Follows whether the VSP answers. */
export interface CallListener {
  callEnded(error: DpuError | undefined): void;
}

/** Questions in flight together: a card that was reset goes on with all its ports at once. */
const questionsAtOnce = 16;

export interface VspTargetOptions {
  client: VspCalls;
  /** Whether its network functions can work for one logical bridge, which they name by its id. */
  perBridge?: boolean | undefined;
  listener?: CallListener | undefined;
  logger: Logger;
}

export class VspTarget implements Target {
  readonly #client: VspCalls;
  readonly #perBridge: boolean;
  readonly #ports: BridgePortCalls;
  readonly #bridges: PortBridges;
  readonly #logger: Logger;
  readonly #listener: CallListener | undefined;
  readonly #progress: VspProgress;
  /** Names of ports with which the card has gone on, and nobody has asked yet what they are now. */
  readonly #news = new Set<string>();
  #isAsking = false;
  #onRelapse: RelapseListener = () => {};

  constructor({ client, perBridge = false, listener, logger }: VspTargetOptions) {
    this.#client = client;
    this.#perBridge = perBridge;
    const bridges = new PortBridges(client, logger);
    this.#bridges = bridges;
    this.#ports = {
      createBridgePort: (port) => this.#createProgrammed(port),
      deleteBridgePort: (name, options) => bridges.deleteBridgePort(name, options),
      listBridgePorts: () => bridges.listBridgePorts(),
    };
    this.#logger = logger;
    this.#listener = listener;
    this.#progress = new VspProgress({
      client,
      onUnawaited: (name) => void this.#lookAgain(name),
      onMissed: () => void this.#lookAtAll(),
      logger,
    });
  }

  watch(onRelapse: RelapseListener): void {
    this.#onRelapse = onRelapse;
  }

  close(): void {
    this.#progress.close();
  }

  /** Those for the Go operator cannot list; whatever keeps one from it, creating again does no harm. */
  async listBridgePorts(): Promise<BridgePort[] | undefined> {
    try {
      return await this.#ports.listBridgePorts();
    } catch (error) {
      const { code } = DpuError.from(error);
      if (code !== 'UNIMPLEMENTED') this.#logger.warn({ err: error }, 'the VSP did not list its bridge ports');
      return undefined;
    }
  }

  async perform(action: Action): Promise<void> {
    try {
      await this.#perform(action);
    } catch (thrown) {
      const error = DpuError.from(thrown);
      this.#listener?.callEnded(error);
      throw error;
    }
    this.#listener?.callEnded(undefined);
  }

  async #perform(action: Action): Promise<void> {
    const { call, item } = action;
    if (item.kind === 'bridgePort') return performOnBridgePort(this.#ports, action);
    if (item.kind === 'chain') return this.#performOnChain(call, item);
    const { networkFunction } = item;
    if (call !== 'create') await this.#deleteFunction(networkFunction);
    if (call !== 'delete') await this.#createFunction(networkFunction);
  }

  async #createFunction(nf: AttachedFunction): Promise<void> {
    const { input, output, bridgeId, logicalBridge } = nf;
    if (!this.#perBridge) return this.#client.createNetworkFunction(omitUndefined({ input, output, bridgeId }));
    const bridges = logicalBridge === undefined ? [] : [logicalBridge];
    await this.#bridges.createOn(networkFunctionKey(nf), bridges, () =>
      this.#client.createNetworkFunction(onLogicalBridge(nf)),
    );
  }

  /** What it is named by are its interfaces. */
  async #deleteFunction(nf: AttachedFunction): Promise<void> {
    await ignoreAbsence(this.#client.deleteNetworkFunction(nf));
    await this.#bridges.release(networkFunctionKey(nf), nf.logicalBridge === undefined ? [] : [nf.logicalBridge]);
  }

  /** A port that the card fails with is none: it is deleted, and whoever asked for it is told why. */
  async #createProgrammed(port: BridgePort): Promise<BridgePort> {
    const client = this.#client;
    const news = this.#progress.follow(port.name);
    try {
      const made = await this.#bridges.createBridgePort(port);
      await portIsProgrammed(made, (name) => client.getBridgePort(name), news).catch(async (error) => {
        if (!outcomeUnknown(error))
          await this.#bridges.deleteBridgePort(bridgePortId(port.name), { allowMissing: true });
        throw error;
      });
      return made;
    } finally {
      news.end();
    }
  }

  /** The card goes on with a port that nobody waits for. What cannot be told now is told by the next word. */
  async #lookAgain(name: string): Promise<void> {
    this.#news.add(name);
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#news.size > 0) {
      const names = [...this.#news].slice(0, questionsAtOnce);
      for (const one of names) this.#news.delete(one);
      const ports = await Promise.all(names.map((one) => this.#client.getBridgePort(one).catch(() => undefined)));
      this.#reportRelapses(
        new Map(
          names.flatMap((one, index) => {
            const port = ports[index];
            return port ? [[one, port]] : [];
          }),
        ),
      );
    }
    this.#isAsking = false;
  }

  /** As {@link #lookAgain} for every port: nobody knows with which of them the card has gone on. */
  async #lookAtAll(): Promise<void> {
    const ports = await this.#client.listBridgePorts().catch(() => []);
    this.#reportRelapses(new Map(ports.map((port) => [port.name, port])));
  }

  #reportRelapses(ports: ReadonlyMap<string, BridgePort>): void {
    const relapses = new Map<string, DpuError>();
    for (const [name, port] of ports) {
      const error = whyNotProgrammed(port);
      if (error) relapses.set(name, error);
    }
    if (relapses.size > 0) this.#onRelapse(relapses);
  }

  /** All or nothing, and in place: functions that stay are not interrupted. */
  async #performOnChain(call: Action['call'], { id, networkFunctions }: ChainItem): Promise<void> {
    const client = this.#client;
    if (call === 'delete') {
      await ignoreAbsence(client.deleteChain(id, { allowMissing: true }));
      return this.#bridges.release(chainKey(id));
    }
    const bridges = new Set(networkFunctions.flatMap(({ logicalBridge }) => logicalBridge ?? []));
    const chain = { name: `serviceChains/${id}`, networkFunctions: networkFunctions.map(onLogicalBridge) };
    await this.#bridges.createOn(chainKey(id), [...bridges], () =>
      call === 'create'
        ? orElse(client.createChain(chain), 'ALREADY_EXISTS', () => client.updateChain(chain))
        : // NOT_FOUND is one of the chain, or of an interface: creating it tells.
          orElse(client.updateChain(chain), 'NOT_FOUND', () => client.createChain(chain)),
    );
  }
}

/** As a VSP takes it whose functions can work for one logical bridge. */
const onLogicalBridge = ({ input, output, logicalBridge: bridgeId }: AttachedFunction): NetworkFunction =>
  omitUndefined({ input, output, bridgeId });
