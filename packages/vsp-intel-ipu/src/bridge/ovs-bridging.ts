/** One bridge of Open vSwitch on the ACC, of the plugin's own or of the card's switch, with flows through functions. */
import { DpuError, type Logger, type Platform } from '@dpu-operator/sdk';
import {
  Bridge,
  type BridgePortPlan,
  type BridgeState,
  type Closed,
  type PortRecord,
  planFlows,
  planPorts,
} from '@dpu-operator/sdk/linux';
import type { ChainPlacement, Placements } from '../interfaces/placement.ts';
import { bridgePrefix } from '../settings.ts';
import type { Bridging } from './bridging.ts';

export interface OvsBridgingOptions {
  platform: Platform;
  logger: Logger;
  /** 16 hex digits: ports and flows are marked by them. */
  owner: string;
  /** Interface that leads outside. */
  uplink: string;
  /** Socket of the database of the card's switch. Default: a switch of the plugin's own. */
  database?: string | undefined;
  /** The switch may have none of what was made. */
  onLost: () => void;
}

export class OvsBridging implements Bridging {
  readonly #options: OvsBridgingOptions;
  readonly #ovs: ReturnType<Platform['openVSwitch']>;
  readonly #bridge: Bridge;
  /** Nothing is placed, and nothing of a predecessor is left. */
  #isRemoved = false;

  constructor(options: OvsBridgingOptions) {
    const { platform, logger, owner, database, onLost } = options;
    this.#options = options;
    const makeAgain = () => {
      this.#bridge.forget();
      onLost();
    };
    const lost = (reason: string) => {
      logger.error({ reason }, 'open vswitch ended');
      makeAgain();
    };
    const place = database === undefined ? { directory: `/run/ipu-${owner.slice(0, 8)}` } : { database };
    this.#ovs = platform.openVSwitch({
      ...place,
      onLine: (line) => logger.debug({ line }, 'open vswitch'),
      onExit: lost,
      onReturn: onLost,
      onDeleted: (table, name) => {
        if (this.#bridge.misses(table, name)) makeAgain();
      },
      onCutOff: makeAgain,
    });
    this.#bridge = new Bridge({ platform, ovs: this.#ovs, name: bridgePrefix, owner, logger });
  }

  async apply(placements: Placements, closed: Closed): Promise<ReadonlyMap<string, DpuError>> {
    await this.#ovs.start();
    if (placements.size === 0) {
      if (!this.#isRemoved) {
        await this.#bridge.open();
        await this.#bridge.remove();
      }
      this.#isRemoved = true;
      return new Map();
    }
    this.#isRemoved = false;
    const { uplink, owner } = this.#options;
    const state = stateOf(placements, uplink, closed);
    const records = recordsOf(placements, uplink);
    const plans = planPorts(state).flatMap((plan): BridgePortPlan[] => {
      const record = records.get(plan.device);
      return record ? [{ ...plan, record }] : [];
    });
    const { failed } = await this.#bridge.apply(plans, (numberOf) => planFlows(state, numberOf, owner));
    const errors = new Map([...failed].map(([device, detail]) => [device, openError(device, detail)]));
    const uplinkError = errors.get(uplink);
    if (uplinkError) throw uplinkError;
    return errors;
  }

  forget(): void {
    this.#bridge.forget();
  }

  /** A switch of the plugin's own ends with it, and is made anew by the next: the card's goes on. */
  close(): Promise<void> {
    return this.#ovs.stop();
  }
}

function openError(device: string, detail: string): DpuError {
  return new DpuError('INTERNAL', `Open vSwitch cannot open ${device}: ${detail}`);
}

function stateOf(placements: Placements, uplink: string, closed: Closed): BridgeState {
  const all = [...placements.values()];
  const hosts = all.flatMap((placement) => (placement.kind === 'host' ? [placement] : []));
  const chains = all.flatMap((placement) => (placement.kind === 'chain' ? [chainPorts(placement)] : []));
  return {
    hostPorts: hosts.map(({ port, vlans, isTrunk }) => ({
      device: port.representor,
      mac: port.mac,
      type: isTrunk ? 'TRUNK' : 'ACCESS',
      vlans,
    })),
    chains: chains.flatMap(({ vlan, functions }) => (vlan === undefined ? [functions] : [])),
    vlanChains: chains.flatMap(({ vlan, functions }) => (vlan === undefined ? [] : { vlan, functions })),
    uplink,
    closed: closed.all,
    closedVlans: closed.vlans,
    hostToHost: 'direct',
  };
}

function chainPorts({ vlan, functions }: ChainPlacement) {
  const ports = functions.map(({ input, output }) => ({ input: input.representor, output: output.representor }));
  return { vlan, functions: ports };
}

/** What the ports are there for, by their names. */
function recordsOf(placements: Placements, uplink: string): Map<string, PortRecord> {
  const records = new Map<string, PortRecord>([[uplink, { kind: 'uplink', gro: false }]]);
  for (const [name, placement] of placements) {
    if (placement.kind === 'host') {
      const { port, vlans, isTrunk } = placement;
      const type = isTrunk ? 'TRUNK' : 'ACCESS';
      records.set(port.representor, { kind: 'host', name, mac: port.mac, type, vlans: [...vlans] });
      continue;
    }
    const ofVlan = placement.vlan === undefined ? {} : { vlan: placement.vlan };
    for (const [place, ends] of placement.functions.entries()) {
      for (const end of ['input', 'output'] as const) {
        records.set(ends[end].representor, { kind: 'function', name, place, end, mac: ends[end].mac, ...ofVlan });
      }
    }
  }
  return records;
}
