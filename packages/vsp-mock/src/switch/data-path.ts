/** What is wanted of a DPU side, on its switch. */
import {
  type ApplyCall,
  type Change,
  type DataPath,
  failed,
  logicalBridgesOf,
  type Outcome,
  type Outcomes,
  type Serial,
  type Wanted,
} from '@dpu-operator/sdk';
import {
  allFunctions,
  type Closed,
  type ClosedMarker,
  closedBy,
  type FunctionDevices,
  type Placed,
  type Placing,
  placeFunctions,
} from '@dpu-operator/sdk/linux';
import { findDevices, functionPort, handsOutVfs } from '../devices/find-device.ts';
import { byName, isRepresentor, Representors } from '../devices/representors.ts';
import { representorName, vfOfBridgePort } from '../names.ts';
import type { Node } from '../node.ts';
import type { PortPlan } from './port-plan.ts';
import type { Switch } from './switch.ts';
import { type HostPort, planPorts } from './vlan-plan.ts';

export interface SwitchDataPathOptions {
  node: Node;
  switch: Switch;
  closed: ClosedMarker;
  /** In which all that changes devices runs. */
  serial: Serial;
}

/** What stands on the switch. */
interface State {
  /** By name of bridge port. */
  hostPorts: ReadonlyMap<string, HostPort>;
  functions: ReadonlyMap<string, Placed>;
  closed: Closed;
  plans: readonly PortPlan[];
}

const nothing = { hostPorts: new Map(), functions: new Map(), closed: { all: false, vlans: [] } };

export class SwitchDataPath implements DataPath {
  readonly serves = ['bridge', 'networkFunctions', 'chains'] as const;
  readonly #options: SwitchDataPathOptions;
  readonly #representors: Representors;
  /** Those that the process was told of. Traffic of pods may pass others. */
  readonly #told = new Set<string>();
  #isComplete = false;
  /** Whether there is to be a switch: not after {@link remove}, until something is wanted. */
  #isOn = true;
  #state: State = { ...nothing, plans: [] };

  constructor(options: SwitchDataPathOptions) {
    this.#options = options;
    this.#representors = new Representors(options.node);
  }

  /** With nothing but the way outside; that is closed where it was before a restart. */
  async start(): Promise<void> {
    await this.#representors.removeOutdated();
    const { closed: marker, switch: bridge } = this.#options;
    const [closed] = await Promise.all([marker.read(), bridge.start()]);
    const state = { ...nothing, closed };
    this.#state = { ...state, plans: this.#plan(state, []) };
    await this.repair();
  }

  get healthy(): boolean {
    return this.#options.switch.running || !this.#isOn;
  }

  apply(wanted: Wanted, call: ApplyCall): Promise<Outcomes> {
    return this.#options.serial.run(() => this.#apply(wanted, call));
  }

