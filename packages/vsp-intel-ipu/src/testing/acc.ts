/** An ACC for tests: its interfaces by a scripted `ip`, and the plugin on it in its real host. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CardStatus, Platform, PluginContext } from '@dpu-operator/sdk';
import { linuxPlatform } from '@dpu-operator/sdk/linux';
import { fakePlatform, type StartedPlugin, startPlugin } from '@dpu-operator/sdk/testing';
import packageJson from '../../package.json' with { type: 'json' };
import plugin from '../index.ts';
import type { Settings } from '../settings.ts';

/** The VSI of an interface of the ACC: its number, and 1 more. It stands in the MAC's second octet. */
export const vsiOfInterface = (index: number): number => index + 1;
/** A MAC that has its VSI in the second octet; what does not fit there in the third. */
export const macOfVsi = (vsi: number): string => `00:${octet(vsi % 256)}:${octet(vsi >> 8)}:00:03:14`;

const octet = (value: number): string => value.toString(16).padStart(2, '0');

const nameOf = (index: number): string => (index === 0 ? 'enp0s1f0' : `enp0s1f0d${index}`);

interface FakeLink {
  mac: string;
  kind?: string | undefined;
  master?: string | undefined;
  up: boolean;
}

/** What `ip` of iproute2 does with bridges, as far as the plugin asks it. */
export class FakeIp {
  readonly links = new Map<string, FakeLink>();
  /** Commands that changed something. */
  readonly commands: string[] = [];

  constructor(interfaces = 16) {
    for (let index = 0; index < interfaces; index++) {
      this.links.set(nameOf(index), { mac: macOfVsi(vsiOfInterface(index)), up: false });
    }
  }

  /** Bridges and their ports. */
  get bridged(): Record<string, string[]> {
    const bridges = [...this.links].filter(([, { kind }]) => kind === 'bridge').map(([name]) => name);
    const portsOf = (bridge: string) =>
      [...this.links].filter(([, { master }]) => master === bridge).map(([name]) => name);
    return Object.fromEntries(bridges.sort().map((bridge) => [bridge, portsOf(bridge).sort()]));
  }

  readonly run = (args: readonly string[], { input = '' }: { input?: string }): string => {
    if (!args.includes('-batch')) return JSON.stringify(this.#list(args.at(-2) === 'dev' ? args.at(-1) : undefined));
    for (const line of input.split('\n').filter((each) => each !== '')) this.#command(line);
    return '';
  };

  #command(line: string): void {
    this.commands.push(line);
    const [, verb, name = '', ...rest] = line.split(' ');
    if (verb === 'add') this.links.set(name, { mac: '', kind: rest[1], up: false });
    if (verb === 'del') this.links.delete(name);
    const link = this.links.get(name);
    if (verb !== 'set' || !link) return;
    if (rest[0] === 'up') link.up = true;
    if (rest[0] === 'master') link.master = rest[1];
    if (rest[0] === 'nomaster') link.master = undefined;
  }

  #list(only: string | undefined): object[] {
    return [...this.links]
      .filter(([name]) => only === undefined || name === only)
      .map(([ifname, { mac, kind, master, up }], index) => ({
        ifname,
        ifindex: index + 2,
        address: mac,
        mtu: 1500,
        flags: up ? ['UP', 'LOWER_UP'] : [],
        ...(master && { master }),
        ...(kind && { linkinfo: { info_kind: kind } }),
      }));
  }
}

export interface Acc extends AsyncDisposable {
  ip: FakeIp;
  vsp: StartedPlugin;
  /** What the plugin says of the card. */
  readonly status: CardStatus | undefined;
  conditions: () => Record<string, string>;
  /** The plugin ends, as on SIGTERM, and starts anew. */
  restart: () => Promise<void>;
  /** Init again, and what the daemon says when it has asked for all. */
  init: () => Promise<void>;
}

export interface AccOptions {
  settings?: object;
  /** A file for each key of the Secret. */
  secretDirectory?: string;
  /** Of the ACC. Default: 16. */
  interfaces?: number;
  /** How much faster than its clock time passes for the plugin. Default: 1. */
  haste?: number;
}

/**
 * Serves the DPU side with the VSIs in the MACs, unless the settings say otherwise.
 *
 * @param p4runtime address of the server; undefined leaves it to the settings' default
 */
export async function startAcc(p4runtime: string | undefined, options: AccOptions = {}): Promise<Acc> {
  const { settings, secretDirectory, interfaces, haste = 1 } = options;
  const { clock } = linuxPlatform();
  const ip = new FakeIp(interfaces);
  const stateDirectory = await mkdtemp(join(tmpdir(), 'ipu-state-'));
  const platform: Platform = {
    ...fakePlatform({ exec: { ip: (args, options) => ip.run(args, options) } }),
    clock: { now: clock.now, sleep: (milliseconds, signal) => clock.sleep(milliseconds / haste, signal) },
  };
  let status: CardStatus | undefined;
  const start = async () => {
    const kept = {
      create: (context: PluginContext<unknown>) =>
        plugin.create({ ...context, stateDirectory } as PluginContext<Settings>),
    };
    const started = await startPlugin(kept, {
      packageJson,
      platform,
      settings: {
        vsiFromMac: true,
        ...(p4runtime !== undefined && { p4runtime: { address: p4runtime } }),
        ...settings,
      },
      dpu: { side: 'dpu', identifier: 'intel-ipu', product: 'Intel IPU E2100' },
      ...(secretDirectory !== undefined && { secretDirectory }),
      deadlineMs: 60_000,
    });
    started.client.watchStatus(
      (now) => {
        status = now;
      },
      () => {},
    );
    await started.client.init({ dpuMode: true, dpuIdentifier: 'intel-ipu' });
    return started;
  };
  const acc = {
    ip,
    vsp: await start(),
    get status() {
      return status;
    },
    conditions: () => Object.fromEntries((status?.conditions ?? []).map(({ type, reason }) => [type, reason])),
    init: async () => {
      await acc.vsp.client.init({ dpuMode: true, dpuIdentifier: 'intel-ipu' });
    },
    restart: async () => {
      await acc.vsp.close();
      acc.vsp = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await acc.vsp.close();
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
  return acc;
}
