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
  type ClosedMarker,
  type FunctionDevices,
  type Placed,
  type Placing,
  placeFunctions,
} from '@dpu-operator/sdk/linux';
import { findDevices, functionPort, handsOutVfs } from './find-device.ts';
import { representorName, vfOfBridgePort } from './names.ts';
import type { Node } from './node.ts';
import type { PortPlan } from './port-plan.ts';
import { byName, isRepresentor, Representors } from './representors.ts';
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
  /** Since the first chain: nothing goes around one that is not there at the moment. */
  closed: boolean;
  plans: readonly PortPlan[];
}

export class SwitchDataPath implements DataPath {
  readonly serves = ['bridge', 'networkFunctions', 'chains'] as const;
  readonly #options: SwitchDataPathOptions;
  readonly #representors: Representors;
  /** Those that the process was told of. Traffic of pods may pass others. */
  readonly #told = new Set<string>();
  #isComplete = false;
  /** Whether there is to be a switch: not after {@link remove}, until something is wanted. */
  #isOn = true;
  #state: State = { hostPorts: new Map(), functions: new Map(), closed: false, plans: [] };

  constructor(options: SwitchDataPathOptions) {
    this.#options = options;
    this.#representors = new Representors(options.node);
  }

  /** With nothing but the way outside; that is closed where it was before a restart. */
  async start(): Promise<void> {
    await this.#representors.removeOutdated();
    const [closed] = await Promise.all([this.#options.closed.isSet(), this.#options.switch.start()]);
    const nothing = { hostPorts: new Map(), functions: new Map(), closed };
    this.#state = { ...nothing, plans: this.#plan(nothing, []) };
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
    await closed.clear();
    const nothing = { hostPorts: new Map(), functions: new Map(), closed: false };
    this.#state = { ...nothing, plans: this.#plan(nothing, []) };
  }

  async #apply(wanted: Wanted, { changed, complete }: ApplyCall): Promise<Outcomes> {
    this.#isComplete = complete;
    const { hostPorts, outcomes } = hostPortsOf(wanted);
    for (const device of changed.flatMap(representorOf)) this.#told.add(device);
    const { placed, outcomes: unplaced } = await this.#place(wanted, changed, hostPorts);
    for (const name of unplaced.keys()) hostPorts.delete(name);
    const next = {
      hostPorts,
      functions: placed,
      closed: this.#state.closed || [...placed.keys()].some((name) => wanted.serviceChains.has(name)),
    };
    const vlans = [...wanted.logicalBridges.values()].map(({ vlanId }) => vlanId);
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
    const { closed } = this.#options;
    const closes = next.closed && !this.#state.closed;
    if (closes) await closed.set();
    this.#isOn = true;
    try {
      await this.#reconcile(next.plans);
    } catch (error) {
      if (closes) await closed.clear();
      throw error;
    }
    this.#state = next;
  }

  #plan({ hostPorts, functions, closed }: Omit<State, 'plans'>, vlans: readonly number[]): PortPlan[] {
    const { node } = this.#options;
    const ports = ({ input, output }: FunctionDevices) => {
      return { input: functionPort(node, input), output: functionPort(node, output) };
    };
    const state = {
      hostPorts: [...hostPorts.values()],
      vlans,
      chains: [...functions.values()].map(({ devices }) => devices.map(ports)),
      uplink: node.settings.uplink,
      closed,
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
