import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';
import { eventually } from '../eventually.ts';
import type { Netns } from './netns.ts';

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
