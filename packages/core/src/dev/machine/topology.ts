/** The harness's network namespaces: two nodes joined by a link, pods, network functions, and the outside. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DpuError } from '@dpu-operator/sdk';
import { exec, Links } from '@dpu-operator/sdk/linux';
import { netnsDirectory } from '../../api/index.ts';
import { nodes, outside, pods, prefixLength, uplink } from './addresses.ts';
import { isLeftOver, netnsName, type Place, places } from './names.ts';

/** Milliseconds for which deleting a network namespace is tried. */
const deleteMs = 5_000;

export class Topology {
  readonly #id: string;

  private constructor(id: string) {
    this.#id = id;
  }

  /** Makes everything; on failure nothing stays. */
  static async create(id: string): Promise<Topology> {
    const topology = new Topology(id);
    try {
      for (const place of places) await exec('ip', ['netns', 'add', topology.netns(place)]);
      await topology.#join();
      return topology;
    } catch (error) {
      await topology.delete();
      throw error;
    }
  }

  netns(place: Place): string {
    return netnsName(this.#id, place);
  }

  path(place: Place): string {
    return `${netnsDirectory}/${this.netns(place)}`;
  }

  links(place: Place): Links {
    return new Links(exec, this.path(place));
  }

  run(place: Place, [file = '', ...args]: readonly string[], input = '') {
    return exec('nsenter', [`--net=${this.path(place)}`, file, ...args], { allowFailure: true, input });
  }

  /** Gives an interface of a pod its address; the harness has no IPAM plugin. */
  async address(place: Place, ifName: string, ip: string, routes: readonly string[] = []): Promise<void> {
    const via = routes.map((route) => `route replace ${route} dev ${ifName}`);
    await this.links(place).batch([`addr replace ${ip}/${prefixLength} dev ${ifName}`, ...via]);
  }

  /** Joins the two interfaces of a network function that bridges. */
  async bridge(place: Place, ...ifNames: string[]): Promise<void> {
    const ports = ifNames.flatMap((name) => [`link set ${name} master br0`, `link set ${name} up`]);
    await this.links(place).batch(['link add br0 type bridge', ...ports, 'link set br0 up']);
  }

  async delete(): Promise<void> {
    await deleteNamespaces(places.map((place) => this.netns(place)));
  }

  async #join(): Promise<void> {
    const { host, dpu } = nodes;
    await this.links('host').batch([
      `link add ${host.link} type veth peer name ${dpu.link} netns ${this.netns('dpu')}`,
    ]);
    await this.links('dpu').batch([`link add ${uplink} type veth peer name eth0 netns ${this.netns('outside')}`]);
    const up = (device: string, ip: string) => [
      `addr add ${ip}/${prefixLength} dev ${device}`,
      `link set ${device} up`,
    ];
    await this.links('host').batch(['link set lo up', ...up(host.link, host.ip)]);
    await this.links('dpu').batch(['link set lo up', ...up(dpu.link, dpu.ip), `link set ${uplink} up`]);
    await this.links('outside').batch([
      'link set lo up',
      ...up('eth0', outside.client),
      `route add ${pods.network} via ${outside.function}`,
    ]);
    for (const place of ['pod1', 'pod2', 'function', 'bridge'] as const)
      await this.links(place).batch(['link set lo up']);
    await this.run('function', ['tee', '/proc/sys/net/ipv4/ip_forward'], '1');
    // A bridge in userspace would see checksums that no device has filled in yet. Without ethtool only ping is sure.
    await this.links('outside')
      .disableOffloads('eth0', ['tx'])
      .catch(() => {});
  }
}

/** Removes what killed harnesses left. @returns the names of the namespaces */
export async function deleteLeftOvers(): Promise<string[]> {
  const names = namespaces().filter(isLeftOver);
  await deleteNamespaces(names);
  return names;
}

function namespaces(): string[] {
  try {
    return readdirSync(netnsDirectory);
  } catch {
    // Nobody has made one since the machine started.
    return [];
  }
}

/** Ends the processes in them first: a namespace lives as long as they do. */
async function deleteNamespaces(names: readonly string[]): Promise<void> {
  const there = namespaces();
  for (const name of names.filter((candidate) => there.includes(candidate))) {
    const { stdout } = await exec('ip', ['netns', 'pids', name], { allowFailure: true });
    for (const pid of stdout.split('\n').filter(Boolean)) kill(Number(pid));
    await deleteNamespace(name);
  }
}

/** Another harness that starts now may delete the same: its file stays for a moment after it is no namespace any more. */
async function deleteNamespace(name: string): Promise<void> {
  const end = performance.now() + deleteMs;
  for (;;) {
    const { stderr } = await exec('ip', ['netns', 'del', name], { allowFailure: true });
    if (!namespaces().includes(name)) return;
    if (performance.now() > end) throw new DpuError('INTERNAL', `ip netns del ${name}: ${stderr.trim()}`);
    await sleep(20);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile, by its parent's end.
  }
}
