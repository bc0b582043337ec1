/**
 * What an Intel IPU that is not there has on the nodes of a cluster beside its netdevs: in this process the P4Runtime server
 * of its packet processor and the IMC, which the plugin reaches over the network, and on the DPU's node the namespace
 * whose links the packet processor joins.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cliLine, linuxNetworking, P4RuntimeServer } from '@dpu-operator/vsp-intel-ipu/testing';
import { runOnNode } from '../../cluster/kind/on-node.ts';
import type { Side, Sides } from '../on-clusters/sides.ts';
import { Fxp, firstVfVsi, interfaceEnd, vfEnd } from './fxp.ts';
import { Imc } from './imc.ts';

/** Network namespace of the DPU's node. */
export const cardNetns = 'card';

export interface IpuLinks {
  /** Names of the ACC's interfaces, by their numbers; undefined for one that is the end of another wire. */
  interfaces: readonly (string | undefined)[];
  /** Netdevs of the host. */
  vfs: readonly string[];
}

export class IpuInside implements AsyncDisposable {
  /** Of the plugin on the DPU's side. */
  readonly settings: object;
  /** Of the Secret that the plugin reads. */
  readonly secret: Record<string, string>;
  readonly #server: P4RuntimeServer;
  readonly #imc: Imc;
  readonly #fxp: Fxp;

  private constructor(server: P4RuntimeServer, imc: Imc, fxp: Fxp, address: string, key: string) {
    [this.#server, this.#imc, this.#fxp] = [server, imc, fxp];
    this.settings = {
      p4runtime: { address: `${address}:${server.port}` },
      imc: { host: address, port: imc.port, hostKey: imc.hostKey },
    };
    this.secret = { 'ssh-key': key };
  }

  /**
   * @param links of which the virtual functions' other ends are on the DPU's node, called as {@link vfEnd} says
   * @param address of this machine, as pods reach it
   */
  static async start({ interfaces, vfs }: IpuLinks, { hostSide, dpuSide }: Sides, address: string): Promise<IpuInside> {
    await makeLinks(dpuSide, interfaces, vfs.length);
    const [hostMacs, dpuMacs] = await Promise.all([macsOf(hostSide), macsOf(dpuSide)]);
    const macOf = (macs: ReadonlyMap<string, string>, name: string): string => {
      const mac = macs.get(name);
      if (mac === undefined) throw new Error(`there is no network device ${name} in place of the card's`);
      return mac;
    };
    const lines = [
      ...interfaces.flatMap((name, index) => (name === undefined ? [] : [cliLine(macOf(dpuMacs, name), index + 1)])),
      ...vfs.map((name, vf) => cliLine(macOf(hostMacs, name), firstVfVsi + vf, true)),
    ];
    const imc = await Imc.start(`${lines.join('\n')}\n`);
    const server = await new P4RuntimeServer({ p4info: linuxNetworking, host: '0.0.0.0' }).start();
    const fxp = new Fxp((commands) => ipOn(dpuSide, ['-n', cardNetns, '-batch', '-'], commands));
    fxp.follow(server);
    const key = await readFile(join(imc.secretDirectory, 'ssh-key'), 'utf8');
    return new IpuInside(server, imc, fxp, address, key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await this.#imc[Symbol.asyncDispose]();
    await this.#fxp.settled();
  }
}

async function makeLinks(dpuSide: Side, interfaces: IpuLinks['interfaces'], vfs: number): Promise<void> {
  await ipOn(dpuSide, ['netns', 'add', cardNetns]);
  // What it says of itself is heard at the other ends.
  const quiet = ['sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'];
  await ipOn(dpuSide, ['netns', 'exec', cardNetns, ...quiet]);
  const ends = Array.from({ length: vfs }, (_, vf) => vfEnd(vf));
  const pairs = interfaces.flatMap((name, index) => (name === undefined ? [] : [[name, interfaceEnd(index)] as const]));
  await ipOn(
    dpuSide,
    ['-batch', '-'],
    [
      ...ends.map((end) => `link set ${end} netns ${cardNetns}`),
      ...pairs.map(([name, end]) => `link add ${name} type veth peer name ${end} netns ${cardNetns}`),
    ],
  );
  const all = [...ends, ...pairs.map(([, end]) => end)];
  await ipOn(
    dpuSide,
    ['-n', cardNetns, '-batch', '-'],
    all.map((end) => `link set ${end} up`),
  );
}

/** Commands that take all of it away; there may be nothing. The links first: a namespace dies a moment later. */
export const removeInside = [
  `for link in $(ip -n ${cardNetns} -brief link 2>/dev/null | cut -d' ' -f1 | cut -d@ -f1); do`,
  `  ip -n ${cardNetns} link del "$link" 2>/dev/null || true`,
  'done',
  `ip netns del ${cardNetns} 2>/dev/null || true`,
];

async function macsOf(side: Side): Promise<Map<string, string>> {
  const links = JSON.parse(await ipOn(side, ['-json', 'link'])) as { ifname: string; address: string }[];
  return new Map(links.map(({ ifname, address }) => [ifname, address]));
}

function ipOn({ cluster, node }: Side, args: string[], commands?: string[]): Promise<string> {
  return runOnNode(cluster.exec, node, ['ip', ...args], commands?.map((command) => `${command}\n`).join(''));
}
