/** A card's side whose ports are on one Open vSwitch: the switch, pairs for network functions, and who puts them right. */
import { createHash } from 'node:crypto';
import type { Platform, PluginContext } from '../../contract/contract.ts';
import { Serial } from '../../contract/serial.ts';
import { DevicePool } from '../devices/device-pool.ts';
import { Keeper } from '../devices/keeper.ts';
import { type VethPairs, vethKind } from '../devices/veth-pairs.ts';
import type { LinkChange } from '../links/links-watch.ts';
import { ClosedMarker } from './closed-marker.ts';
import { SwitchDataPath, type SwitchPorts } from './switch-data-path.ts';
import { SwitchStatus } from './switch-status.ts';

/** What a user can set of it. */
export interface CardSwitchSettings {
  /** How many pairs there are at least. */
  networkFunctionPorts: number;
  hostToHost: 'direct' | 'function';
  /** Socket of the database of the machine's switch. Without it: a switch of our own. */
  ovsDatabase?: string;
}

/** What is particular to a card: its ports, its uplink and the pairs for network functions. */
export interface CardSwitchOptions {
  context: PluginContext<CardSwitchSettings>;
  bridge: string;
  /** With what the directory of a switch of our own begins, below /run. */
  directory: string;
  ports: SwitchPorts;
  pairs: Omit<VethPairs, 'nodeName'>;
  /** What is missing where nothing leads outside, and what to do. */
  noUplink: string;
  /** Called before each look at the ports: network devices have come, gone or been renamed. */
  beforeLook?: () => void;
}

/**
 * All that a card's side of ports on one switch has in common: the data path, devices for network functions, conditions,
 * and a keeper that makes ports and devices right again when something happened to them.
 *
 * @example
 * const card = new CardSwitch({ context, bridge: 'br-acme', directory: 'acme', ports, pairs, noUplink });
 * await card.start();
 * return { address, dataPath: card.dataPath, getDevices: async () => card.pool.devices(), close: () => card.close() };
 */
export class CardSwitch {
  readonly dataPath: SwitchDataPath;
  readonly pool: DevicePool;
  /** In which all that changes devices runs. */
  readonly serial = new Serial();
  readonly #options: CardSwitchOptions;
  readonly #ovs: ReturnType<Platform['openVSwitch']>;
  readonly #status: SwitchStatus;
  readonly #keeper: Keeper;

  constructor(options: CardSwitchOptions) {
    this.#options = options;
    const { context, bridge, directory, ports, pairs, noUplink } = options;
    const { dpu, platform, logger, settings, node, stateDirectory } = context;
    const { hostToHost, ovsDatabase } = settings;
    const owner = ownerOf(dpu.identifier);
    const { serial } = this;
    this.#status = new SwitchStatus({ context, ports, noUplink });
    this.#ovs = platform.openVSwitch({
      ...switchPlace(ovsDatabase, `/run/${directory}-${owner.slice(0, 8)}`),
      onLine: (line) => logger.debug({ line }, 'open vswitch'),
      onExit: (reason) => this.#lost(reason),
      onReturn: () => this.poke(),
      onDeleted: (table, name) => {
        if (this.dataPath.misses(table, name)) this.poke();
      },
      onCutOff: () => this.poke(),
    });
    const closed = ClosedMarker.ofNode(owner, stateDirectory);
    const ovs = this.#ovs;
    this.dataPath = new SwitchDataPath({
      platform,
      logger,
      ovs,
      bridge,
      owner,
      ports,
      hostToHost,
      closed,
      serial,
      onRefused: () => this.poke(),
    });
    this.pool = new DevicePool({ platform, logger }, vethKind({ nodeName: node.name, ...pairs }));
    this.#keeper = new Keeper({
      logger,
      netns: platform.links.netns,
      ignore: (change) => isOwnWork(change, bridge, pairs.kept),
      look: () => serial.run(() => this.#look()),
    });
  }

  /** Takes over what is there, makes the rest, and looks after it from then on. */
  async start(): Promise<void> {
    try {
      const { unsettled } = await this.pool.adopt(this.#options.context.settings.networkFunctionPorts);
      await this.dataPath.start();
      await this.#status.report(this.dataPath);
      this.#keeper.start();
      if (unsettled || this.dataPath.failing) this.poke();
    } catch (error) {
      await this.#ovs.stop();
      throw error;
    }
  }

  /** Something happened that no link tells of: look soon. */
  poke(): void {
    this.#keeper.poke();
  }

  /**
   * Sets how many pairs there are; without any, all goes. To be called in {@link serial}.
   *
   * @throws DpuError FAILED_PRECONDITION while a pod has one that is to go, UNAVAILABLE while the machine's switch does not
   * answer and all is to go
   */
  async resize(count: number): Promise<number> {
    const made = await this.pool.resize(count);
    if (count === 0) {
      await this.dataPath.remove();
      await this.#ovs.stop();
    }
    return made;
  }

  /** Ends a switch of our own, and lets go of the machine's. Devices stay. */
  async close(): Promise<void> {
    this.#keeper.stop();
    await this.serial.run(() => this.#ovs.stop());
  }

  async #look() {
    const state = await this.pool.ensure();
    this.#options.beforeLook?.();
    // The machine's switch is not looked for: it says when it is back.
    if (this.#ovs.running || !this.#ovs.outlivesDaemons) {
      try {
        await this.dataPath.repair();
      } catch (error) {
        this.#status.notRepaired(error);
        throw error;
      }
    }
    await this.#status.report(this.dataPath);
    return { ...state, failing: this.dataPath.failing };
  }

  #lost(reason: string): void {
    this.#status.lost(reason);
    this.dataPath.forget();
    // One of our own starts again with the next look.
    if (!this.#ovs.outlivesDaemons) this.poke();
  }
}

/** 16 hex digits: cookie of a DPU's flows, and mark of its ports in the database of the switch. */
export function ownerOf(identifier: string): string {
  return createHash('sha256').update(identifier).digest('hex').slice(0, 16);
}

function switchPlace(database: string | undefined, directory: string) {
  return database === undefined ? { directory, commandsLookIn: '/var/run/openvswitch' } : { database };
}

/** Whether only this side makes such links: news of them are of its own doing, unless they go. */
function isOwnWork({ name, deleted }: LinkChange, bridge: string, kept: string): boolean {
  return !deleted && (name === bridge || name.startsWith(kept) || name === 'ovs-netdev');
}
