/** With the two example pods attached: absence is not an order, and what is away for a moment keeps what it has. */
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { dpusReady } from '../support/on-clusters/operator.ts';
import {
  daemonContainer,
  initialisedAt,
  killAndAwaitNext,
  onNode,
  outageMs,
  partition,
  readyOf,
  trafficGap,
  untilAllocatable,
  untilReadyIs,
  warningsAbout,
} from '../support/on-clusters/outages.ts';
import { untilPings } from '../support/on-clusters/pods.ts';
import { bothSides, type Sides } from '../support/on-clusters/sides.ts';

/**
 * @param address of the second pod
 * @param devices that the host side advertises
 */
export function outageSteps(sides: () => Sides, address: () => string, devices: number): void {
  it('a partition between host and DPU turns devices unhealthy, cuts no traffic, and heals by itself', async () => {
    const { hostSide } = sides();
    const cut = await partition(sides());
    try {
      await untilReadyIs(hostSide, hostSide.dpu, 'False', 'PeerUnreachable');
      await untilAllocatable(hostSide, hostSide.node, 0);
      await untilPings(hostSide.kubectl, 'my-pod', address());
    } finally {
      await cut.heal();
    }
    await untilReadyIs(hostSide, hostSide.dpu, 'True');
    await untilAllocatable(hostSide, hostSide.node, devices);
  });

  it('a killed daemon on either side is back without a change of condition or an outage of traffic', async () => {
    const { hostSide } = sides();
    const conditions = () => Promise.all(bothSides(sides()).map((side) => readyOf(side, side.dpu)));
    const warnings = async () => {
      const maps = await Promise.all(bothSides(sides()).map((side) => warningsAbout(side, [side.dpu])));
      return new Map(maps.flatMap((map) => [...map]));
    };
    const [before, warned] = await Promise.all([conditions(), warnings()]);
    for (const side of bothSides(sides())) {
      const lastInit = await initialisedAt(side, side.dpu);
      const { restartCount } = await daemonContainer(side, side.node);
      const gap = await trafficGap(hostSide, { pod: 'my-pod', address: address() }, async () => {
        await killAndAwaitNext(side, side.node, '/opt/dpu-operator/daemon.mjs');
        await eventually(
          `the next daemon of ${side.node} serves`,
          () => daemonContainer(side, side.node),
          (now) => now.ready && now.restartCount > restartCount,
        );
        await dpusReady(sides());
      });
      expect(gap).toBeLessThan(outageMs);
      expect(await initialisedAt(side, side.dpu)).toBe(lastInit);
    }
    expect(await conditions()).toEqual(before);
    const newWarnings = [...(await warnings())].filter(([name]) => !warned.has(name));
    expect(newWarnings.map(([, text]) => text)).toEqual([]);
  });

  it('a daemon that says nothing any more has its DPUs marked Unknown, until it speaks again', async () => {
    const { hostSide } = sides();
    await onNode(hostSide, hostSide.node, 'systemctl stop kubelet; pkill -9 -f /opt/dpu-operator/daemon.mjs');
    try {
      await untilReadyIs(hostSide, hostSide.dpu, 'Unknown', 'DaemonSilent');
    } finally {
      await onNode(hostSide, hostSide.node, 'systemctl start kubelet');
    }
    await untilReadyIs(hostSide, hostSide.dpu, 'True');
    await untilPings(hostSide.kubectl, 'my-pod', address());
  });
}
