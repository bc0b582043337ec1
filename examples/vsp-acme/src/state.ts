/** What callers asked the DPU's side for, and how it is remembered over a restart: as aliases of links. */
import { type BridgePort, DpuError, type LogicalBridge, type NetworkFunction } from '@dpu-operator/sdk';
import type { Link } from '@dpu-operator/sdk/linux';
import { indexIn, lanName, representorName } from './names.ts';

/** A network function that stands by itself or in a chain. */
export interface PlacedFunction extends Pick<NetworkFunction, 'input' | 'output'> {
  /** Indices of its devices. */
  inputIndex: number;
  outputIndex: number;
  /** Name of its chain, and how many functions are before it. */
  chain?: string;
  position: number;
}

export interface DpuState {
  /** By name. */
  logicalBridges: ReadonlyMap<string, LogicalBridge>;
  bridgePorts: ReadonlyMap<string, BridgePort>;
  /** Those of a chain in its order. */
  functions: readonly PlacedFunction[];
  /** There was a chain: what it is to look at does not go around it while its pods come and go. */
  closed: boolean;
}

export const emptyState: DpuState = { logicalBridges: new Map(), bridgePorts: new Map(), functions: [], closed: false };

/** What Linux keeps of an alias. */
const MAX_ALIAS = 255;

/** @throws DpuError RESOURCE_EXHAUSTED for what is too long, as a trunk of many bridges is */
function encode(kind: string, fields: Record<string, string | number | readonly string[] | undefined>): string {
  const text = new URLSearchParams({ acme: kind });
  for (const [key, value = []] of Object.entries(fields)) {
    for (const each of [value].flat()) text.append(key, String(each));
  }
  if (`${text}`.length <= MAX_ALIAS) return `${text}`;
  throw new DpuError('RESOURCE_EXHAUSTED', `a link can keep ${MAX_ALIAS} characters, not ${text}; use shorter names`);
}

export const logicalBridgeAlias = ({ name, vni, vtepIpPrefix }: LogicalBridge) =>
  encode('lan', { name, vni, vtep: vtepIpPrefix });

export const bridgePortAlias = ({ macAddress, type, logicalBridges }: BridgePort) =>
  encode('port', { mac: macAddress, type, on: logicalBridges });

/** On the link of its input. */
export const functionAlias = ({ input, output, outputIndex, chain, position }: PlacedFunction) =>
  encode('function', { input, output, out: outputIndex, chain, at: position });

/** Reads what a predecessor remembered; `functionPort` names the links of inputs. */
export function recall(links: Iterable<Link>, functionPort: (index: number) => string): DpuState {
  const logicalBridges = new Map<string, LogicalBridge>();
  const bridgePorts = new Map<string, BridgePort>();
  const functions: PlacedFunction[] = [];
  for (const { name, alias } of links) {
    const fields = new URLSearchParams(alias);
    const field = (key: string) => fields.get(key) ?? undefined;
    const index = (like: (index: number) => string) => indexIn(name, like(0).slice(0, -1)) ?? -1;
    const kind = name.startsWith('acme-') ? field('acme') : undefined;
    if (kind === 'lan') {
      const bridge = logicalBridgeOf(field, index(lanName));
      logicalBridges.set(bridge.name, bridge);
    } else if (kind === 'port') {
      const port = bridgePortOf(field, fields.getAll('on'), index(representorName));
      bridgePorts.set(port.name, port);
    } else if (kind === 'function') {
      functions.push(functionOf(field, index(functionPort)));
    }
  }
  functions.sort((a, b) => a.position - b.position);
  return { logicalBridges, bridgePorts, functions, closed: functions.some(({ chain }) => chain !== undefined) };
}

type Field = (key: string) => string | undefined;

function logicalBridgeOf(field: Field, vlanId: number): LogicalBridge {
  const [vni, vtepIpPrefix] = [field('vni'), field('vtep')];
  return {
    name: field('name') ?? '',
    vlanId,
    ...(vni !== undefined && { vni: Number(vni) }),
    ...(vtepIpPrefix !== undefined && { vtepIpPrefix }),
  };
}

function bridgePortOf(field: Field, logicalBridges: string[], vf: number): BridgePort {
  return {
    name: `bridgePorts/host0-${vf}`,
    macAddress: field('mac') ?? '',
    type: field('type') === 'TRUNK' ? 'TRUNK' : 'ACCESS',
    logicalBridges,
  };
}

function functionOf(field: Field, inputIndex: number): PlacedFunction {
  const chain = field('chain');
  return {
    input: field('input') ?? '',
    output: field('output') ?? '',
    inputIndex,
    outputIndex: Number(field('out')),
    position: Number(field('at')),
    ...(chain !== undefined && { chain }),
  };
}
