import { cards, type FakeSysfs, fakeSysfs, type StartedPlugin, startPlugin } from '@dpu-operator/sdk/testing';
import plugin from '@dpu-operator/vsp-intel-netsec';
import packageJson from '@dpu-operator/vsp-intel-netsec/package.json' with { type: 'json' };
import { Namespaces, type Netns } from '../../support/network/netns.ts';
import { installPrograms } from '../../support/programs/programs.ts';

/** Milliseconds. No test is about it, and machines may be busy. */
const deadlineMs = 120_000;

export const hostPort = '0000:ca:00.0';
export const backplanePort = '0000:f4:00.2';

export interface NetsecFixtureOptions {
  vfs: number;
  settings?: object;
  /** Netdevs of the DPU's virtual functions come when they are asked for. */
  heldBack?: boolean;
}

export class NetsecFixture extends Namespaces {
  readonly #ends: AsyncDisposable[] = [];
  readonly #options: NetsecFixtureOptions;
  hostNode!: Netns;
  dpuNode!: Netns;
  outside!: Netns;
  hostSysfs!: FakeSysfs;
  dpuSysfs!: FakeSysfs;

  private constructor(prefix: string, options: NetsecFixtureOptions) {
    super(prefix);
    this.#options = options;
  }

  /** @param prefix of namespaces; another one in each file, as files run side by side */
  static async create(prefix: string, options: NetsecFixtureOptions): Promise<NetsecFixture> {
    await installPrograms();
    const fixture = new NetsecFixture(prefix, options);
    await fixture.deleteLeftovers();
    fixture.hostNode = await fixture.netns('host');
    fixture.dpuNode = await fixture.netns('dpu');
    fixture.outside = await fixture.netns('outside');
    const card = await fixture.netns('card');
    const onCard = (peer: string, bridge: string) => ({ netns: card.path, peer, bridge });
    const { host, dpu } = cards.intelNetsec;
    fixture.hostSysfs = await fixture.#plugIn(
      fixture.hostNode,
      host({ channel: onCard('hc', 'channel'), wire: onCard('h{vf}', 'vlan{vlan}') }),
    );
    fixture.dpuSysfs = await fixture.#plugIn(
      fixture.dpuNode,
      dpu({
        channel: onCard('dc', 'channel'),
        wire: onCard('d{vf}', 'vlan{vlan}'),
        sfp: { netns: fixture.outside.path, peer: 'eth0' },
        heldBack: options.heldBack ?? false,
      }),
    );
    return fixture;
  }

  override async netns(name: string): Promise<Netns> {
    const netns = await super.netns(name);
    await netns.quiet();
    return netns;
  }

  /** A side of the plugin, created and initialised. */
  async start(side: 'host' | 'dpu'): Promise<StartedPlugin> {
    const sysfs = side === 'host' ? this.hostSysfs : this.dpuSysfs;
    const { vfs, settings } = this.#options;
    const identifier = side === 'host' ? '0000c9ffff00ab12' : `${this.prefix}-card`;
    const vsp = await startPlugin(plugin, {
      packageJson,
      settings: { vfs, ...settings },
      platform: sysfs.platform(),
      dpu: { side, identifier },
      node: { name: `${this.prefix}-${side}`, ip: '192.0.2.1' },
      deadlineMs,
    });
    this.#ends.push(vsp);
    return vsp;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends.reverse()) await end[Symbol.asyncDispose]();
    await super[Symbol.asyncDispose]();
  }

  async #plugIn(node: Netns, machine: Parameters<typeof fakeSysfs>[0]): Promise<FakeSysfs> {
    const sysfs = await fakeSysfs({ ...machine, netns: node.path });
    this.#ends.push(sysfs);
    return sysfs;
  }
}
