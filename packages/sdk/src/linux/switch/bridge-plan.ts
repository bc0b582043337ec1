/**
 * Which ports a bridge has, what they carry, and which flows lead through the network functions. Pure: the whole picture
 * in, the whole configuration out.
 *
 * While nothing stands between them, host ports and uplink are left to the bridge itself: it learns MACs, floods, and
 * keeps VLANs apart by the ports' tags. With functions the flows decide alone:
 *
 *   hosts → first input   output → next input   last output → uplink, and the same way back
 *
 * Frames between hosts and functions carry the tag of their VLAN, none on the default bridge; what comes back finds its
 * host by VLAN and destination MAC. Several chains stand side by side: who was heard behind one is reached through it,
 * everybody else through each of them.
 */
import type { BridgePort } from '../../data-path.ts';
import type { Flow } from '../ovs-flows.ts';

/** The port of a host's virtual function. */
export interface HostPort {
  /** Name of the bridge's port. */
  device: string;
  /** Lower-case; of the pod's interface. */
  mac: string;
  type: BridgePort['type'];
  /** Those of its logical bridges; none: the default bridge. */
  vlans: readonly number[];
}

/** Names of the bridge's ports that lead to a network function. */
export interface FunctionPorts {
  input: string;
  output: string;
}

/** What a bridge is to be: who is on it, and what stands between hosts and uplink. */
export interface BridgeState {
  hostPorts: readonly HostPort[];
  /** Each in the order in which frames from the hosts pass its functions. A single function is a chain of one. */
  chains: readonly (readonly FunctionPorts[])[];
  uplink?: string | undefined;
  /** Keeps hosts and uplink apart although no function leads from one to the other. */
  closed: boolean;
  /** How hosts reach each other where there are functions: past them, or by the first input and back. */
  hostToHost: 'direct' | 'function';
}

/** Port settings in the terms of Open vSwitch (ovs-vswitchd.conf.db(5), table Port). */
export interface PortPlan {
  device: string;
  mode: 'access' | 'trunk' | 'native-untagged';
  tag?: number;
  /** Empty: those of `mode`; all for `native-untagged`. */
  trunks: readonly number[];
  /** No frame passes from one protected port to another. */
  protected: boolean;
}

/** The VLAN of untagged frames: the default bridge. */
const DEFAULT_VLAN = 0;
/** IEEE 802.1Q reserves it: a port of this VLAN alone has no part in what the bridge does without flows. */
const NO_VLAN = 4095;

const isOpen = ({ chains, closed }: BridgeState) => chains.length === 0 && !closed;

/** The settings of each port of a bridge. */
export function planPorts(state: BridgeState): PortPlan[] {
  const { hostPorts, chains, uplink, hostToHost } = state;
  const isolated = (device: string): PortPlan => ({ device, mode: 'trunk', trunks: [NO_VLAN], protected: false });
  const inside = (device: string): PortPlan => {
    return { device, mode: 'native-untagged', tag: DEFAULT_VLAN, trunks: [], protected: false };
  };
  // Before its flows are there, a port of a host is in the hands of the bridge.
  const keptApart = !isOpen(state) && hostToHost === 'function';
  const plans = hostPorts.map((port) => ({ ...planHostPort(port), protected: keptApart }));
  for (const { input, output } of chains.flat()) plans.push(isolated(input), isolated(output));
  if (uplink !== undefined) plans.push(isOpen(state) ? inside(uplink) : isolated(uplink));
  return plans;
}

function planHostPort({ device, type, vlans }: HostPort): Omit<PortPlan, 'protected'> {
  if (type === 'ACCESS') return { device, mode: 'access', tag: vlans[0] ?? DEFAULT_VLAN, trunks: [] };
  // A trunk without any native VLAN drops untagged frames; one on the default bridge must not.
  if (vlans.length === 0) return { device, mode: 'native-untagged', tag: DEFAULT_VLAN, trunks: [DEFAULT_VLAN] };
  return { device, mode: 'trunk', trunks: vlans.toSorted((a, b) => a - b) };
}

