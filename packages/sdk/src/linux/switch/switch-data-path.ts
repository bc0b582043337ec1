/** A data path on one bridge of Open vSwitch: what is wanted of a DPU side becomes ports and flows. */
import { isDeepStrictEqual } from 'node:util';
import { failed, pending, up } from '../../contract/apply-each.ts';
import type { Logger, Platform } from '../../contract/contract.ts';
import type { ApplyCall, Change, DataPath, Outcome, Outcomes, Wanted } from '../../contract/data-path.ts';
import type { Serial } from '../../contract/serial.ts';
import { DpuError } from '../../errors.ts';
import type { VfPosition } from '../pci/sysfs.ts';
import { Bridge, type BridgePortPlan, type BridgeResult } from './bridge.ts';
import { planFlows } from './bridge-flows.ts';
import { type BridgeState, planPorts } from './bridge-plan.ts';
import { type Closed, type ClosedMarker, closedBy } from './closed-marker.ts';
import { allFunctions, placeFunctions } from './function-placing.ts';
import { vfOfBridgePort } from './host-port-name.ts';
import {
  type BridgeContent,
  chainPorts,
  contentOf,
  emptyBridge,
  joined,
  type KnownHostPort,
  recordsOf,
  untold,
  vlansOf,
} from './switch-state.ts';

/** A port of the bridge to be. */
export interface SwitchPort {
  /** Of the link, or of the port where it is DPDK's. */
  name: string;
  /** PCI address and arguments of DPDK (`dpdk-devargs`): a port that has no link. */
  dpdkDevargs?: string | undefined;
}

/** Where a card's ports are. */
export interface SwitchPorts {
  /**
   * The port that a VF of the host ends at.
   *
   * @throws DpuError UNAVAILABLE where it may come yet: the port waits, and is looked for at each {@link SwitchDataPath.repair}.
   * Any other error refuses the port.
   */
  hostPort(vf: VfPosition): Promise<SwitchPort>;
  /** Undefined where there is none. */
  uplink(): Promise<SwitchPort | undefined>;
  /** Links that become ports of hosts: those that are none are down. */
  hostLinks(): Promise<string[]>;
  /** Numbers of the pairs that network functions have, by the MACs of the pods' ends (lower-case). */
  findFunctionPairs(macs: readonly string[]): Promise<Map<string, number>>;
  /** Name of the end of a pair that becomes a port. */
  functionPort(index: number): string;
  /** The other way round; undefined for another port. */
  functionPair(name: string): number | undefined;
}

/** What is wrong with the way outside. */
export interface UplinkFault {
  reason: 'NotOnBridge' | 'JoinsFrames';
  /** For people. */
  message: string;
}

/** The switch, the card's ports on it, and how hosts reach each other. */
export interface SwitchDataPathOptions {
  platform: Platform;
  logger: Logger;
  ovs: ReturnType<Platform['openVSwitch']>;
  bridge: string;
  /** 16 hex digits that tell this DPU's ports and flows from those of others on the switch. */
  owner: string;
  ports: SwitchPorts;
  hostToHost: BridgeState['hostToHost'];
  closed: ClosedMarker;
  /** In which all that changes devices runs. */
  serial: Serial;
  /** {@link SwitchDataPath.apply} left ports that switch or kernel refused. */
  onRefused?: () => void;
}

const nothingClosed: Closed = { all: false, vlans: [] };

/** The data path of a card whose ports are those of an Open vSwitch: bridge ports, network functions and chains on one bridge. */
export class SwitchDataPath implements DataPath {
  readonly serves = ['bridge', 'networkFunctions', 'chains'] as const;
  readonly #options: SwitchDataPathOptions;
  readonly #bridge: Bridge;
  /** What a predecessor left, and this process was not told of yet. */
  #rest: BridgeContent = emptyBridge;
  #content: BridgeContent = emptyBridge;
  #closed: Closed = nothingClosed;
  #wanted: Wanted | undefined;
  #complete = false;
  /** Whether there is to be a bridge: not after {@link remove}, until something is wanted. */
  #isOn = true;
  /** Of what is wanted, where that is not up. */
  #outcomes = new Map<string, Outcome>();
  #uplinkFault: UplinkFault | undefined;
  /** Whether there are ports that the switch or the kernel refused, which it may take another time. */
  #failing = false;
  #report: ApplyCall['report'] = () => {};

  constructor(options: SwitchDataPathOptions) {
    this.#options = options;
    this.#bridge = new Bridge({ ...options, name: options.bridge });
  }

