/** The host's half: the VFs, and where the DPU is another node, a tunnel to it for each. */
import type { Device, IpPort } from '@dpu-operator/sdk';
import type { Link } from '@dpu-operator/sdk/linux';
import { Devices } from './devices.ts';
import { indexIn, joinName, macOf, representorName, tunnelName, vfName } from './names.ts';
import { NodeLinks } from './node-links.ts';
import { daemonAddress } from './settings.ts';
import type { Side, SideOptions } from './side.ts';
import type { Port, Wanted } from './wanted.ts';

export class HostSide implements Side {
  readonly #context: SideOptions['context'];
  readonly #devices: Devices;
  readonly #node: NodeLinks;

  constructor({ context, onDevices, ...options }: SideOptions) {
    const { platform, logger } = context;
    this.#context = context;
    this.#devices = new Devices(context.node.name, vfName, representorName, onDevices);
    this.#node = new NodeLinks({
      ...options,
      platform,
      logger,
      wanted: () => this.#wanted(),
      onLook: (links) => this.#devices.see(links),
    });
  }

  start(): Promise<IpPort> {
    return this.#node.exclusive(async () => {
      const { settings, node } = this.#context;
      const links = await this.#node.list();
      this.#devices.adopt(settings.vfs, links);
      this.#devices.see(await this.#node.apply(this.#wanted(), links));
      this.#node.follow();
      return daemonAddress(settings, 'host', node.ip);
    });
  }

  devices(): Device[] {
    return this.#devices.list();
  }

  setNumVfs(count: number): Promise<number> {
    return this.#node.exclusive(async () => {
      await this.#devices.resize(count, this.#node, this.#context.platform.clock);
      this.#devices.see(await this.#node.apply(this.#wanted()));
      return count;
    });
  }

  healthy(): boolean {
    return this.#node.settled;
  }

  close(): Promise<void> {
    return this.#node.close();
  }

  #wanted(): Wanted {
    const { pairs, count } = this.#devices;
    const { settings, node } = this.#context;
    const { peer, port, vniBase } = settings;
    const wanted: Wanted = {
      pairs,
      tunnels: new Map(),
      bridges: new Map(),
      ports: new Map(),
      owns,
      places: () => false,
    };
    if (peer === undefined) return wanted;
    const indices = Array.from({ length: count }, (_, index) => index);
    const onJoin = (index: number): Port => ({ bridge: joinName(index) });
    return {
      ...wanted,
      tunnels: new Map(
        indices.map((index) => [tunnelName(index), { vni: vniBase + index, port, local: node.ip, remote: peer }]),
      ),
      bridges: new Map(indices.map((index) => [joinName(index), { mac: macOf(node.name, joinName(index)) }])),
      ports: new Map(
        indices.flatMap((index): [string, Port][] => [
          [representorName(index), onJoin(index)],
          [tunnelName(index), onJoin(index)],
        ]),
      ),
      places,
    };
  }
}

const isNamed = (name: string, like: (index: number) => string) => indexIn(name, like(0).slice(0, -1)) !== undefined;

/** With a representor goes the VF, its other end. */
function owns({ name, kind }: Link): boolean {
  if (kind === 'veth') return isNamed(name, representorName);
  if (kind === 'vxlan') return isNamed(name, tunnelName);
  return kind === 'bridge' && isNamed(name, joinName);
}

const places = (name: string) => isNamed(name, representorName) || isNamed(name, tunnelName);
