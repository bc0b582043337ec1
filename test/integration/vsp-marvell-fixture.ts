/** A Marvell DPU of files and links: its interfaces lead to a namespace that stands for the host, its port to one outside. */
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';
import { cards, fakeSysfs, type StartedPlugin, startPlugin } from '@dpu-operator/sdk/testing';
import plugin from '@dpu-operator/vsp-marvell';
import packageJson from '@dpu-operator/vsp-marvell/package.json' with { type: 'json' };
import { eventually } from '../support/eventually.ts';
import type { Namespaces, Netns } from '../support/netns.ts';

/** Milliseconds. No test is about it, and machines may be busy. */
const deadlineMs = 120_000;

export type Stands = Awaited<ReturnType<typeof fakeSysfs>>;

export interface CardNodes {
  host: Netns;
  dpu: Netns;
  outside: Netns;
}

/** Host, card and outside, with room for that many VFs: VF i of the host is `vf<i>` there. */
export async function cardIn(fixture: Namespaces, vfs: number): Promise<{ nodes: CardNodes; sysfs: Stands }> {
  const nodes = {
    host: await fixture.netns('host'),
    dpu: await fixture.netns('dpu'),
    outside: await fixture.netns('outside'),
  };
  const wire = (index: number) => ({ netns: nodes.host.path, peer: index === 0 ? 'pf0' : `vf${index - 1}` });
  const uplink = { netns: nodes.outside.path, peer: 'eth0' };
  const sysfs = await fakeSysfs({ ...cards.marvell.dpu({ vfs, wire, uplink }), netns: nodes.dpu.path });
  return { nodes, sysfs };
}

export function startDpuSide(sysfs: Stands, identifier: string, settings: object = {}): Promise<StartedPlugin> {
  return startPlugin(plugin as never, {
    packageJson,
    settings,
    dpu: { side: 'dpu', identifier },
    platform: sysfs.platform(),
    deadlineMs,
  });
}

/** What attaching does to the host's VF; its MAC. */
export async function givePod(host: Netns, vf: number, pod: Netns, address: string): Promise<string> {
  await host.links.batch([`link set vf${vf} netns ${pod.name} name net1`]);
  await pod.up('net1', address);
  return (await pod.links.find('net1'))?.mac ?? '';
}

/** An Open vSwitch as a card's own Linux runs it: its database outlives its daemons. */
export class MachineSwitch {
  readonly directory: string;
  readonly #netns: Netns;

  constructor(directory: string, netns: Netns) {
    this.directory = directory;
    this.#netns = netns;
  }

  get database(): string {
    return join(this.directory, 'db.sock');
  }

  async create(): Promise<this> {
    await mkdir(this.directory, { recursive: true });
    const schema = '/usr/share/openvswitch/vswitch.ovsschema';
    await exec('ovsdb-tool', ['create', join(this.directory, 'conf.db'), schema]);
    await this.start('ovsdb-server');
    await exec('ovs-vsctl', [`--db=unix:${this.database}`, '--no-wait', 'init']);
    await this.start('ovs-vswitchd');
    return this;
  }

  async start(program: 'ovsdb-server' | 'ovs-vswitchd'): Promise<void> {
    const pidfile = `--pidfile=${join(this.directory, `${program}.pid`)}`;
    const files =
      program === 'ovsdb-server'
        ? [join(this.directory, 'conf.db'), `--remote=punix:${this.database}`]
        : [`unix:${this.database}`];
    const quiet = ['--no-chdir', '-vconsole:off', '-vsyslog:off', '-vfile:off'];
    const env = { ...process.env, OVS_RUNDIR: this.directory, OVS_DBDIR: this.directory, OVS_LOGDIR: this.directory };
    const child = spawn('nsenter', [`--net=${this.#netns.path}`, program, ...files, pidfile, ...quiet], {
      env,
      stdio: 'ignore',
    });
    child.unref();
    const answers = () => this.#appctl(program, 'version');
    await eventually(program, answers, ({ exitCode }) => exitCode === 0);
  }

  async kill(program: 'ovsdb-server' | 'ovs-vswitchd'): Promise<void> {
    process.kill(Number(await readFile(join(this.directory, `${program}.pid`), 'utf8')), 'SIGKILL');
  }

  /** Its database closes all connections. */
  async cutOff(): Promise<void> {
    await this.#appctl('ovsdb-server', 'ovsdb-server/reconnect');
  }

  async stop(): Promise<void> {
    await this.#appctl('ovs-vswitchd', 'exit', '--cleanup');
    await this.#appctl('ovsdb-server', 'exit');
    await rm(this.directory, { recursive: true, force: true });
  }

  #appctl(program: string, ...command: string[]) {
    const env = { ...(process.env as Record<string, string>), OVS_RUNDIR: this.directory };
    return exec('ovs-appctl', [`--target=${program}`, '--timeout=10', ...command], { env, allowFailure: true });
  }
}