  /** With nothing but the way outside, beside what stands on the bridge already; closed where it was before. */
  async start(): Promise<void> {
    const { ports, closed } = this.#options;
    this.#closed = await closed.read();
    this.#rest = contentOf(await this.#bridge.open(), ports.functionPair);
    await this.#reconcile(emptyBridge);
  }

  apply(wanted: Wanted, call: ApplyCall): Promise<Outcomes> {
    return this.#options.serial.run(() => this.#apply(wanted, call));
  }

  /** Whether the switch works, where there is to be one. */
  get healthy(): boolean {
    return this.#options.ovs.running || !this.#isOn;
  }

  get uplinkFault(): UplinkFault | undefined {
    return this.#uplinkFault;
  }

  /** Whether there are ports that switch or kernel refused: another {@link repair} may help, and nobody tells when. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Whether a port or bridge that was deleted from the switch's database has to be made again. */
  misses(table: 'Bridge' | 'Port', name: string): boolean {
    return this.#isOn && this.#bridge.misses(table, name);
  }

  /** The switch was started anew: what it has is not known any more. */
  forget(): void {
    this.#bridge.forget();
  }

  /** Makes the switch match what is wanted again, in {@link SwitchDataPathOptions.serial}; tells what came out otherwise. */
  async repair(): Promise<void> {
    if (!this.#isOn) return;
    await this.#bridge.check();
    if (this.#wanted === undefined) {
      await this.#reconcile(emptyBridge);
      return;
    }
    const before = this.#outcomes;
    const outcomes = await this.#make(this.#wanted, []);
    for (const name of new Set([...before.keys(), ...outcomes.keys()])) {
      const outcome = outcomes.get(name) ?? up;
      if (!isDeepStrictEqual(outcome, before.get(name) ?? up)) this.#report(name, outcome);
    }
  }

  /**
   * Takes away all that was made, in {@link SwitchDataPathOptions.serial}.
   *
   * @throws DpuError UNAVAILABLE while the machine's switch does not answer: nothing is taken away then
   */
  async remove(): Promise<void> {
    await this.#bridge.remove();
    this.#isOn = false;
    await this.#options.closed.clearAll();
    this.#closed = nothingClosed;
    this.#rest = emptyBridge;
    this.#content = emptyBridge;
    this.#wanted = undefined;
    this.#outcomes = new Map();
  }

  /** What their links say; a port of DPDK has none. */
  async down(): Promise<string[]> {
    const links = await this.#options.platform.links.list();
    const running = new Set(links.flatMap(({ name, running }) => (running ? name : [])));
    return [...this.#content.hostPorts].flatMap(([name, { device, dpdkDevargs }]) => {
      return dpdkDevargs !== undefined || running.has(device) ? [] : name;
    });
  }

  async #apply(wanted: Wanted, { changed, complete, report }: ApplyCall): Promise<Outcomes> {
    const isNothing = wanted.bridgePorts.size + allFunctions(wanted).size + wanted.logicalBridges.size === 0;
    if (!this.#isOn && isNothing) return new Map();
    this.#isOn = true;
    this.#report = report;
    this.#complete = complete;
    this.#wanted = wanted;
    this.#rest = untold(this.#rest, changed, complete);
    const outcomes = await this.#make(wanted, changed);
    if (this.#failing) this.#options.onRefused?.();
    return outcomes;
  }

  async #make(wanted: Wanted, changed: readonly Change[]): Promise<Outcomes> {
    const { hostPorts, outcomes } = await this.#hostPorts(wanted);
    const { placed, outcomes: unplaced } = await this.#place(wanted, changed);
    const { absent, failed: unopened } = await this.#reconcile({ hostPorts, functions: placed });
    for (const [name, outcome] of unplaced) outcomes.set(name, outcome);
    for (const [name, { device }] of hostPorts) {
      const detail = unopened.get(device);
      if (absent.has(device)) outcomes.set(name, pending(`waits for the network device ${device}`));
      if (detail !== undefined) outcomes.set(name, failed(new DpuError('INTERNAL', `Open vSwitch: ${detail}`)));
    }
    for (const [name, { devices }] of placed) {
      const ports = chainPorts({ devices, functions: [] }, this.#options.ports.functionPort);
      const missing = ports.flatMap(({ input, output }) => [input, output]).find((port) => unopened.has(port));
      if (missing !== undefined) {
        outcomes.set(name, failed(new DpuError('INTERNAL', `Open vSwitch: ${unopened.get(missing)}`)));
      }
    }
    this.#outcomes = outcomes;
    return outcomes;
  }

  async #hostPorts(wanted: Wanted) {
    const hostPorts = new Map<string, KnownHostPort>();
    const outcomes = new Map<string, Outcome>();
    for (const [name, { macAddress: mac, type }] of wanted.bridgePorts) {
      try {
        const { name: device, dpdkDevargs } = await this.#options.ports.hostPort(vfOfBridgePort(name));
        hostPorts.set(name, { device, dpdkDevargs, mac, type, vlans: vlansOf(wanted, name) });
      } catch (error) {
        const { code, message } = DpuError.from(error);
        outcomes.set(name, code === 'UNAVAILABLE' ? pending(message) : failed(error));
      }
    }
    return { hostPorts, outcomes };
  }

