/** Open vSwitch with the userspace datapath, which needs no kernel module, only /dev/net/tun and raw sockets. */
import { join } from 'node:path';
import { DpuError } from '../../errors.ts';
import { omitUndefined } from '../../omit-undefined.ts';
import type { Exec, ExecOptions } from '../exec.ts';
import { type Flow, type InstalledFlow, parseFlows, replacement } from './ovs-flows.ts';
import { MachineOvs } from './ovs-machine.ts';
import { type MonitoredTable, OvsMonitor } from './ovs-monitor.ts';
import { OwnOvs } from './ovs-own.ts';
import type { OvsServer } from './ovs-server.ts';
import { type OvsRow, parseOvsTable } from './ovs-table.ts';

/** Of one switch: `directory` for one of our own, `database` for that of the machine. */
export interface OpenVSwitchOptions {
  exec: Exec;
  /**
   * For a switch of our own. Holds database, sockets and process ids; made with mode 0700 and emptied by `start`. Short
   * (unix sockets have 108 bytes), and not in a place where others may write. Daemons of a killed predecessor there are
   * ended.
   */
  directory?: string | undefined;
  /**
   * Socket of the database of the switch that the machine runs, as `/var/run/openvswitch/db.sock`. Such a switch is spoken
   * to, and never started, ended or emptied.
   */
  database?: string | undefined;
  /**
   * Where the commands of Open vSwitch look when they are told no place, `/var/run/openvswitch`. Becomes a link to the
   * directory unless there is something already, such as the machine's own switch.
   */
  commandsLookIn?: string | undefined;
  /** Path of the network namespace whose devices a switch of our own switches. Default: that of this process. */
  netns?: string | undefined;
  /** Warnings of the daemons. */
  onLine?: (line: string) => void;
  /**
   * A daemon ended without being told to. Of a switch of our own both are down then; `start` begins anew with an empty
   * database. The machine's comes back by itself: its database as it was, its flows gone.
   */
  onExit?: (reason: string) => void;
  /** The machine's switch answers again after {@link onExit}. */
  onReturn?: () => void;
  /** A bridge or port was deleted from the database, by this process or another. */
  onDeleted?: (table: MonitoredTable, name: string) => void;
  /**
   * The database closed the connection that {@link onDeleted} hears by, as `ovs-appctl ovsdb-server/reconnect` has it do.
   * The next `start` listens again; what was deleted before has to be looked for.
   */
  onCutOff?: () => void;
}

/** Behind which port a bridge has heard a MAC. */
export interface ForwardingEntry {
  /** OpenFlow port number, `LOCAL` for the bridge itself. */
  port: string;
  vlan: number;
  mac: string;
  ageSeconds: number;
}

/** Seconds for the switch to take a new configuration over; it takes 0.02, the first bridge 0.15. */
const TRANSACTION_TIMEOUT_S = 10;
/** For a program to give up by itself, and to say so. */
const execTimeoutMs = (TRANSACTION_TIMEOUT_S + 2) * 1000;

/**
 * One switch: of our own, apart from any that the machine runs, or the machine's.
 *
 * @example
 * const ovs = new OpenVSwitch({ exec, directory: '/run/my-dpu' });
 * await ovs.start();
 * await ovs.transaction([['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=netdev'], ['add-port', 'br0', 'rep0']]);
 * await ovs.replaceFlows('br0', '00000000000000d1', [{ table: 0, priority: 100, match: 'in_port=1', actions: 'drop' }]);
 */
export class OpenVSwitch {
  readonly #options: OpenVSwitchOptions;
  readonly #server: OvsServer;
  #monitor: OvsMonitor | undefined;

  /** @throws DpuError INVALID_ARGUMENT unless there is one of `directory` and `database` */
  constructor(options: OpenVSwitchOptions) {
    this.#options = options;
    this.#server = serverOf(options);
  }

  /** Whether both daemons are there. */
  get running(): boolean {
    return this.#server.running;
  }

  /** Whether its ports stay in its database while it does not run: those of the machine's switch do. */
  get outlivesDaemons(): boolean {
    return this.#options.database !== undefined;
  }

