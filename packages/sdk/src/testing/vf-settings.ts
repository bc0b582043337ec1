/** What a driver was told of virtual functions, in a fake sysfs: kept in files, and done to the links that stand in. */
import { readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DpuError } from '../errors.ts';
import type { BridgeMode } from '../linux/netlink/messages/bridge-mode.ts';
import type { Vf, VfSettings } from '../linux/netlink/messages/vf.ts';
import type { PfDriver } from '../linux/pci/sriov.ts';

/** They go with the virtual function, as a driver forgets them. */
const settingsFile = 'vf-settings.json';
const bridgeModeFile = 'bridge-mode';

/** The links that stand in for virtual functions. */
interface VfLinks {
  setVlan(physical: string, vf: number, vlan: number): Promise<void>;
}

export class FakePfDriver implements PfDriver {
  readonly #root: string;
  readonly #links: VfLinks;

  constructor(root: string, links: VfLinks) {
    this.#root = root;
    this.#links = links;
  }

  async listVfs(pf: string): Promise<Vf[]> {
    const directory = await this.#directoryOf(pf);
    const numbers = (await readdir(directory)).flatMap((name) => /^virtfn(\d+)$/.exec(name)?.[1] ?? []);
    const vfs = numbers.map(async (vf) => ({
      number: Number(vf),
      ...(await vfSettingsIn(join(directory, `virtfn${vf}`))),
    }));
    return Promise.all(vfs);
  }

  async setVf(pf: string, vf: number, settings: VfSettings): Promise<void> {
    const directory = await this.#directoryOf(pf);
    if (!(await readdir(directory)).includes(`virtfn${vf}`))
      throw new DpuError('INVALID_ARGUMENT', `${pf} has no virtual function ${vf}`);
    const file = join(directory, `virtfn${vf}`, settingsFile);
    await writeFile(file, JSON.stringify({ ...(await settingsAt(file)), ...settings }));
    if (settings.vlan) await this.#links.setVlan(basename(directory), vf, settings.vlan.id);
  }

  async setBridgeMode(pf: string, mode: BridgeMode): Promise<void> {
    await writeFile(join(await this.#directoryOf(pf), bridgeModeFile), mode);
  }

  /** Of the PCI function, which the name may follow into another place. */
  async #directoryOf(pf: string): Promise<string> {
    try {
      return join(await realpath(join(this.#root, 'class/net', pf)), '../..');
    } catch {
      throw new DpuError('NOT_FOUND', `fakeSysfs has no network device ${pf}`);
    }
  }
}

/** What was set of a virtual function. */
export function vfSettingsIn(vfDirectory: string): Promise<VfSettings> {
  return settingsAt(join(vfDirectory, settingsFile));
}

/** What was set of a physical function; undefined for nothing. */
export async function bridgeModeIn(pfDirectory: string): Promise<BridgeMode | undefined> {
  return (await readFile(join(pfDirectory, bridgeModeFile), 'utf8').catch(() => undefined)) as BridgeMode | undefined;
}

async function settingsAt(file: string): Promise<VfSettings> {
  return JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
}
