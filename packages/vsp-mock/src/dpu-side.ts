/** The DPU's half of a software DPU: the bridge, its ports, and devices for network functions. */
import {
  type BridgePort,
  type Device,
  DpuError,
  type IpPort,
  type LogicalBridge,
  type ServiceChain,
} from '@dpu-operator/sdk';
import { type IpCommand, type Link, type LinkChange, Links } from '@dpu-operator/sdk/linux';
import { type Change, Changes } from './changes.ts';
import { ClosedMarker } from './closed-marker.ts';
import { nfKind, vxlanCommand } from './device-kinds.ts';
import { findDevices } from './find-device.ts';
import type { FunctionDevices } from './function-devices.ts';
import { Keeper } from './keeper.ts';
import { BRIDGE, indexIn, nfName, nfPortName, representorName, vfName, vfOfBridgePort } from './names.ts';
import { Serial } from './platform.ts';
import { DevicePool } from './pool.ts';
import { daemonAddress } from './settings.ts';
import type { Side, SideOptions } from './side.ts';
import { Switch } from './switch.ts';
import { type PortPlan, planPorts } from './vlan-plan.ts';

/** What callers asked for. It is not kept over a restart, except for `closed`: the daemon repeats it. */
export interface DpuState {
  /** By bare name. */
  bridgePorts: ReadonlyMap<string, BridgePort>;
  logicalBridges: ReadonlyMap<string, LogicalBridge>;
  /** Those in no chain, by `<input MAC> <output MAC>`. */
  networkFunctions: ReadonlyMap<string, FunctionDevices>;
  /** By bare name; `functions` are the devices of its network functions, in the same order. */
  chains: ReadonlyMap<string, { chain: ServiceChain; functions: readonly FunctionDevices[] }>;
  /** Since the first chain: nothing goes around one that is not there at the moment. */
  closed: boolean;
}

export type LinksByName = ReadonlyMap<string, Link>;

const nothing: DpuState = {
  bridgePorts: new Map(),
  logicalBridges: new Map(),
  networkFunctions: new Map(),
  chains: new Map(),
  closed: false,
};

export class DpuSide implements Side {
  readonly #options: SideOptions;
  readonly #pool: DevicePool;
  readonly #switch: Switch;
  readonly #links: Links;
  readonly #keeper: Keeper;
  readonly #serial = new Serial();
  readonly #changes: Changes<DpuState, LinksByName>;
  readonly #closed: ClosedMarker;
  #state = nothing;
  /** Of that state. */
  #plans: readonly PortPlan[] = [];
  /** Whether there is to be a switch: not after setNumVfs(0), until something asks for one. */
  #wanted = true;