  async #place(wanted: Wanted, changed: readonly Change[]) {
    const before = this.#content.functions;
    const names = new Set(changed.map(({ name }) => name));
    const unknown = [...allFunctions(wanted)].filter(([name]) => names.has(name) || !before.has(name));
    const macs = unknown.flatMap(([, functions]) => functions.flatMap(({ input, output }) => [input, output]));
    const found = await this.#options.ports.findFunctionPairs(macs);
    return placeFunctions({ wanted, before, found, ports: new Map() });
  }

  /** After an error a part of it may be done: the host of the SDK asks for what was there before. */
  async #reconcile(wanted: BridgeContent) {
    const { ports, closed, hostToHost, owner } = this.#options;
    const next = joined(wanted, this.#rest);
    const bridges = [...(this.#wanted?.logicalBridges.values() ?? [])].map(({ vlanId }) => vlanId);
    // What is told in parts may have the bridge yet to come.
    const isClosed = closedBy(next.functions, this.#closed, this.#complete ? new Set(bridges) : undefined);
    const uplink = await ports.uplink();
    const chains = [...next.functions.values()].map((placed) => {
      return { vlan: placed.vlan, functions: chainPorts(placed, ports.functionPort) };
    });
    const state: BridgeState = {
      hostPorts: [...next.hostPorts.values()],
      chains: chains.flatMap(({ vlan, functions }) => (vlan === undefined ? [functions] : [])),
      vlanChains: chains.flatMap(({ vlan, functions }) => (vlan === undefined ? [] : { vlan, functions })),
      uplink: uplink?.name,
      closed: isClosed.all,
      closedVlans: isClosed.vlans,
      hostToHost,
    };
    const plans = this.#portPlans(state, next, uplink);
    const result = await closed.change(this.#closed, isClosed, () =>
      this.#bridge.apply(plans, (numberOf) => planFlows(state, numberOf, owner)),
    );
    this.#content = next;
    this.#closed = isClosed;
    this.#failing = result.failed.size > 0;
    this.#uplinkFault = uplink && uplinkFault(uplink, result);
    if (this.#complete) await this.#lowerOthers(plans);
    return result;
  }

  #portPlans(state: BridgeState, content: BridgeContent, uplink: SwitchPort | undefined): BridgePortPlan[] {
    const records = recordsOf(content, this.#options.ports.functionPort);
    if (uplink) records.set(uplink.name, { kind: 'uplink', gro: false });
    const dpdk = new Map([...content.hostPorts.values()].map(({ device, dpdkDevargs }) => [device, dpdkDevargs]));
    if (uplink) dpdk.set(uplink.name, uplink.dpdkDevargs);
    return planPorts(state).flatMap((plan) => {
      const record = records.get(plan.device);
      return record ? { ...plan, record, dpdkDevargs: dpdk.get(plan.device) } : [];
    });
  }

  /** A predecessor may have left them up. */
  async #lowerOthers(plans: readonly BridgePortPlan[]): Promise<void> {
    const { platform, ports } = this.#options;
    const kept = new Set(plans.map(({ device }) => device));
    const ours = new Set(await ports.hostLinks());
    const surplus = (await platform.links.list()).filter(({ name, up }) => up && ours.has(name) && !kept.has(name));
    await platform.links.batch(
      surplus.map(({ name }) => ['link', 'set', name, 'down']),
      { force: true },
    );
  }
}

function uplinkFault({ name }: SwitchPort, { failed, joining }: BridgeResult): UplinkFault | undefined {
  const detail = failed.get(name);
  if (detail !== undefined) {
    return { reason: 'NotOnBridge', message: `${name} is no port of the bridge, and nothing leads outside: ${detail}` };
  }
  if (joining === undefined) return undefined;
  const effect = `${name} joins frames that it receives (GRO), and those that are longer than the MTU are lost`;
  return { reason: 'JoinsFrames', message: `${effect}; it could not be turned off: ${joining}` };
}
