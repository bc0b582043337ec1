/**
 * A card that is not there on the nodes of a cluster: the tree of files that DPU_SYSFS names, and links in the place of
 * the card's netdevs. What goes in at the host's end of a wire comes out at the DPU's, by VXLAN between the two nodes.
 */
import { type FakeMachine, fakeSysfs } from '@dpu-operator/sdk/testing';
import { execa } from 'execa';
import { runOnNode } from '../../cluster/kind/on-node.ts';
import { nodeAddress, type Side, type Sides } from '../on-clusters/sides.ts';
import { type Card, cardsByName } from './cards.ts';
import { IpuInside, removeInside } from './ipu-inside.ts';

/** On both nodes. */
export const sysfsDirectory = '/var/lib/dpu-operator-test-cards';

const port = 4797;
const firstVni = 7_000_000;

export class StandInCard {
  readonly #card: Card;
  readonly #sides: Sides;
  readonly #address: string;
  #inside: IpuInside | undefined;

  /** @param address of this machine, as pods reach it */
  constructor(card: Card, sides: Sides, address: string) {
    this.#card = card;
    this.#sides = sides;
    this.#address = address;
  }

  /** Of each side's DataProcessingUnitConfig, once the card is plugged in. */
  get settings(): { host: object; dpu: object } {
    const { host, dpu } = this.#card.settings;
    return { host, dpu: { ...dpu, ...this.#inside?.settings } };
  }

  /** What the plugin on the DPU's side needs a Secret for, once the card is plugged in. */
  get secret(): Record<string, string> | undefined {
    return this.#inside?.secret;
  }

  /** Anew, if it is there. */
  async plugIn(): Promise<void> {
    await this.unplug();
    const { hostSide, dpuSide } = this.#sides;
    await Promise.all([this.#plugIn(hostSide, 'host', dpuSide), this.#plugIn(dpuSide, 'dpu', hostSide)]);
    const { ipu } = this.#card;
    if (ipu) this.#inside = await IpuInside.start(ipu, this.#sides, this.#address);
  }

  /** Whatever card is there: a run that was killed may have left another. Taking away what is not there is no error. */
  async unplug(): Promise<void> {
    const { hostSide, dpuSide } = this.#sides;
    await Promise.all([unplug(hostSide, 'host'), unplug(dpuSide, 'dpu')]);
    const inside = this.#inside;
    this.#inside = undefined;
    await inside?.[Symbol.asyncDispose]();
  }

  async #plugIn(side: Side, role: 'host' | 'dpu', other: Side): Promise<void> {
    await putTree(side, this.#card[role]);
    const [local, remote] = [nodeAddress(side), nodeAddress(other)];
    const commands = netdevsOf(this.#card, role).flatMap((name, index) => [
      // Less than the nodes' link by what VXLAN puts around a frame.
      `ip link add ${name} mtu $(($(cat /sys/class/net/eth0/mtu) - 50)) type vxlan id ${firstVni + index} local ${local} remote ${remote} dstport ${port}`,
      // A card computes checksums; a link leaves that to who reads them, which a userspace switch does not do.
      `ethtool -K ${name} tx off`,
      `sysctl -qw net.ipv6.conf.${name}.disable_ipv6=0`,
    ]);
    await runOnNode(side.cluster.exec, side.node, ['sh', '-euc', commands.join('\n')]);
  }
}

async function unplug({ cluster, node }: Side, role: 'host' | 'dpu'): Promise<void> {
  const netdevs = Object.values(cardsByName).flatMap((card) => netdevsOf(card, role));
  const commands = netdevs.map((name) => `ip link del ${name} 2>/dev/null || true`);
  await runOnNode(cluster.exec, node, [
    'sh',
    '-euc',
    [...removeInside, ...commands, `rm -rf ${sysfsDirectory}`].join('\n'),
  ]);
}

function netdevsOf({ wires }: Card, role: 'host' | 'dpu'): string[] {
  return wires.map(([host, dpu]) => (role === 'host' ? host : dpu));
}

async function putTree({ cluster, node }: Side, machine: FakeMachine): Promise<void> {
  await using sysfs = await fakeSysfs(machine);
  const { stdout: archive } = await execa('tar', ['-C', sysfs.root, '-c', '.'], { encoding: 'buffer' });
  await runOnNode(cluster.exec, node, ['mkdir', '-p', sysfsDirectory]);
  await runOnNode(cluster.exec, node, ['tar', '-C', sysfsDirectory, '-x'], archive);
}