  constructor(options: SideOptions, identifier: string) {
    const { platform, logger, settings, node, mtu, onDevices } = options;
    this.#options = options;
    this.#pool = new DevicePool(platform, nfKind(node.name, mtu), logger, onDevices);
    this.#links = new Links(platform.exec);
    this.#changes = new Changes({
      serial: this.#serial,
      state: () => this.#state,
      apply: (next) => this.#apply(next),
    });
    this.#closed = new ClosedMarker(options.stateDirectory);
    const isOwnWork = ({ name, deleted }: LinkChange) => !deleted && isNodeEnd(name) && !this.handsOutVfs;
    this.#keeper = new Keeper({
      platform,
      logger,
      ignore: isOwnWork,
      look: () => this.#serial.run(() => this.#look()),
    });
    const onLost = () => this.#keeper.poke();
    this.#switch = new Switch({ platform, logger, identifier, uplink: settings.uplink, onLost });
  }

  /** Whether network functions get VFs: on one node, which has no devices of their own for them. */
  get handsOutVfs(): boolean {
    return this.#options.settings.peer === undefined;
  }

  get state(): DpuState {
    return this.#state;
  }

  start(): Promise<IpPort> {
    return this.#serial.run(async () => {
      const { settings, node } = this.#options;
      // On one node, network functions get the VFs of the host side.
      const ports = this.handsOutVfs ? undefined : this.#pool.adopt(settings.networkFunctionPorts);
      const [state, closed] = await Promise.all([ports, this.#closed.isSet(), this.#switch.start()]);
      // Chains that are not repeated, for their functions are missing, are not gone around.
      this.#state = { ...nothing, closed };
      this.#plans = this.#plan(this.#state);
      await this.#reconcile(this.#plans);
      this.#keeper.start();
      if (state?.unsettled) this.#keeper.poke();
      return daemonAddress(settings, 'dpu', node.ip);
    });
  }

  devices(): Device[] {
    return this.#pool.devices();
  }

  setNumVfs(count: number): Promise<number> {
    return this.#serial.run(async () => {
      if (!this.handsOutVfs) await this.#pool.resize(count);
      if (count === 0) {
        this.#wanted = false;
        await this.#removeRepresentors(new Set(), byName(await this.#links.list()));
        await this.#switch.stop();
        await this.#closed.clear();
        this.#state = nothing;
        this.#plans = this.#plan(nothing);
      }
      return this.#pool.count;
    });
  }

  async healthy(): Promise<boolean> {
    return this.#switch.running || !this.#wanted;
  }

  async close(): Promise<void> {
    this.#keeper.stop();
    await this.#serial.run(() => this.#switch.stop());
  }

  /**
   * Works a change out, makes the switch match, and only then takes it for granted; after an error the switch is as it
   * was. The same state is no change.
   *
   * @returns the links there are then, where it looked at them
   */
  update(change: Change<DpuState>): Promise<LinksByName | undefined> {
    return this.#changes.make(change);
  }

  async #apply(next: DpuState): Promise<LinksByName> {
    const plans = this.#plan(next);
    const closes = next.closed && !this.#state.closed;
    if (closes) await this.#closed.set();
    const wasWanted = this.#wanted;
    this.#wanted = true;
    try {
      const links = await this.#reconcile(plans);
      this.#state = next;
      this.#plans = plans;
      return links;
    } catch (error) {
      this.#wanted = wasWanted;
      await this.#goBack();
      if (closes) await this.#closed.clear();
      throw error;
    }
  }

  async #goBack(): Promise<void> {
    try {
      if (this.#wanted) await this.#reconcile(this.#plans);
      else await this.#switch.stop();
    } catch (error) {
      this.#options.logger.error({ err: error }, 'could not take a failed change back, trying again');
      this.#keeper.poke();
    }
  }

  /** With what its representor's link says. */
  async withOperStatus(ports: readonly BridgePort[], known?: LinksByName): Promise<BridgePort[]> {
    const links = known ?? byName(await this.#links.list());
    const isUp = (port: BridgePort) => links.get(representorName(vfOfBridgePort(port.name)))?.running;
    return ports.map((port) => ({ ...port, operStatus: isUp(port) ? 'UP' : 'DOWN' }));
  }

  /**
   * The devices that have, or were given, these MACs.
   *
   * @throws DpuError NOT_FOUND
   */
  devicesOf(macs: readonly string[]): Promise<number[]> {
    const { platform, node } = this.#options;
    const pod = this.handsOutVfs ? vfName : nfName;
    return findDevices(macs, { platform, nodeName: node.name, pod, port: (index) => this.#nfPort(index) });
  }

  #nfPort(index: number): string {
    return this.handsOutVfs ? representorName(index) : nfPortName(index);
  }

  async #look() {
    const state = this.handsOutVfs ? { absent: [], unsettled: false } : await this.#pool.ensure();
    if (this.#wanted) await this.#reconcile(this.#plans);
    return state;
  }

  #plan(state: DpuState): PortPlan[] {
    const hostPorts = [...state.bridgePorts.values()].map((port) => {
      const { type, logicalBridges } = port;
      return { device: representorName(vfOfBridgePort(port.name)), type, logicalBridges };
    });
    const ports = ({ input, output }: FunctionDevices) => {
      return { input: this.#nfPort(input), output: this.#nfPort(output) };
    };
    const wanted = {
      hostPorts,
      logicalBridges: [...state.logicalBridges.values()],
      networkFunctions: [...state.networkFunctions.values()].map(ports),
      chains: [...state.chains.values()].map(({ functions }) => functions.map(ports)),
      uplink: this.#options.settings.uplink,
      closed: state.closed,
    };
    return planPorts(wanted, this.#plans);
  }

  async #reconcile(plans: readonly PortPlan[]): Promise<LinksByName> {
    const { uplink } = this.#options.settings;
    const devices = plans.map(({ device }) => device).filter((device) => device !== uplink);
    const representors = new Set(devices.filter(isRepresentor));
    const links = await this.#makeRepresentors(representors);
    await this.#switch.apply(plans, links);
    await this.#removeRepresentors(new Set(devices), links);
    return links;
  }

  /**
   * Makes and raises those that are not on the bridge yet; those that are may have been lowered by someone. Answers the
   * links there are then.
   */
  async #makeRepresentors(wanted: ReadonlySet<string>): Promise<Map<string, Link>> {
    const unattached = [...wanted].filter((name) => !this.#switch.has(name));
    const links = await this.#makeLinks(unattached);
    const lost = this.handsOutVfs ? [] : [...wanted].filter((name) => !links.has(name));
    return lost.length > 0 ? this.#makeLinks(lost) : links;
  }

  async #makeLinks(representors: readonly string[]): Promise<Map<string, Link>> {
    const { settings, node, mtu } = this.#options;
    const { peer } = settings;
    const commands = representors.flatMap((name): IpCommand[] => {
      const up = `link set ${name} up`;
      if (peer === undefined) return [up];
      return [vxlanCommand(name, representorIndex(name), { settings, peer, node, mtu }), up];
    });
    const { links, failures } = await this.#links.batchAndList(commands);
    // There already, or on one node not there yet: it is attached when it appears.
    const expected = peer === undefined ? 'NOT_FOUND' : 'ALREADY_EXISTS';
    const unexpected = failures.find(({ error }) => error.code !== expected);
    if (unexpected) throw unexpected.error;
    return byName(links);
  }

  /** Across nodes they are ours to remove; on one node they are the host side's, and are taken out of use. */
  async #removeRepresentors(wanted: ReadonlySet<string>, links: LinksByName): Promise<void> {
    const surplus = [...links.values()].filter((link) => isRepresentor(link.name) && !wanted.has(link.name));
    const commands = surplus.flatMap((link) => {
      if (this.handsOutVfs) return link.up ? [`link set ${link.name} down`] : [];
      return link.kind === 'vxlan' ? [`link del ${link.name}`] : [];
    });
    await this.#links.batch(commands, { force: true });
  }
}

const byName = (links: readonly Link[]) => new Map(links.map((link) => [link.name, link]));

/** Whether only this side makes such links: news of them are of its own doing, unless they go. */
const isNodeEnd = (name: string) =>
  name === BRIDGE ||
  [representorName, nfPortName].some((prefix) => indexIn(name, prefix(0).slice(0, -1)) !== undefined);

const isRepresentor = (name: string) => indexIn(name, representorName(0).slice(0, -1)) !== undefined;

function representorIndex(name: string): number {
  const index = indexIn(name, representorName(0).slice(0, -1));
  if (index === undefined) throw new DpuError('INTERNAL', `${name} is not the name of a representor`);
  return index;
}
