import type { NetworkFunction } from '@dpu-operator/sdk';
import type { Namespaces, Netns } from './netns.ts';

/** A network function's pod, which passes frames on as a wire does: what comes by one interface leaves by the other. */
export class WireFunction {
  readonly netns: Netns;
  readonly nf: NetworkFunction;

  private constructor(netns: Netns, nf: NetworkFunction) {
    this.netns = netns;
    this.nf = nf;
  }

  /** @param devices of the node, for its input and its output */
  static async create(
    namespaces: Namespaces,
    node: Netns,
    name: string,
    [input, output]: readonly [string, string],
  ): Promise<WireFunction> {
    const netns = await namespaces.netns(name);
    // What it says of itself would be heard by the next one.
    await netns.quiet();
    const { mac: inputMac } = await node.give(input, netns, 'net1');
    const { mac: outputMac } = await node.give(output, netns, 'net2');
    await netns.links.batch(['link add br0 type bridge', 'link set net1 master br0', 'link set br0 up']);
    const made = new WireFunction(netns, { input: inputMac, output: outputMac });
    await made.forwards(true);
    return made;
  }

  /** A bridge of two ports that learns nothing. Where it does not forward, it hears all the same what comes in. */
  async forwards(does: boolean): Promise<void> {
    await this.netns.links.batch([`link set net2 ${does ? 'master br0' : 'nomaster'}`]);
    const ports = does ? ['net1', 'net2'] : ['net1'];
    for (const port of ports) {
      await this.netns.run('ip', ['link', 'set', 'dev', port, 'type', 'bridge_slave', 'learning', 'off']);
    }
  }

  /** Frames that have come in by an interface. */
  async heard(port: 'net1' | 'net2'): Promise<number> {
    const { stdout } = await this.netns.run('ip', ['-json', '-stats', 'link', 'show', port]);
    return JSON.parse(stdout)[0].stats64.rx.packets;
  }
}
