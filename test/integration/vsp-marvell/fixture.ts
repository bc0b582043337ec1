/** A Marvell DPU of files and links: its interfaces lead to a namespace that stands for the host, its port to one outside. */
import { exec, ownerOf } from '@dpu-operator/sdk/linux';
import { cards, type FakeSysfs, fakeSysfs, type StartedPlugin, startPlugin } from '@dpu-operator/sdk/testing';
import plugin from '@dpu-operator/vsp-marvell';
import packageJson from '@dpu-operator/vsp-marvell/package.json' with { type: 'json' };
import { Namespaces, type Netns } from '../../support/network/netns.ts';
import { installPrograms } from '../../support/programs/programs.ts';

/** Milliseconds. No test is about it, and machines may be busy. */
const deadlineMs = 120_000;

export class MarvellFixture extends Namespaces {
  host!: Netns;
  dpu!: Netns;
  outside!: Netns;
  sysfs!: FakeSysfs;
  /** The DPU side that was started last. */
  vsp!: StartedPlugin;

  /**
   * Host, card and outside, with room for that many VFs: VF i of the host is `vf<i>` there.
   *
   * @param prefix of namespaces; another one in each file, as files run side by side
   */
  static async create(prefix: string, vfs: number): Promise<MarvellFixture> {
    await installPrograms();
    const fixture = new MarvellFixture(prefix);
    await fixture.deleteLeftovers();
    fixture.host = await fixture.netns('host');
    fixture.dpu = await fixture.netns('dpu');
    fixture.outside = await fixture.netns('outside');
    const wire = (index: number) => ({ netns: fixture.host.path, peer: index === 0 ? 'pf0' : `vf${index - 1}` });
    const uplink = { netns: fixture.outside.path, peer: 'eth0' };
    const machine = cards.marvell.dpu({ vfs, wire, uplink });
    fixture.sysfs = await fakeSysfs({ ...machine, netns: fixture.dpu.path });
    return fixture;
  }

  get identifier(): string {
    return `marvell-dpu-${this.prefix}`;
  }

  /** Of the plugin's own Open vSwitch. */
  get switchDirectory(): string {
    return `/run/mrvl-${ownerOf(this.identifier).slice(0, 8)}`;
  }

  /** The DPU side, before Init. */
  async start(settings: object = {}): Promise<StartedPlugin> {
    this.vsp = await startPlugin(plugin as never, {
      packageJson,
      settings,
      dpu: { side: 'dpu', identifier: this.identifier },
      platform: this.sysfs.platform(),
      deadlineMs,
    });
    return this.vsp;
  }

  async init(): Promise<void> {
    await this.vsp.client.init({ dpuMode: true, dpuIdentifier: this.identifier });
  }

  async isUp(device: string): Promise<boolean | undefined> {
    return (await this.dpu.links.find(device))?.up;
  }

  vsctl(...args: string[]) {
    return exec('ovs-vsctl', [`--db=unix:${this.switchDirectory}/db.sock`, ...args]);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.vsp?.close();
    await this.sysfs?.[Symbol.asyncDispose]();
    await super[Symbol.asyncDispose]();
  }
}

/** What attaching does to the host's VF; its MAC. */
export async function givePod(host: Netns, vf: number, pod: Netns, address: string): Promise<string> {
  await host.links.batch([`link set vf${vf} netns ${pod.name} name net1`]);
  await pod.up('net1', address);
  return (await pod.links.find('net1'))?.mac ?? '';
}
