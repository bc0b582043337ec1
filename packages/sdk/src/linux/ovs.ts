/** Open vSwitch with the userspace datapath, which needs no kernel module, only /dev/net/tun and raw sockets. */
import type { ChildProcess } from 'node:child_process';
import { mkdir, readlink, rm, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DpuError } from '../errors.ts';
import type { Exec, ExecOptions } from './exec.ts';
import { databaseListens, endOvsProgram, endStaleOvs, startOvsProgram } from './ovs-process.ts';

export interface OpenVSwitchOptions {
  exec: Exec;
  /**
   * Holds database, sockets and process ids; made with mode 0700 and emptied by `start`. Short (unix sockets have 108
   * bytes), and not in a place where others may write. Daemons of a killed predecessor there are ended.
   */
  directory: string;
  /**
   * Where the commands of Open vSwitch look when they are told no place, `/var/run/openvswitch`. Becomes a link to the
   * directory unless there is something already, such as the machine's own switch.
   */
  commandsLookIn?: string | undefined;
  /** Path of the network namespace whose devices it switches. Default: that of this process. */
  netns?: string | undefined;
  /** Warnings of the daemons. */
  onLine?: (line: string) => void;
  /** A daemon ended without being told to. Both are down then; `start` begins anew with an empty database. */
  onExit?: (reason: string) => void;
}

export interface ForwardingEntry {
  /** OpenFlow port number, `LOCAL` for the bridge itself. */
  port: string;
  vlan: number;
  mac: string;
  ageSeconds: number;
}

/** Where distributions put the schema of the database. */
const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
/** Seconds for the switch to take a new configuration over; it takes 0.02, the first bridge 0.15. */
const TRANSACTION_TIMEOUT_S = 10;
/** For a program to give up by itself, and to say so. */
const execTimeoutMs = (TRANSACTION_TIMEOUT_S + 2) * 1000;

/**
 * One switch of our own, apart from any that the machine runs.
 *
 * @example
 * const ovs = new OpenVSwitch({ exec, directory: '/run/my-dpu' });
 * await ovs.start();
 * await ovs.transaction([['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'], ['add-port', 'br0', 'rep0']]);
 */
export class OpenVSwitch {
  readonly #options: OpenVSwitchOptions;
  #children: ChildProcess[] = [];
  /** Clears up after a daemon that ended by itself. */
  #clearing: Promise<void> = Promise.resolve();

  constructor(options: OpenVSwitchOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#children.length > 0;
  }

  /**
   * Starts both daemons; returns when the database answers.
   *
   * @throws DpuError FAILED_PRECONDITION where Open vSwitch is not installed
   */
  async start(): Promise<void> {
    await this.#clearing;
    if (this.running) return;
    const { directory, exec, netns } = this.#options;
    await endStaleOvs(directory);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await this.#publish();
    const database = join(directory, 'conf.db');
    await exec('ovsdb-tool', ['create', database, SCHEMA]);
    const process = { directory, netns, onLine: this.#options.onLine ?? (() => {}) };
    const server = startOvsProgram('ovsdb-server', [database, `--remote=punix:${this.#socket}`], process);
    this.#adopt(server);
    try {
      await databaseListens(server, directory);
      // --retry: should it take longer. A vlan-limit of 2 lets frames that carry a tag pass through a tunnelled port.
      const init = ['init', '--', 'set', 'Open_vSwitch', '.', 'other_config:vlan-limit=2'];
      await this.#vsctl(['--retry', '--no-wait', '--', ...init]);
      this.#adopt(startOvsProgram('ovs-vswitchd', [`unix:${this.#socket}`], process));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends both daemons. The devices they made go with them; ports get the flags back that they had. */
  async stop(): Promise<void> {
    const [server, vswitchd] = this.#children;
    this.#children = [];
    // On SIGTERM it would leave its tap devices (`ovs-netdev` and one a bridge) behind.
    if (vswitchd)
      await endOvsProgram(vswitchd, () => this.#appctl(vswitchd.pid, ['exit', '--cleanup'], { allowFailure: true }));
    if (server) await endOvsProgram(server, async () => server.kill('SIGTERM'));
    await this.#unpublish();
    await rm(this.#options.directory, { recursive: true, force: true });
  }

  /**
   * Runs `ovs-vsctl` commands as one transaction, all or nothing, and waits until the switch works by it.
   *
   * @returns what they print
   * @throws DpuError UNAVAILABLE while it is stopped, INTERNAL with the words of ovs-vsctl
   */
  async transaction(commands: readonly (readonly string[])[]): Promise<string> {
    if (!this.running) throw new DpuError('UNAVAILABLE', 'Open vSwitch is not running');
    return this.#vsctl(commands.flatMap((command) => ['--', ...command]));
  }

  /** The MAC addresses that a bridge has learned. */
  async forwardingTable(bridge: string): Promise<ForwardingEntry[]> {
    const { stdout } = await this.#appctl(this.#children[1]?.pid, ['fdb/show', bridge]);
    return parseForwardingTable(stdout);
  }

  async #publish(): Promise<void> {
    const { commandsLookIn: link, directory } = this.#options;
    if (link === undefined) return;
    await symlink(directory, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }

  async #unpublish(): Promise<void> {
    const { commandsLookIn: link, directory } = this.#options;
    if (link !== undefined && (await readlink(link).catch(() => '')) === directory) await unlink(link);
  }

  get #socket(): string {
    return join(this.#options.directory, 'db.sock');
  }

  #appctl(pid: number | undefined, args: readonly string[], options?: ExecOptions) {
    const target = join(this.#options.directory, `ovs-vswitchd.${pid}.ctl`);
    const argv = [`--target=${target}`, `--timeout=${TRANSACTION_TIMEOUT_S}`, ...args];
    return this.#options.exec('ovs-appctl', argv, { timeoutMs: execTimeoutMs, ...options });
  }

  async #vsctl(args: readonly string[]): Promise<string> {
    const options = [`--db=unix:${this.#socket}`, `--timeout=${TRANSACTION_TIMEOUT_S}`];
    const result = await this.#options.exec('ovs-vsctl', [...options, ...args], { timeoutMs: execTimeoutMs });
    // A port that cannot be opened is told on stderr, beside an exit code of 0.
    if (result.stderr.trim()) this.#options.onLine?.(`ovs-vsctl: ${result.stderr.trim()}`);
    return result.stdout;
  }

  #adopt(child: ChildProcess): void {
    this.#children.push(child);
    child.once('close', (code, signal) => {
      if (!this.#children.includes(child)) return;
      const program = child === this.#children[0] ? 'ovsdb-server' : 'ovs-vswitchd';
      const reason = `${program} ended (${signal ?? `exit code ${code}`})`;
      this.#clearing = this.stop().catch((error) => this.#options.onLine?.(`${program}: ${error}`));
      void this.#clearing.then(() => this.#options.onExit?.(reason));
    });
  }
}

/** What `ovs-appctl fdb/show` prints: a heading, then port, VLAN, MAC and age. */
export function parseForwardingTable(text: string): ForwardingEntry[] {
  return text.split('\n').flatMap((line) => {
    const [, port, vlan, mac, age] = /^\s*(\d+|LOCAL)\s+(\d+)\s+([0-9a-f:]{17})\s+(\d+|static)/.exec(line) ?? [];
    if (!port || !mac) return [];
    return [{ port, vlan: Number(vlan), mac, ageSeconds: age === 'static' ? 0 : Number(age) }];
  });
}
