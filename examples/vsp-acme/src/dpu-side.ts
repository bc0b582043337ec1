/** The DPU's half: bridges, host ports, and devices for network functions. */
import type { BridgePort, Device, IpPort } from '@dpu-operator/sdk';
import type { Link } from '@dpu-operator/sdk/linux';
import { Devices } from './devices.ts';
import { layOut } from './layout.ts';
import { functionName, functionPortName, indexIn, macOf, representorName, vfName, vfOfBridgePort } from './names.ts';
import { NodeLinks } from './node-links.ts';
import { daemonAddress } from './settings.ts';
import type { Side, SideOptions } from './side.ts';
import { type DpuState, emptyState, recall } from './state.ts';
import type { LinksByName, Tunnel, Wanted } from './wanted.ts';

export class DpuSide implements Side {
  readonly #context: SideOptions['context'];
  readonly #devices: Devices;
  readonly #node: NodeLinks;
  #state = emptyState;

  constructor({ context, onDevices, ...options }: SideOptions) {
    const { platform, logger, node } = context;
    this.#context = context;
    this.#devices = this.isOneNode
      ? new Devices(node.name, vfName, representorName, onDevices)
      : new Devices(node.name, functionName, functionPortName, onDevices);
    this.#node = new NodeLinks({
      ...options,
      platform,
      logger,
      wanted: () => this.#wanted(this.#state),
      onLook: (links) => this.#devices.see(links),
    });
  }

  /** Then the VFs are the host side's, and network functions are given VFs. */
  get isOneNode(): boolean {
    return this.#context.settings.peer === undefined;
  }

  get state(): DpuState {
    return this.#state;
  }

  start(): Promise<IpPort> {
    return this.#node.exclusive(async () => {
      const { settings, node } = this.#context;
      const links = await this.#node.list();
      if (!this.isOneNode) this.#devices.adopt(settings.functionPorts, links);
      this.#devices.see(await this.#node.apply(this.#recall(links), links));
      this.#node.follow();
      return daemonAddress(settings, 'dpu', node.ip);
    });
  }

  devices(): Device[] {
    return this.#devices.list();
  }

  setNumVfs(count: number): Promise<number> {
    return this.#node.exclusive(async () => {
      if (!this.isOneNode) await this.#devices.resize(count, this.#node, this.#context.platform.clock);
      if (count === 0) this.#state = emptyState;
      this.#devices.see(await this.#node.apply(this.#wanted(this.#state)));
      return this.#devices.count;
    });
  }

  healthy(): boolean {
    return this.#node.settled;
  }

  /** Bridges go on forwarding: the next start finds all there is to know on the links. */
  close(): Promise<void> {
    return this.#node.close();
  }

  /** All or nothing: where the links cannot be made so, they are made as they were. Answers the links there are then. */
  update(change: (state: DpuState, links: LinksByName) => DpuState): Promise<LinksByName> {
    return this.#node.exclusive(async () => {
      const before = await this.#node.list();
      const next = change(this.#state, before);
      if (next === this.#state) return before;
      const wanted = this.#wanted(next);
      try {
        const links = await this.#node.apply(wanted, before);
        this.#devices.see(links);
        this.#state = next;
        return links;
      } catch (error) {
        await this.#node.apply(this.#wanted(this.#state));
        throw error;
      }
    });
  }

  /** With what their representors say. */
  async withStatus(ports: readonly BridgePort[], known?: LinksByName): Promise<BridgePort[]> {
    const links = known ?? (await this.#node.list());
    const isUp = ({ name }: BridgePort) => {
      const link = links.get(representorName(vfOfBridgePort(name)));
      return link?.running && link.masterName !== undefined;
    };
    return ports.map((port) => ({ ...port, operStatus: isUp(port) ? 'UP' : 'DOWN' }));
  }

  /** @throws DpuError NOT_FOUND */
  deviceWithMac(mac: string, links: LinksByName): number {
    return this.#devices.withMac(mac, links);
  }

  #recall(links: LinksByName): Wanted {
    const state = recall(links.values(), this.#devices.portName);
    try {
      const wanted = this.#wanted(state);
      this.#state = state;
      return wanted;
    } catch (error) {
      this.#context.logger.warn({ err: error }, 'what is left of former bridges makes no sense, starting without');
      return this.#wanted(emptyState);
    }
  }

  #wanted(state: DpuState): Wanted {
    const { settings, node } = this.#context;
    const { uplink } = settings;
    const { bridges, ports } = layOut(state, uplink, this.#devices.portName);
    return {
      pairs: this.isOneNode ? new Map() : this.#devices.pairs,
      tunnels: this.#tunnels(state),
      bridges: new Map(
        [...bridges].map(([name, alias]) => [name, { mac: macOf(node.name, name), ...(alias && { alias }) }]),
      ),
      ports,
      owns: this.isOneNode ? ownsBridge : owns,
      places: (name) => name === uplink || isPort(name),
    };
  }

  #tunnels({ bridgePorts }: DpuState): Map<string, Tunnel> {
    const { settings, node } = this.#context;
    const { peer, port, vniBase } = settings;
    if (peer === undefined) return new Map();
    const vfs = [...bridgePorts.keys()].map(vfOfBridgePort);
    return new Map(vfs.map((vf) => [representorName(vf), { vni: vniBase + vf, port, local: node.ip, remote: peer }]));
  }
}

const isNamed = (name: string, like: (index: number) => string) => indexIn(name, like(0).slice(0, -1)) !== undefined;
const isPort = (name: string) => isNamed(name, representorName) || isNamed(name, functionPortName);
const ownsBridge = ({ name, kind }: Link) => kind === 'bridge' && /^acme-(hosts|outside|lan\d+|hop\d+)$/.test(name);

function owns(link: Link): boolean {
  if (link.kind === 'vxlan') return isNamed(link.name, representorName);
  if (link.kind === 'veth') return isNamed(link.name, functionPortName);
  return ownsBridge(link);
}
