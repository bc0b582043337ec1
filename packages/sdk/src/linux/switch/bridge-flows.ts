/**
 * The flows that lead frames through the network functions of a bridge. Pure.
 *
 *   hosts → first input   output → next input   last output → uplink, and the same way back
 *
 * Frames between hosts and functions carry the tag of their VLAN, none on the default bridge; what comes back finds its
 * host by VLAN and destination MAC. Several chains stand side by side: who was heard behind one is reached through it,
 * everybody else through each of them.
 *
 * A VLAN that has chains of its own passes those alone: its tag is taken off before the first function and behind the last,
 * and put on what comes out of them. Other chains get none of its frames, and what they send with its tag is dropped.
 */
import type { Flow } from '../ovs/ovs-flows.ts';
import {
  type BridgeState,
  DEFAULT_VLAN,
  type FunctionPorts,
  type HostPort,
  isOpen,
  ownVlans,
  vlansOf,
} from './bridge-plan.ts';

/** Tables of the bridge's pipeline; 0 is the one that a frame meets first. */
const tables = { arrival: 0, fromHosts: 21, towardsFunctions: 22, towardsHosts: 23, towardsOutputs: 24 };
/** Within a table: rules, exceptions from them above, and what is left below: of a VLAN of its own, then of all. */
const priorities = { exception: 30_100, rule: 30_000, restOfVlan: 29_100, rest: 29_000 };
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
  const own = ownVlans(state);
  if (isOpen(state) && own.size === 0) return [];
  const numbered = state.hostPorts.flatMap((port) => {
    const number = numberOf(port.device);
    return number === undefined ? [] : { ...port, number, isShared: false };
  });
  const hosts = isOpen(state) ? numbered.flatMap((host) => inVlansOfTheirOwn(host, own)) : numbered;
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
  /** Whether the bridge itself switches frames of other VLANs that the host sends. */
  isShared: boolean;
}

/** The rest of a host's VLANs is left to the bridge. */
function inVlansOfTheirOwn(host: NumberedHost, own: ReadonlySet<number>): NumberedHost[] {
  const vlans = host.vlans.filter((vlan) => own.has(vlan));
  return vlans.length === 0 ? [] : [{ ...host, vlans, isShared: host.type === 'TRUNK' }];
}

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
  if (host.isShared) return accepted;
  return [...accepted, { table: tables.arrival, priority: priorities.rest, match: from, actions: 'drop' }];
}

