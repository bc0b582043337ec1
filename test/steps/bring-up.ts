/** A labelled node and one DpuOperatorConfig: what an admin sees on each side. */
import { expect, it } from 'vitest';
import { namespace } from '../support/on-clusters/operator.ts';
import { untilAllocatable } from '../support/on-clusters/outages.ts';
import { bothSides, type Sides } from '../support/on-clusters/sides.ts';

interface Placed {
  metadata: { name: string };
  spec: { nodeName: string };
}

/** @param devices that each side advertises */
export function bringUpSteps(sides: () => Sides, devices: number): void {
  it('bring up the controller manager, a daemon on each node and a VSP pod per DPU', async () => {
    for (const { kubectl, node, dpu } of bothSides(sides())) {
      const { items } = await kubectl.json<{ items: Placed[] }>(['get', 'pods', '-n', namespace]);
      expect(items.map(({ metadata, spec }) => `${metadata.name} ${spec.nodeName}`)).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^dpu-operator-controller-manager-/),
          expect.stringMatching(new RegExp(`^dpu-daemon-\\w+ ${node}$`)),
          `vsp-${dpu} ${node}`,
        ]),
      );
    }
  });

  it('`kubectl get dpu` shows product, side, node, status with its reason, and plugin', async () => {
    const columns = ['NAME', 'DPU PRODUCT', 'DPU SIDE', 'NODE NAME', 'STATUS', 'REASON'];
    columns.push('PLUGIN', 'VERSION', 'CONFIGURED');
    const plugin = ['@dpu-operator/vsp-mock', expect.stringMatching(/^\d+\.\d+\.\d+$/)];
    const { dpuSide } = sides();
    for (const side of bothSides(sides())) {
      const [header = '', ...rows] = (await side.kubectl.run(['get', 'dpu'])).split('\n');
      expect(header.trim().split(/ {2,}/)).toEqual(columns);
      expect(rows.map((row) => row.trim().split(/ {2,}/))).toContainEqual([
        side.dpu,
        'Software DPU',
        `${side === dpuSide}`,
        side.node,
        'True',
        'Ready',
        ...plugin,
        'Configured',
      ]);
    }
  });

  it('label each node with its side and advertise its devices', async () => {
    const { hostSide, dpuSide } = sides();
    for (const [side, label] of [
      [hostSide, 'dpu-host'],
      [dpuSide, 'dpu'],
    ] as const) {
      await untilAllocatable(side, side.node, devices);
      const node = [
        'get',
        'node',
        side.node,
        '-o',
        'jsonpath={.metadata.labels.dpu\\.config\\.openshift\\.io/dpuside}',
      ];
      expect(await side.kubectl.run(node)).toBe(label);
    }
  });
}
