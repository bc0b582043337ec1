/**
 * The kernel's part of an attachment. A device enters a pod by one message to the kernel, which moves, names, sets and
 * raises it: no kill can come between those steps, and the wait of a namespace move is paid once. A step that the kernel
 * refuses leaves the earlier ones done.
 */
import { DpuError } from '@dpu-operator/sdk';
import { type Exec, type Link, Links } from '@dpu-operator/sdk/linux';
import { IpProcess } from './ip-process.ts';
import type { IpamResult } from './result.ts';

export interface Entry {
  /** The netdev's name in the daemon's namespace. */
  device: string;
  netns: string;
  ifName: string;
  /** Undefined leaves it as it is. */
  mac?: string | undefined;
  mtu?: number | undefined;
}

export interface Exit {
  netns: string;
  ifName: string;
  /** What it is given back in the daemon's namespace. */
  name: string;
  mac: string;
  mtu: number;
}

export class PodLinks {
  readonly #exec: Exec;
  readonly #entering = new IpProcess();
  /** Several: of what one forks and starts for a pod's namespace, the kernel's network lock only holds up a part. */
  readonly #inside = Array.from({ length: 3 }, () => new IpProcess());

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** @throws DpuError ALREADY_EXISTS when the pod has an interface of that name, NOT_FOUND without device or namespace */
  async enter({ device, netns, ifName, mac, mtu }: Entry): Promise<void> {
    const properties = [...(mac ? ['address', mac] : []), ...(mtu ? ['mtu', `${mtu}`] : [])];
    await this.#entering.run(
      words(['link', 'set', 'dev', device, 'netns', netns, 'name', ifName, ...properties, 'up']),
    );
  }

  /** Takes the interface back, down and with its old name; its addresses and routes vanish with the move. */
  async leave({ netns, ifName, name, mac, mtu }: Exit): Promise<void> {
    const home = `/proc/${process.pid}/ns/net`;
    await this.#run(netns, [
      words(['link', 'set', 'dev', ifName, 'netns', home, 'name', name, 'address', mac, 'mtu', `${mtu}`, 'down']),
    ]);
  }

  /** Gives a device that is in the daemon's namespace the properties that it had before. */
  async reset(device: string, { name, mac, mtu }: Omit<Exit, 'netns' | 'ifName'>): Promise<void> {
    await this.#entering.run(words(['link', 'set', 'dev', device, 'down']));
    await this.#entering.run(words(['link', 'set', 'dev', device, 'name', name, 'address', mac, 'mtu', `${mtu}`]));
  }

  /** Addresses, then routes; a route without a gateway takes the one of its family's first address. */
  async configure(netns: string, ifName: string, { ips, routes }: IpamResult): Promise<void> {
    await this.#run(netns, [
      ...ips.map(({ address }) =>
        words(['address', 'add', address, 'dev', ifName, ...(isV6(address) ? ['nodad'] : [])]),
      ),
      ...routes.map((route) => {
        const gateway = route.gw ?? ips.find((ip) => ip.gateway && isV6(ip.address) === isV6(route.dst))?.gateway;
        const options = { metric: route.priority, table: route.table, mtu: route.mtu, advmss: route.advmss };
        return words([
          // As the reference plugins do it: where the pod has the same route already, the earlier one wins.
          ...['route', 'append', route.dst, ...(gateway ? ['via', gateway] : []), 'dev', ifName],
          ...(route.scope !== undefined ? ['scope', `${route.scope}`] : gateway ? [] : ['scope', 'link']),
          ...Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [key, `${value}`])),
        ]);
      }),
    ]);
  }

  async find(netns: string, ifName: string): Promise<Link | undefined> {
    return new Links(this.#exec, netns).find(ifName);
  }

  close(): void {
    this.#entering.close();
    for (const process of this.#inside) process.close();
  }

  /**
   * One command in a named namespace goes to the running `ip`, which only has to fork itself; `ip netns` knows no
   * other namespaces, and several commands are cheaper in one program of their own.
   */
  async #run(netns: string, commands: string[]): Promise<void> {
    const [first] = commands;
    const name = /^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(netns)?.[1];
    if (commands.length === 1 && first !== undefined && name !== undefined) {
      const idle = this.#inside.reduce((a, b) => (b.pending < a.pending ? b : a));
      await idle.run(words(['netns', 'exec', name, 'ip', first.split(' ')].flat()));
    } else {
      await new Links(this.#exec, netns).batch(commands);
    }
  }
}

const isV6 = (address: string): boolean => address.includes(':');

/** Values come from outside (configuration, IPAM plugins): none may add a word or a line to a batch. */
function words(list: string[]): string {
  const bad = list.find((word) => word === '' || /[\s"'\\#]/.test(word));
  if (bad === undefined) return list.join(' ');
  throw new DpuError('INVALID_ARGUMENT', `${JSON.stringify(bad)} cannot be a word of an ip command`);
}