function betweenHosts({ hostToHost }: BridgeState, hosts: readonly NumberedHost[]): Flow[] {
  const table = tables.fromHosts;
  const onwards = `resubmit(,${tables.towardsFunctions})`;
  const rest = { table, priority: priorities.rest, match: '', actions: onwards };
  if (hostToHost === 'function') return [rest];
  // Each a copy: on both ways tags are taken off.
  const everybody = `clone(${onwards}),resubmit(,${tables.towardsHosts})`;
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

/** Chains side by side: those of a VLAN, or of all that have none of their own. */
interface Way {
  vlan?: number;
  chains: readonly (readonly FunctionPorts[])[];
}

interface WayContext {
  uplink: number | undefined;
  hosts: readonly NumberedHost[];
  /** How hosts reach each other: as {@link BridgeState} has it. */
  hostToHost: BridgeState['hostToHost'];
  own: ReadonlySet<number>;
  numberOf: NumberOf;
  cookie: string;
}

function throughChains(state: BridgeState, hosts: readonly NumberedHost[], numberOf: NumberOf, cookie: string): Flow[] {
  const own = ownVlans(state);
  const uplink = state.uplink === undefined ? undefined : numberOf(state.uplink);
  const { chains, vlanChains = [], hostToHost } = state;
  const ways: Way[] = [...own].map((vlan) => {
    return { vlan, chains: vlanChains.flatMap((chain) => (chain.vlan === vlan ? [chain.functions] : [])) };
  });
  if (!isOpen(state)) ways.push({ chains });
  const context = { uplink, hosts, hostToHost, own, numberOf, cookie };
  return [
    ...ways.flatMap((way) => throughWay(way, context)),
    ...arrivalFromUplink(uplink, isOpen(state) ? own : undefined),
  ];
}

/** @param vlans undefined: all */
function arrivalFromUplink(uplink: number | undefined, vlans: ReadonlySet<number> | undefined): Flow[] {
  if (uplink === undefined) return [];
  const matches = vlans === undefined ? [''] : [...vlans].map((vlan) => `,${inVlan(vlan)}`);
  return matches.map((match) => ({
    table: tables.arrival,
    priority: priorities.rule,
    match: `in_port=${uplink}${match}`,
    actions: `resubmit(,${tables.towardsOutputs})`,
  }));
}

/** A chain of which a port is missing passes nothing. */
function throughWay({ vlan, chains }: Way, context: WayContext): Flow[] {
  const { uplink, hosts, hostToHost, own, numberOf, cookie } = context;
  const complete = chains.flatMap((chain) => {
    const numbers = chain.map(({ input, output }) => ({ input: numberOf(input), output: numberOf(output) }));
    return numbers.every(isComplete) ? [numbers] : [];
  });
  const ends = complete.flatMap((numbers): ChainEnds[] => {
    const [first, last] = [numbers[0], numbers.at(-1)];
    return first && last ? [{ input: first.input, output: last.output }] : [];
  });
  const learned = (table: number) => (ends.length > 1 ? `${learn(table, cookie, vlan !== undefined)},` : '');
  const back = `${learned(tables.towardsFunctions)}resubmit(,${tables.towardsHosts})`;
  const out = uplink === undefined ? 'drop' : `${learned(tables.towardsOutputs)}output:${uplink}`;
  const arriving = (port: number, actions: string) =>
    vlan === undefined ? arrivalOfOthers(port, actions, own) : arrivalOfVlan(port, actions, vlan);
  const macs = new Set(hosts.filter((host) => isOn(host, vlan, own)).map(({ mac }) => mac));
  return [
    ...complete.flatMap(betweenFunctions),
    ...ends.flatMap(({ input, output }) => [...arriving(input, back), ...arriving(output, out)]),
    // A function that all frames of hosts pass sends those for another host out of its far end: they are turned round.
    ...(hostToHost === 'direct' ? [] : ends.flatMap(({ output }) => [...macs].map((mac) => turnedRound(output, mac)))),
    ...intoChains(
      tables.towardsFunctions,
      ends.map(({ input }) => input),
      vlan,
    ),
    ...intoChains(
      tables.towardsOutputs,
      ends.map(({ output }) => output),
      vlan,
    ),
  ];
}

/** Whether a host has frames that pass these chains. */
function isOn(host: NumberedHost, vlan: number | undefined, own: ReadonlySet<number>): boolean {
  return vlansOf(host).some((each) => (vlan === undefined ? !own.has(each) : each === vlan));
}

function betweenFunctions(numbers: readonly ChainEnds[]): Flow[] {
  return numbers.slice(1).flatMap(({ input }, index) => {
    const before = numbers[index]?.output;
    return [arrival(`in_port=${before}`, `output:${input}`), arrival(`in_port=${input}`, `output:${before}`)];
  });
}

const arrival = (match: string, actions: string, priority = priorities.rule): Flow => {
  return { table: tables.arrival, priority, match, actions };
};

const turnedRound = (output: number, mac: string): Flow =>
  arrival(`in_port=${output},dl_dst=${mac}`, 'in_port', priorities.exception);

/** From a function that works for several VLANs: with a tag of one that has its own, nothing passes. */
function arrivalOfOthers(port: number, actions: string, own: ReadonlySet<number>): Flow[] {
  const kept = [...own].map((vlan) => arrival(`in_port=${port},${inVlan(vlan)}`, 'drop', priorities.exception));
  return [arrival(`in_port=${port}`, actions), ...kept];
}

/** From a function that works for one VLAN, and sees no tag. */
function arrivalOfVlan(port: number, actions: string, vlan: number): Flow[] {
  const from = `in_port=${port}`;
  const tagged = `mod_vlan_vid:${vlan},${actions}`;
  const untagged = [inVlan(DEFAULT_VLAN), priorityTagged].map((match) => arrival(`${from},${match}`, tagged));
  return [...untagged, arrival(from, 'drop', priorities.rest)];
}

function intoChains(table: number, numbers: readonly number[], vlan: number | undefined): Flow[] {
  const outputs = numbers.map((to) => `output:${to}`);
  if (vlan !== undefined) {
    const actions = outputs.length === 0 ? 'drop' : ['strip_vlan', ...outputs].join(',');
    return [{ table, priority: priorities.restOfVlan, match: inVlan(vlan), actions }];
  }
  return outputs.length === 0 ? [] : [{ table, priority: priorities.rest, match: '', actions: outputs.join(',') }];
}

function isComplete(ports: { input: number | undefined; output: number | undefined }): ports is ChainEnds {
  return ports.input !== undefined && ports.output !== undefined;
}

/** From now on frames for whom this one comes from leave by the port that it came by; without their tag, if that is taken off. */
function learn(table: number, cookie: string, strips: boolean): string {
  const lives = [`table=${table}`, `idle_timeout=${LEARNED_S}`, `priority=${priorities.rule}`, `cookie=0x${cookie}`];
  const strip = strips ? ['load:0->NXM_OF_VLAN_TCI[]'] : [];
  const fields = ['NXM_OF_VLAN_TCI[0..11]', 'NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[]', ...strip, 'output:NXM_OF_IN_PORT[]'];
  return `learn(${[...lives, ...fields].join(',')})`;
}
