/** The Open vSwitch that the machine runs: spoken to, and neither started, ended nor emptied. */
import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DpuError } from '../../errors.ts';
import type { OvsEvents, OvsServer } from './ovs-server.ts';

export interface MachineOvsOptions extends Omit<OvsEvents, 'onLine'> {
  /** Socket of its database. */
  database: string;
}

/** Between the making of a socket's file, of which there is news, and its first answer, of which there is none. */
const listenPauseMs = 100;
const listenTries = 50;

/**
 * Holds a connection to each daemon: the kernel closes it when a daemon ends, however that ends. The two use no probes on
 * unix sockets, so nothing is sent. That they are back shows in the directory of their sockets.
 */
export class MachineOvs implements OvsServer {
  readonly #options: MachineOvsOptions;
  readonly directory: string;
  #sockets: Socket[] = [];
  /** Under way: whoever starts it while it is looked for waits for the same. */
  #connecting: Promise<void> | undefined;
  #watchers: FSWatcher[] = [];
  #started = false;
  /** A look for it is under way; another was asked for meanwhile. */
  #looking = false;
  #lookAgain = false;

  constructor(options: MachineOvsOptions) {
    this.#options = options;
    this.directory = dirname(options.database);
  }

  get running(): boolean {
    return this.#sockets.length > 0;
  }

  get database(): string {
    return this.#options.database;
  }

  /** @throws DpuError UNAVAILABLE while one of its daemons does not answer */
  async start(): Promise<void> {
    if (this.running) return;
    await this.#connect();
    this.#started = true;
    this.#watch();
  }

  async stop(): Promise<void> {
    this.#started = false;
    await this.#connecting?.catch(() => {});
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    this.#drop();
  }

  async #connect(): Promise<void> {
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    await this.#connecting;
  }

  async #open(): Promise<void> {
    if (this.running) return;
    const sockets: Socket[] = [];
    try {
      sockets.push(await connected(this.database));
      sockets.push(await connected(await this.#controlSocket()));
    } catch (error) {
      for (const socket of sockets) socket.destroy();
      const { message } = DpuError.from(error);
      const what = `the machine's Open vSwitch does not answer at ${this.database}: ${message}`;
      throw new DpuError('UNAVAILABLE', `${what}; is it started, and the path right?`, { cause: error });
    }
    this.#sockets = sockets;
    for (const [index, socket] of sockets.entries()) {
      socket.once('close', () => this.#lost(sockets, index === 0 ? 'ovsdb-server' : 'ovs-vswitchd'));
      socket.resume();
    }
    // One that went before it was listened to.
    const gone = sockets.findIndex(({ destroyed }) => destroyed);
    if (gone >= 0) this.#lost(sockets, gone === 0 ? 'ovsdb-server' : 'ovs-vswitchd');
  }

  /** Its name has the process id of the daemon: of several the newest, as one that was killed leaves its file. */
  async #controlSocket(): Promise<string> {
    const names = (await readdir(this.directory)).filter((name) => /^ovs-vswitchd\.\d+\.ctl$/.test(name));
    const made = await Promise.all(
      names.map((name) => stat(join(this.directory, name)).then(({ ctimeMs }) => ctimeMs)),
    );
    const newest = names[made.indexOf(Math.max(...made))];
    if (newest === undefined) throw new DpuError('UNAVAILABLE', `ovs-vswitchd has no socket in ${this.directory}`);
    return join(this.directory, newest);
  }

  #lost(sockets: readonly Socket[], program: string): void {
    if (sockets !== this.#sockets) return;
    this.#drop();
    this.#options.onExit(`${program} of the machine ended`);
    // It may be back already.
    void this.#look();
  }

  #drop(): void {
    const sockets = this.#sockets;
    this.#sockets = [];
    for (const socket of sockets) socket.destroy();
  }

  /** Of its directory, and of that one's parent: whoever starts it may make the directory anew. */
  #watch(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [this.directory, dirname(this.directory)].flatMap((path) => {
      try {
        const watcher = watch(path, () => void this.#look());
        return watcher.on('error', () => watcher.close());
      } catch {
        return [];
      }
    });
  }

  async #look(): Promise<void> {
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#lookAgain && this.#started && !this.running) {
        this.#lookAgain = false;
        this.#watch();
        await this.#reconnect();
      }
    } finally {
      this.#looking = false;
    }
  }

  async #reconnect(): Promise<void> {
    for (let tries = 0; tries < listenTries && this.#started && !this.#lookAgain; tries++) {
      try {
        await this.#connect();
        this.#options.onReturn();
        return;
      } catch (error) {
        const { cause } = error as Error;
        if ((cause as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return;
        await delay(listenPauseMs);
      }
    }
  }
}

function connected(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(path);
  // Also later, as when its daemon is killed: that it is closed is told then, too.
  socket.on('error', reject);
  socket.once('connect', () => resolve(socket));
  return promise;
}