/** Tables of the bridge's pipeline; 0 is the one that a frame meets first. */
const tables = { arrival: 0, fromHosts: 21, towardsFunctions: 22, towardsHosts: 23, towardsOutputs: 24 };
/** Within a table: rules, exceptions from them above, and what is left below. */
const priorities = { exception: 30_100, rule: 30_000, rest: 29_000 };
/** Seconds that a chain stays the way to a MAC after the last frame from it; the bridge's own default. */
const LEARNED_S = 300;
const MULTICAST = 'dl_dst=01:00:00:00:00:00/01:00:00:00:00:00';

type NumberOf = (device: string) => number | undefined;

/**
 * The flows that lead frames through the functions; none while the bridge is left to itself.
 *
 * @param numberOf OpenFlow number of a port; undefined for one that the bridge could not open: no flow leads there
 * @param cookie of all the flows, also of those that the switch adds by itself
 */
export function planFlows(state: BridgeState, numberOf: NumberOf, cookie: string): Flow[] {
  if (isOpen(state)) return [];
  const hosts = state.hostPorts.flatMap((port) => {
    const number = numberOf(port.device);
    return number === undefined ? [] : { ...port, number };
  });
  const flows = [
    ...hosts.flatMap(arrivalFromHost),
    ...betweenHosts(state, hosts),
    ...backToHosts(hosts),
    ...throughChains(state, hosts, numberOf, cookie),
  ];
  // Of two ports that were told with one MAC, the first has it.
  return [
    ...new Map(flows.toReversed().map((flow) => [`${flow.table} ${flow.priority} ${flow.match}`, flow])).values(),
  ];
}

interface NumberedHost extends HostPort {
  number: number;
}

const vlansOf = ({ vlans }: HostPort) => (vlans.length === 0 ? [DEFAULT_VLAN] : vlans);
const inVlan = (vlan: number) => (vlan === DEFAULT_VLAN ? 'vlan_tci=0x0000/0x1fff' : `dl_vlan=${vlan}`);
/** With a tag that has a priority and no VLAN. */
const priorityTagged = 'vlan_tci=0x1000/0x1fff';

/** Gives frames the tag of their VLAN, and drops those of another. */
function arrivalFromHost(host: NumberedHost): Flow[] {
  const from = `in_port=${host.number}`;
  const rule = (match: string, actions: string): Flow => {
    return { table: tables.arrival, priority: priorities.rule, match: `${from},${match}`, actions };
  };
  const go = `resubmit(,${tables.fromHosts})`;
  const [access = DEFAULT_VLAN] = vlansOf(host);
  const isDefault = access === DEFAULT_VLAN;
  // A tag is taken off only where the match says that there is one (OpenFlow 1.1 and later), and set only where it may be pushed.
  const untagged = [
    rule(inVlan(DEFAULT_VLAN), isDefault ? go : `mod_vlan_vid:${access},${go}`),
    rule(priorityTagged, isDefault ? `strip_vlan,${go}` : `mod_vlan_vid:${access},${go}`),
  ];
  const isTagged = host.type === 'TRUNK' && host.vlans.length > 0;
  const accepted = isTagged ? host.vlans.map((vlan) => rule(inVlan(vlan), go)) : untagged;
  return [...accepted, { table: tables.arrival, priority: priorities.rest, match: from, actions: 'drop' }];
}

function betweenHosts({ hostToHost }: BridgeState, hosts: readonly NumberedHost[]): Flow[] {
  const table = tables.fromHosts;
  const onwards = `resubmit(,${tables.towardsFunctions})`;
  const rest = { table, priority: priorities.rest, match: '', actions: onwards };
  if (hostToHost === 'function') return [rest];
  // Towards the hosts last: on the way there tags are taken off.
  const everybody = `${onwards},resubmit(,${tables.towardsHosts})`;
  return [
    { table, priority: priorities.exception, match: MULTICAST, actions: everybody },
    ...hosts.flatMap((host) => toHost(table, host)),
    rest,
  ];
}

