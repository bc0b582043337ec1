/** The DPU's ends of the VFs: across nodes made and removed here, on one node the host side's, raised and lowered. */
import { isDeepStrictEqual } from 'node:util';
import { DpuError } from '@dpu-operator/sdk';
import { type IpCommand, indexIn, type Link } from '@dpu-operator/sdk/linux';
import { prefixes } from '../names.ts';
import type { Node } from '../node.ts';
import { vxlanCommand } from './device-kinds.ts';

export type LinksByName = ReadonlyMap<string, Link>;

export class Representors {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  /** Across nodes, those that a predecessor made with other settings or addresses lead nowhere: they go. */
  async removeOutdated(): Promise<void> {
    const { settings, ip, mtu, platform } = this.#node;
    const { peer, vxlanPort, vniBase } = settings;
    if (peer === undefined) return;
    const links = byName(await platform.links.list({ kind: 'vxlan' }));
    await this.remove(links, (name) => {
      const link = links.get(name);
      const tunnel = { vni: vniBase + indexOf(name), port: vxlanPort, local: ip, remote: peer };
      return link?.mtu !== mtu || !isDeepStrictEqual({ ...link.vxlan }, tunnel);
    });
  }

  /**
   * Makes and raises some.
   *
   * @returns the links there are then; on one node, some may not be there yet
   */
  async make(names: readonly string[]): Promise<LinksByName> {
    const { peer } = this.#node.settings;
    const commands = names.flatMap((name): IpCommand[] => {
      const up = { set: name, up: true };
      return peer === undefined ? [up] : [vxlanCommand(name, indexOf(name), { ...this.#node, peer }), up];
    });
    const { links, failures } = await this.#node.platform.links.batchAndList(commands);
    // There already, or on one node not there yet: it is attached when it appears.
    const expected = peer === undefined ? 'NOT_FOUND' : 'ALREADY_EXISTS';
    const unexpected = failures.find(({ error }) => error.code !== expected);
    if (unexpected) throw unexpected.error;
    return byName(links);
  }

  /** Takes those out of use that may go. */
  async remove(links: LinksByName, mayGo: (name: string) => boolean): Promise<void> {
    const surplus = [...links.values()].filter(({ name }) => isRepresentor(name) && mayGo(name));
    const commands = surplus.flatMap(({ name, up, kind }): IpCommand[] => {
      if (this.#node.settings.peer === undefined) return up ? [{ set: name, up: false }] : [];
      return kind === 'vxlan' ? [{ delete: name }] : [];
    });
    await this.#node.platform.links.batch(commands, { force: true });
  }
}

export const byName = (links: readonly Link[]): LinksByName => new Map(links.map((link) => [link.name, link]));

export const isRepresentor = (name: string) => indexIn(name, prefixes.representor) !== undefined;

function indexOf(name: string): number {
  const index = indexIn(name, prefixes.representor);
  if (index === undefined) throw new DpuError('INTERNAL', `${name} is not the name of a representor`);
  return index;
}
