/** Remembers, over restarts of plugin and node, that hosts reach the outside by functions only. */
import { existsSync } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Placed } from './function-placing.ts';

/** Of the node, where the plugin's pod has it mounted: what is there outlives a restart of the node. */
const keptDirectory = '/var/lib/dpu-operator/switch';

/** Since its first chain nothing goes around one that is not there at the moment. */
export interface Closed {
  /** Hosts reach the outside by functions only, but for VLANs that had none but chains of their own. */
  all: boolean;
  /** VLANs that had chains of their own. */
  vlans: readonly number[];
}

/**
 * What is closed once these chains stand.
 *
 * @param functions by name, `serviceChains/…` or `networkFunctions/…`: single functions close nothing
 * @param bridges VLANs of the logical bridges there are, where all were told: others are closed no more
 */
export function closedBy(
  functions: ReadonlyMap<string, Pick<Placed, 'vlan'>>,
  before: Closed,
  bridges?: ReadonlySet<number>,
): Closed {
  const chains = [...functions].filter(([name]) => name.startsWith('serviceChains/'));
  const vlans = chains.flatMap(([, { vlan }]) => vlan ?? []);
  const still = before.vlans.filter((vlan) => !bridges || bridges.has(vlan));
  return {
    all: before.all || chains.some(([, { vlan }]) => vlan === undefined),
    vlans: [...new Set([...still, ...vlans])],
  };
}

/** An empty file: that it is there is all it tells. */
export class ClosedMarker {
  readonly #directory: string;
  readonly #file: string;

  /** @param file Its name there. Default: `closed` */
  constructor(directory: string, file = 'closed') {
    this.#directory = directory;
    this.#file = file;
  }

  /**
   * One that outlives a restart of the node, where that has the directory for it; else, as on a machine for development,
   * it lives as long as the DPU's state.
   *
   * @param owner of the switch's ports, as in its database
   */
  static ofNode(owner: string, stateDirectory: string, kept = keptDirectory): ClosedMarker {
    return existsSync(kept) ? new ClosedMarker(kept, `closed-${owner}`) : new ClosedMarker(stateDirectory);
  }

  /** @throws Error when it cannot be told: then nothing may be opened. */
  async read(): Promise<Closed> {
    const prefix = this.#vlanPrefix;
    const files = (await readdir(this.#directory)).filter((name) => name.startsWith(prefix));
    return { all: await this.isSet(), vlans: files.map((name) => Number(name.slice(prefix.length))) };
  }

  /** Marks what is to be closed before `make` makes it so, which may fail; what is to be open, once it is. */
  async change<T>(before: Closed, next: Closed, make: () => Promise<T>): Promise<T> {
    const closes: ClosedMarker[] = [
      ...(next.all && !before.all ? [this] : []),
      ...next.vlans.filter((vlan) => !before.vlans.includes(vlan)).map((vlan) => this.#ofVlan(vlan)),
    ];
    for (const marker of closes) await marker.set();
    let made: T;
    try {
      made = await make();
    } catch (error) {
      for (const marker of closes) await marker.clear();
      throw error;
    }
    for (const vlan of before.vlans) if (!next.vlans.includes(vlan)) await this.#ofVlan(vlan).clear();
    return made;
  }

  /** Opens all. */
  async clearAll(): Promise<void> {
    const { vlans } = await this.read();
    const markers: ClosedMarker[] = [this, ...vlans.map((vlan) => this.#ofVlan(vlan))];
    for (const marker of markers) await marker.clear();
  }

  get #vlanPrefix(): string {
    return `${this.#file}-vlan-`;
  }

  #ofVlan(vlan: number): ClosedMarker {
    return new ClosedMarker(this.#directory, `${this.#vlanPrefix}${vlan}`);
  }

  /** @throws Error when it cannot be told: then nothing may be opened. */
  async isSet(): Promise<boolean> {
    try {
      await stat(join(this.#directory, this.#file));
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    }
  }

  async set(): Promise<void> {
    await writeFile(join(this.#directory, this.#file), '', { mode: 0o600 });
  }

  async clear(): Promise<void> {
    await rm(join(this.#directory, this.#file), { force: true });
  }
}
