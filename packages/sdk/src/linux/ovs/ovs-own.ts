/** Daemons of Open vSwitch that are ours: started and ended here, with everything they keep in a directory of its own. */
import type { ChildProcess } from 'node:child_process';
import { mkdir, readlink, rm, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exec } from '../exec.ts';
import { databaseListens, endOvsProgram, endStaleOvs, startOvsProgram } from './ovs-process.ts';
import type { OvsEvents, OvsServer } from './ovs-server.ts';

export interface OwnOvsOptions extends Omit<OvsEvents, 'onReturn'> {
  exec: Exec;
  directory: string;
  commandsLookIn?: string | undefined;
  netns?: string | undefined;
}

/** Where distributions put the schema of the database. */
const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';

export class OwnOvs implements OvsServer {
  readonly #options: OwnOvsOptions;
  #children: ChildProcess[] = [];
  /** Clears up after a daemon that ended by itself. */
  #clearing: Promise<void> = Promise.resolve();

  constructor(options: OwnOvsOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#children.length > 0;
  }

  get directory(): string {
    return this.#options.directory;
  }

  get database(): string {
    return join(this.directory, 'db.sock');
  }

  async start(): Promise<void> {
    await this.#clearing;
    if (this.running) return;
    const { directory, exec, netns, onLine } = this.#options;
    await endStaleOvs(directory);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await this.#publish();
    const file = join(directory, 'conf.db');
    await exec('ovsdb-tool', ['create', file, SCHEMA]);
    const process = { directory, netns, onLine };
    const server = startOvsProgram('ovsdb-server', [file, `--remote=punix:${this.database}`], process);
    this.#adopt(server);
    try {
      await databaseListens(server, directory);
      // --retry: should it take longer. A vlan-limit of 2 lets frames that carry a tag pass through a tunnelled port.
      const init = ['init', '--', 'set', 'Open_vSwitch', '.', 'other_config:vlan-limit=2'];
      await exec('ovs-vsctl', [`--db=unix:${this.database}`, '--timeout=10', '--retry', '--no-wait', '--', ...init]);
      this.#adopt(startOvsProgram('ovs-vswitchd', [`unix:${this.database}`], process));
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
    if (vswitchd) await endOvsProgram(vswitchd, () => this.#leave(vswitchd));
    if (server) await endOvsProgram(server, async () => server.kill('SIGTERM'));
    await this.#unpublish();
    await rm(this.directory, { recursive: true, force: true });
  }

  #leave({ pid }: ChildProcess) {
    const target = join(this.directory, `ovs-vswitchd.${pid}.ctl`);
    const argv = [`--target=${target}`, '--timeout=10', 'exit', '--cleanup'];
    return this.#options.exec('ovs-appctl', argv, { allowFailure: true, timeoutMs: 12_000 });
  }

  #adopt(child: ChildProcess): void {
    this.#children.push(child);
    child.once('close', (code, signal) => {
      if (!this.#children.includes(child)) return;
      const program = child === this.#children[0] ? 'ovsdb-server' : 'ovs-vswitchd';
      const reason = `${program} ended (${signal ?? `exit code ${code}`})`;
      this.#clearing = this.stop().catch((error) => this.#options.onLine(`${program}: ${error}`));
      void this.#clearing.then(() => this.#options.onExit(reason));
    });
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
}