/** What is for no host in particular, or for an address behind one that was not told, goes to all of its VLAN. */
function backToHosts(hosts: readonly NumberedHost[]): Flow[] {
  const table = tables.towardsHosts;
  const vlans = [...new Set(hosts.flatMap(vlansOf))];
  const floods = vlans.map((vlan): Flow => {
    const members = hosts.filter((host) => vlansOf(host).includes(vlan));
    const tagged = members.filter(({ type }) => type === 'TRUNK' && vlan !== DEFAULT_VLAN);
    const untagged = members.filter((host) => !tagged.includes(host));
    const strip = untagged.length > 0 && vlan !== DEFAULT_VLAN ? ['strip_vlan'] : [];
    const actions = [...tagged.map(outputTo), ...strip, ...untagged.map(outputTo)].join(',');
    return { table, priority: priorities.rest, match: inVlan(vlan), actions };
  });
  return [...hosts.flatMap((host) => toHost(table, host)), ...floods];
}

const outputTo = ({ number }: { number: number }) => `output:${number}`;

function toHost(table: number, host: NumberedHost): Flow[] {
  return vlansOf(host).map((vlan) => {
    const strip = host.type === 'ACCESS' && vlan !== DEFAULT_VLAN ? 'strip_vlan,' : '';
    const match = `${inVlan(vlan)},dl_dst=${host.mac}`;
    return { table, priority: priorities.rule, match, actions: `${strip}${outputTo(host)}` };
  });
}

interface ChainEnds {
  input: number;
  output: number;
}

/** A chain of which a port is missing passes nothing. */
function throughChains(
  { chains, uplink, hostToHost }: BridgeState,
  hosts: readonly NumberedHost[],
  numberOf: NumberOf,
  cookie: string,
): Flow[] {
  const uplinkNumber = uplink === undefined ? undefined : numberOf(uplink);
  const flows: Flow[] = [];
  const arrival = (priority: number, match: string, actions: string) =>
    flows.push({ table: tables.arrival, priority, match, actions });
  const ends: ChainEnds[] = [];
  for (const chain of chains) {
    const numbers = chain.map(({ input, output }) => ({ input: numberOf(input), output: numberOf(output) }));
    if (!numbers.every(isComplete)) continue;
    for (const [index, { input }] of numbers.slice(1).entries()) {
      const before = numbers[index]?.output;
      arrival(priorities.rule, `in_port=${before}`, `output:${input}`);
      arrival(priorities.rule, `in_port=${input}`, `output:${before}`);
    }
    const [first, last] = [numbers[0], numbers.at(-1)];
    if (first && last) ends.push({ input: first.input, output: last.output });
  }
  const learned = (table: number) => (ends.length > 1 ? `${learn(table, cookie)},` : '');
  for (const { input, output } of ends) {
    const back = `resubmit(,${tables.towardsHosts})`;
    arrival(priorities.rule, `in_port=${input}`, `${learned(tables.towardsFunctions)}${back}`);
    const out = uplinkNumber === undefined ? 'drop' : `${learned(tables.towardsOutputs)}output:${uplinkNumber}`;
    arrival(priorities.rule, `in_port=${output}`, out);
    // A function that all frames of hosts pass sends those for another host out of its far end: they are turned round.
    if (hostToHost === 'direct') continue;
    for (const mac of new Set(hosts.map((host) => host.mac)))
      arrival(priorities.exception, `in_port=${output},dl_dst=${mac}`, 'in_port');
  }
  if (uplinkNumber !== undefined)
    arrival(priorities.rule, `in_port=${uplinkNumber}`, `resubmit(,${tables.towardsOutputs})`);
  const toAll = (table: number, numbers: number[]) =>
    flows.push({ table, priority: priorities.rest, match: '', actions: numbers.map((to) => `output:${to}`).join(',') });
  if (ends.length > 0) {
    toAll(
      tables.towardsFunctions,
      ends.map(({ input }) => input),
    );
    toAll(
      tables.towardsOutputs,
      ends.map(({ output }) => output),
    );
  }
  return flows;
}

function isComplete(ports: { input: number | undefined; output: number | undefined }): ports is ChainEnds {
  return ports.input !== undefined && ports.output !== undefined;
}

/** From now on frames for whom this one comes from leave by the port that it came by. */
function learn(table: number, cookie: string): string {
  const lives = [`table=${table}`, `idle_timeout=${LEARNED_S}`, `priority=${priorities.rule}`, `cookie=0x${cookie}`];
  const fields = ['NXM_OF_VLAN_TCI[0..11]', 'NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[]', 'output:NXM_OF_IN_PORT[]'];
  return `learn(${[...lives, ...fields].join(',')})`;
}
