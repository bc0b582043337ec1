/** The host's side: the VFs, and where the DPU is another node, a tunnel to it for each. */
import type { PluginContext } from '@dpu-operator/sdk';
import type { Link } from '@dpu-operator/sdk/linux';
import type { LinkPlan, Port } from './link-plan.ts';
import { joins, macOf, representors, tunnels, vfs } from './names.ts';
import type { WatchLinks } from './node-links.ts';
import type { Settings } from './settings.ts';
import { Side } from './side.ts';

export class HostSide extends Side {
  constructor(context: PluginContext<Settings>, watch?: WatchLinks) {
    super({ context, watch, rows: { pods: vfs, ports: representors }, count: context.settings.vfs });
  }

  protected plan(): LinkPlan {
    const { pairs, count } = this.devices;
    const { peer, port, vniBase } = this.settings;
    const { name: nodeName, ip: local } = this.node;
    const indices = peer === undefined ? [] : Array.from({ length: count }, (_, index) => index);
    const onJoin = (name: string, index: number): [string, Port] => [name, { bridge: joins.name(index) }];
    const remote = peer ?? '';
    return {
      pairs,
      tunnels: new Map(indices.map((index) => [tunnels.name(index), { vni: vniBase + index, port, local, remote }])),
      bridges: new Map(indices.map((index) => [joins.name(index), { mac: macOf(nodeName, joins.name(index)) }])),
      ports: new Map([
        ...indices.map((index) => onJoin(representors.name(index), index)),
        ...indices.map((index) => onJoin(tunnels.name(index), index)),
      ]),
      deletes,
      releases: () => false,
    };
  }
}

/** With a representor goes the VF, its other end. */
function deletes({ name, kind }: Link): boolean {
  if (kind === 'veth') return representors.index(name) !== undefined;
  if (kind === 'vxlan') return tunnels.index(name) !== undefined;
  return kind === 'bridge' && joins.index(name) !== undefined;
}