  /**
   * Starts both daemons, and listens for deletions; returns when the database answers. The machine's switch is looked for,
   * and watched from then on. What is under way already is left as it is.
   *
   * @throws DpuError FAILED_PRECONDITION where Open vSwitch is not installed, UNAVAILABLE while the machine's does not answer
   */
  async start(): Promise<void> {
    await this.#server.start();
    const { onDeleted, onCutOff = () => {} } = this.#options;
    if (!onDeleted || this.#monitor?.open) return;
    this.#monitor = await OvsMonitor.open(this.#server.database, { onDeleted, onCutOff });
  }

  /**
   * Ends both daemons. The devices they made go with them; ports get the flags back that they had. The machine's switch is
   * left as it is, and watched no more.
   */
  async stop(): Promise<void> {
    this.#monitor?.close();
    await this.#server.stop();
  }

  /**
   * Runs `ovs-vsctl` commands as one transaction, all or nothing, and waits until the switch works by it.
   *
   * @returns what they print
   * @throws DpuError UNAVAILABLE while it is stopped, INTERNAL with the words of ovs-vsctl
   */
  transaction(commands: readonly (readonly string[])[]): Promise<string> {
    return this.#vsctl(commands.flatMap((command) => ['--', ...command]));
  }

  /**
   * Rows of a table of the database (ovs-vswitchd.conf.db(5)).
   *
   * @param records names of those that are asked for. Default: all. One that is not there is left out.
   * @throws DpuError UNAVAILABLE while it is stopped
   */
  async rows(table: string, columns: readonly string[], records: readonly string[] = []): Promise<OvsRow[]> {
    const command = ['--if-exists', `--columns=${columns.join(',')}`, 'list', table, ...records];
    return parseOvsTable(await this.#vsctl(['--format=json', '--', ...command]));
  }

  /**
   * Makes the flows of a cookie on a bridge be these, as one bundle: frames meet all of the old ones or all of the new.
   * Flows with other cookies stay as they are.
   *
   * @param cookie 16 hex digits
   * @throws DpuError UNAVAILABLE while it is stopped, INTERNAL with the words of ovs-ofctl: then nothing has changed
   */
  async replaceFlows(bridge: string, cookie: string, flows: readonly Flow[]): Promise<void> {
    const input = `${replacement(cookie, flows).join('\n')}\n`;
    await this.#ofctl(['--bundle', 'add-flows', this.#bridgeSocket(bridge), '-'], { input });
  }

  /** The flows of a cookie on a bridge. */
  async flows(bridge: string, cookie: string): Promise<InstalledFlow[]> {
    const { stdout } = await this.#ofctl(['dump-flows', this.#bridgeSocket(bridge), `cookie=0x${cookie}/-1`]);
    return parseFlows(stdout);
  }

  /** The MAC addresses that a bridge has learned. */
  async forwardingTable(bridge: string): Promise<ForwardingEntry[]> {
    // Which process it is stands in its directory.
    const env = { ...inheritedEnv(), OVS_RUNDIR: this.#server.directory };
    const argv = ['--target=ovs-vswitchd', `--timeout=${TRANSACTION_TIMEOUT_S}`, 'fdb/show', bridge];
    return parseForwardingTable((await this.#run('ovs-appctl', argv, { env })).stdout);
  }

  async #vsctl(args: readonly string[]): Promise<string> {
    const options = [`--db=unix:${this.#server.database}`, `--timeout=${TRANSACTION_TIMEOUT_S}`];
    const { stdout, stderr } = await this.#run('ovs-vsctl', [...options, ...args]);
    // A port that cannot be opened is told on stderr, beside an exit code of 0.
    if (stderr.trim()) this.#options.onLine?.(`ovs-vsctl: ${stderr.trim()}`);
    return stdout;
  }

  #ofctl(args: readonly string[], options?: ExecOptions) {
    return this.#run('ovs-ofctl', ['-OOpenFlow14', `--timeout=${TRANSACTION_TIMEOUT_S}`, ...args], options);
  }

  #bridgeSocket(bridge: string): string {
    return `unix:${join(this.#server.directory, `${bridge}.mgmt`)}`;
  }

  async #run(program: string, args: readonly string[], options?: ExecOptions) {
    if (!this.running) throw new DpuError('UNAVAILABLE', 'Open vSwitch is not running');
    return this.#options.exec(program, args, { timeoutMs: execTimeoutMs, ...options });
  }
}

function serverOf({ exec, directory, database, commandsLookIn, netns, ...events }: OpenVSwitchOptions): OvsServer {
  const { onLine = () => {}, onExit = () => {}, onReturn = () => {} } = events;
  if (directory !== undefined && database === undefined) {
    return new OwnOvs({ exec, directory, commandsLookIn, netns, onLine, onExit });
  }
  if (database !== undefined && directory === undefined) return new MachineOvs({ database, onExit, onReturn });
  const text = "Open vSwitch: give a directory for one of your own, or the database of the machine's";
  throw new DpuError('INVALID_ARGUMENT', text);
}

function inheritedEnv(): Record<string, string> {
  return omitUndefined(process.env) as Record<string, string>;
}

/** What `ovs-appctl fdb/show` prints: a heading, then port, VLAN, MAC and age. */
export function parseForwardingTable(text: string): ForwardingEntry[] {
  return text.split('\n').flatMap((line) => {
    const [, port, vlan, mac, age] = /^\s*(\d+|LOCAL)\s+(\d+)\s+([0-9a-f:]{17})\s+(\d+|static)/.exec(line) ?? [];
    if (!port || !mac) return [];
    return [{ port, vlan: Number(vlan), mac, ageSeconds: age === 'static' ? 0 : Number(age) }];
  });
}