  /** What their representors' links say. */
  async down(): Promise<string[]> {
    const links = byName(await this.#options.node.platform.links.list());
    const { hostPorts } = this.#state;
    return [...hostPorts].flatMap(([name, { device }]) => (links.get(device)?.running ? [] : name));
  }

  /** Makes the switch match again what stands on it, in {@link SwitchDataPathOptions.serial}. */
  async repair(): Promise<void> {
    if (this.#isOn) await this.#reconcile(this.#state.plans);
  }

  /** Takes the switch away and all that was made for it, in {@link SwitchDataPathOptions.serial}. */
  async remove(): Promise<void> {
    const { node, closed } = this.#options;
    this.#isOn = false;
    await this.#representors.remove(byName(await node.platform.links.list()), () => true);
    await this.#options.switch.stop();
    await closed.clearAll();
    this.#state = { ...nothing, plans: this.#plan(nothing, []) };
  }

  async #apply(wanted: Wanted, { changed, complete }: ApplyCall): Promise<Outcomes> {
    this.#isComplete = complete;
    const { hostPorts, outcomes } = hostPortsOf(wanted);
    for (const device of changed.flatMap(representorOf)) this.#told.add(device);
    const { placed, outcomes: unplaced } = await this.#place(wanted, changed, hostPorts);
    for (const name of unplaced.keys()) hostPorts.delete(name);
    const vlans = [...wanted.logicalBridges.values()].map(({ vlanId }) => vlanId);
    // What is told in parts may have the bridge yet to come.
    const closed = closedBy(placed, this.#state.closed, complete ? new Set(vlans) : undefined);
    const next = { hostPorts, functions: placed, closed };
    const isNothing = hostPorts.size + placed.size + vlans.length === 0;
    if (this.#isOn || !isNothing) await this.#change({ ...next, plans: this.#plan(next, vlans) });
    return new Map([...outcomes, ...unplaced]);
  }

  async #place(wanted: Wanted, changed: readonly Change[], hostPorts: ReadonlyMap<string, HostPort>): Promise<Placing> {
    const { node } = this.#options;
    const before = this.#state.functions;
    const names = new Set(changed.map(({ name }) => name));
    const unknown = [...allFunctions(wanted)].filter(([name]) => names.has(name) || !before.has(name));
    const macs = unknown.flatMap(([, functions]) => functions.flatMap(({ input, output }) => [input, output]));
    const found = await findDevices(macs, node);
    const ports = [...hostPorts.keys()].map((name) => [vfOfBridgePort(name), name] as const);
    return placeFunctions({ wanted, before, found, ports: new Map(handsOutVfs(node) ? ports : []) });
  }

  /** After an error a part of it may be done: the host of the SDK asks for what was there before. */
  async #change(next: State): Promise<void> {
    this.#isOn = true;
    await this.#options.closed.change(this.#state.closed, next.closed, () => this.#reconcile(next.plans));
    this.#state = next;
  }

  #plan({ hostPorts, functions, closed }: Omit<State, 'plans'>, vlans: readonly number[]): PortPlan[] {
    const { node } = this.#options;
    const ports = ({ input, output }: FunctionDevices) => {
      return { input: functionPort(node, input), output: functionPort(node, output) };
    };
    const placed = [...functions.values()].map(({ devices, vlan }) => ({ vlan, functions: devices.map(ports) }));
    const state = {
      hostPorts: [...hostPorts.values()],
      vlans,
      chains: placed.flatMap(({ vlan, functions }) => (vlan === undefined ? [functions] : [])),
      vlanChains: placed.flatMap(({ vlan, functions }) => (vlan === undefined ? [] : { vlan, functions })),
      uplink: node.settings.uplink,
      closed: closed.all,
      closedVlans: closed.vlans,
    };
    return planPorts(state, this.#state.plans);
  }

  async #reconcile(plans: readonly PortPlan[]): Promise<void> {
    const { node, switch: bridge } = this.#options;
    const wanted = new Set(plans.map(({ device }) => device));
    const representors = [...wanted].filter(isRepresentor);
    for (const name of representors) this.#told.add(name);
    // Those that are on the bridge may have been lowered by someone.
    let links = await this.#representors.make(representors.filter((name) => !bridge.has(name)));
    const lost = handsOutVfs(node) ? [] : representors.filter((name) => !links.has(name));
    if (lost.length > 0) links = await this.#representors.make(lost);
    await bridge.apply(plans, links);
    await this.#representors.remove(links, (name) => !wanted.has(name) && (this.#isComplete || this.#told.has(name)));
  }
}

/** Also of a port that is to go and was not asked for since the process began. */
function representorOf({ kind, name }: Change): string[] {
  try {
    return kind === 'bridgePort' ? [representorName(vfOfBridgePort(name))] : [];
  } catch {
    return [];
  }
}

function hostPortsOf(wanted: Wanted) {
  const hostPorts = new Map<string, HostPort>();
  const outcomes = new Map<string, Outcome>();
  for (const [name, port] of wanted.bridgePorts) {
    try {
      const vlans = logicalBridgesOf(wanted, port).map(({ vlanId }) => vlanId);
      hostPorts.set(name, { device: representorName(vfOfBridgePort(name)), type: port.type, vlans });
    } catch (error) {
      outcomes.set(name, failed(error));
    }
  }
  return { hostPorts, outcomes };
}
