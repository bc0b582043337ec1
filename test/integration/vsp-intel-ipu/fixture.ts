/** An Intel IPU in network namespaces: the plugin on its ACC, and an FXP that leads frames by the entries which it has. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CardStatus, PluginDefinition } from '@dpu-operator/sdk';
import { cards, type FakeSysfs, fakeSysfs, type StartedPlugin, startPlugin } from '@dpu-operator/sdk/testing';
import plugin from '@dpu-operator/vsp-intel-ipu';
import packageJson from '@dpu-operator/vsp-intel-ipu/package.json' with { type: 'json' };
import { linuxNetworking, macOfVsi, P4RuntimeServer, vsiOfInterface } from '@dpu-operator/vsp-intel-ipu/testing';
import { Fxp, firstVfVsi, interfaceEnd, physicalPort, vfEnd } from '../../support/cards/fxp.ts';
import { eventually } from '../../support/eventually.ts';
import type { Namespaces, Netns } from '../../support/network/netns.ts';

/** Milliseconds. No test is about it, and machines may be busy. */
const deadlineMs = 120_000;
const interfaces = 16;
const identifier = 'ipu-traffic';

export const vfMac = (vf: number): string => macOfVsi(firstVfVsi + vf);

export interface IpuFixtureOptions {
  vfs: number;
  settings: object;
  /** Done on the ACC before the plugin starts. */
  prepare: (acc: Netns) => Promise<void>;
}

export class IpuFixture implements AsyncDisposable {
  readonly host: Netns;
  readonly acc: Netns;
  readonly outside: Netns;
  readonly #card: Netns;
  readonly #settings: object;
  readonly fxp: Fxp;
  server!: P4RuntimeServer;
  vsp!: StartedPlugin;
  #sysfs!: FakeSysfs;
  /** Of the plugin, over its restarts. */
  #state = '';
  #status: CardStatus | undefined;

  private constructor([host, acc, outside, card]: [Netns, Netns, Netns, Netns], settings: object) {
    [this.host, this.acc, this.outside, this.#card] = [host, acc, outside, card];
    this.#settings = settings;
    this.fxp = new Fxp((commands) => card.links.batch(commands));
  }

  static async create(fixture: Namespaces, { vfs, settings, prepare }: IpuFixtureOptions): Promise<IpuFixture> {
    const spaces: [Netns, Netns, Netns, Netns] = [
      await fixture.netns('host'),
      await fixture.netns('acc'),
      await fixture.netns('outside'),
      await fixture.netns('card'),
    ];
    for (const netns of spaces) await netns.quiet();
    const made = new IpuFixture(spaces, settings);
    const [host, acc, outside, card] = spaces;
    made.#sysfs = await fakeSysfs({
      ...cards.intelIpu.dpu({
        interfaces,
        wire: (index) => ({ netns: card.path, peer: interfaceEnd(index) }),
        mac: (index) => macOfVsi(vsiOfInterface(index)),
      }),
      netns: acc.path,
    });
    await card.links.batch([
      ...Array.from({ length: vfs }, (_, vf) => [
        `link add ${vfEnd(vf)} type veth peer name vf${vf} address ${vfMac(vf)} netns ${host.name}`,
        `link set ${vfEnd(vf)} up`,
      ]).flat(),
      `link add ${physicalPort} type veth peer name eth0 netns ${outside.name}`,
      `link set ${physicalPort} up`,
    ]);
    made.server = await new P4RuntimeServer({ p4info: linuxNetworking }).start();
    made.fxp.follow(made.server);
    made.#state = await mkdtemp(join(tmpdir(), 'ipu-state-'));
    await prepare(acc);
    made.vsp = await made.#start();
    return made;
  }

  async restart(): Promise<void> {
    await this.vsp.close();
    this.vsp = await this.#start();
  }

  /** What the plugin says of its card. */
  get status(): CardStatus | undefined {
    return this.#status;
  }

  /** The other end of an interface of the ACC. */
  async setCarrier(index: number, up: boolean): Promise<void> {
    await this.#card.links.batch([`link set ${interfaceEnd(index)} ${up ? 'up' : 'down'}`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vsp?.close();
    await this.server?.stop();
    await this.fxp.settled().catch(() => {});
    await this.#sysfs?.[Symbol.asyncDispose]();
    await rm(this.#state, { recursive: true, force: true });
  }

  async #start(): Promise<StartedPlugin> {
    const definition = plugin as PluginDefinition<unknown>;
    const kept: PluginDefinition<unknown> = {
      create: (context) => definition.create({ ...context, stateDirectory: this.#state }),
    };
    const vsp = await startPlugin(kept, {
      packageJson,
      settings: { vsiFromMac: true, p4runtime: { address: this.server.address }, ...this.#settings },
      platform: this.#sysfs.platform(),
      dpu: { side: 'dpu', identifier },
      deadlineMs,
    });
    await vsp.client.init({ dpuMode: true, dpuIdentifier: identifier });
    vsp.client.watchStatus(
      (status) => {
        this.#status = status;
      },
      () => {},
    );
    await eventually(
      'the card is programmed',
      async () => (await vsp.client.ping('test')).healthy,
      (healthy) => healthy,
    );
    return vsp;
  }
}
