/** The DPU's side: bridges, host ports, and devices for network functions. */
import type { ApplyCall, DataPath, DataPathKind, Outcomes, PluginContext, Wanted } from '@dpu-operator/sdk';
import type { Link } from '@dpu-operator/sdk/linux';
import { layOut } from './layout.ts';
import type { LinkPlan, LinksByName, Tunnel } from './link-plan.ts';
import {
  functionDevices,
  functionPorts,
  HOSTS,
  hops,
  lans,
  macOf,
  OUTSIDE,
  representors,
  vfOfBridgePort,
  vfs,
} from './names.ts';
import type { WatchLinks } from './node-links.ts';
import { possibleOf } from './possible.ts';
import type { Settings } from './settings.ts';
import { Side } from './side.ts';

interface State {
  wanted: Wanted;
  /** Whether what is not wanted goes; else only what `changed` names. */
  complete: boolean;
  /** There was a chain, also under a predecessor: hosts do not go around it while its pods come and go. */
  isClosed: boolean;
}

const nothing: Wanted = {
  logicalBridges: new Map(),
  bridgePorts: new Map(),
  networkFunctions: new Map(),
  serviceChains: new Map(),
};

export class DpuSide extends Side implements DataPath {
  readonly dataPath: DataPath = this;
  readonly serves: readonly DataPathKind[] = ['bridge', 'networkFunctions', 'chains'];
  #state: State = { wanted: nothing, complete: false, isClosed: false };
  /** Out of service: what is wanted is kept, and made when there are devices again. */
  #isOff = false;
  #links: LinksByName = new Map();

  constructor(context: PluginContext<Settings>, watch?: WatchLinks) {
    const isOneNode = context.settings.peer === undefined;
    const rows = isOneNode ? { pods: vfs, ports: representors } : { pods: functionDevices, ports: functionPorts };
    super({ context, watch, rows, count: isOneNode ? undefined : context.settings.functionPorts });
  }

  /** Then the VFs are the host side's, and network functions are given VFs. */
  get #isOneNode(): boolean {
    return this.settings.peer === undefined;
  }

  override async start(): Promise<void> {
    const uplink = (await this.links.list()).get(this.settings.uplink);
    this.#state.isClosed = uplink?.masterName === OUTSIDE;
    await super.start();
  }

  apply(asked: Wanted, { changed, complete }: ApplyCall): Promise<Outcomes> {
    return this.links.exclusive(async () => {
      const links = await this.links.list();
      const indexOf = (mac: string) => this.devices.indexOf(mac, links);
      const { wanted, failed } = possibleOf(asked, changed, { indexOf, areVfs: this.#isOneNode });
      // What a predecessor closed is opened when it is known that there are no functions.
      const wasClosed = this.#state.isClosed && complete === this.#state.complete;
      const next = { wanted, complete, isClosed: wasClosed || wanted.serviceChains.size > 0 };
      await this.links.apply(this.#planOf(next, new Set(changed.map(({ name }) => name))), links);
      this.#state = next;
      return failed;
    });
  }

  down(): string[] {
    return [...this.#state.wanted.bridgePorts.keys()].filter((name) => {
      const link = this.#links.get(representors.name(vfOfBridgePort(name)));
      return !link?.running || link.masterName === undefined;
    });
  }

  /** Ports, functions and bridges are gone already, by `apply`. */
  protected override resized(count: number): void {
    if (count === 0) this.#state = { wanted: nothing, complete: true, isClosed: false };
    this.#isOff = count === 0 && !this.#isOneNode;
  }

  protected override look(links: LinksByName): void {
    this.#links = links;
    super.look(links);
  }

  protected plan(): LinkPlan {
    return this.#planOf(this.#state, new Set());
  }

  /** @param named objects whose links may go though not all is known that is wanted */
  #planOf({ wanted: asked, complete, isClosed }: State, named: ReadonlySet<string>): LinkPlan {
    const wanted = this.#isOff ? nothing : asked;
    const { uplink } = this.settings;
    const functionPort = (mac: string) => this.devices.portOf(mac);
    const { bridges, ports } = layOut(wanted, { uplink, isClosed, functionPort });
    const mayGo = ({ alias }: Link) => complete || (alias !== undefined && named.has(alias));
    return {
      pairs: this.#isOneNode ? new Map() : this.devices.pairs,
      tunnels: this.#tunnels(wanted),
      bridges: new Map([...bridges].map(([name, owner]) => [name, { mac: macOf(this.node.name, name), owner }])),
      ports,
      deletes: (link) => this.#owns(link) && (link.kind === 'veth' || mayGo(link)),
      releases: (link) => (isPort(link.name) || link.name === uplink) && mayGo(link),
    };
  }

  #tunnels({ bridgePorts }: Wanted): Map<string, Tunnel> {
    const { peer, port, vniBase } = this.settings;
    if (peer === undefined) return new Map();
    const vfs = [...bridgePorts.keys()].map(vfOfBridgePort);
    return new Map(
      vfs.map((vf) => [representors.name(vf), { vni: vniBase + vf, port, local: this.node.ip, remote: peer }]),
    );
  }

  #owns({ name, kind }: Link): boolean {
    if (kind === 'bridge') return [HOSTS, OUTSIDE].includes(name) || lans.index(name) !== undefined || isHop(name);
    if (this.#isOneNode) return false;
    if (kind === 'vxlan') return representors.index(name) !== undefined;
    return kind === 'veth' && functionPorts.index(name) !== undefined;
  }
}

const isHop = (name: string) => hops.index(name) !== undefined;
const isPort = (name: string) => representors.index(name) !== undefined || functionPorts.index(name) !== undefined;
