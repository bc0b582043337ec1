/**
 * What traffic and the cluster notice when something fails, on the tests' cluster: gaps seen by a ping of 10 a second,
 * and how long a partition takes to be found and to be over. Printed by `make bench`.
 */
import { operatorIsOn } from '../../e2e/fixture.ts';
import { dpusReady } from '../../support/on-clusters/operator.ts';
import {
  initialisedAt,
  killAndAwaitNext,
  partition,
  trafficGap,
  untilAllocatable,
  untilInitialisedAgain,
  untilReadyIs,
} from '../../support/on-clusters/outages.ts';
import { deletePods, examplePods, startExamplePods } from '../../support/on-clusters/pods.ts';

const fixture = await operatorIsOn();
await deletePods(fixture.kubectl, examplePods);
const address = await startExamplePods(fixture.kubectl);

const rows: [string, string][] = [];
const victims = [
  ['VSP of the DPU side killed', fixture.dpu, '/opt/dpu-vsp/dpu-vsp.mjs'],
  ['VSP of the host side killed', fixture.host, '/opt/dpu-vsp/dpu-vsp.mjs'],
  ['daemon of the DPU side killed', fixture.dpu, '/opt/dpu-operator/daemon.mjs'],
  ['daemon of the host side killed', fixture.host, '/opt/dpu-operator/daemon.mjs'],
  ['Open vSwitch killed', fixture.dpu, 'ovs-vswitchd'],
] as const;
for (const [what, node, commandLine] of victims) {
  const gap = await trafficGap(fixture, { pod: 'my-pod', address }, async () => {
    await killAndAwaitNext(fixture, node, commandLine);
    await dpusReady(fixture);
  });
  rows.push([`longest gap in traffic: ${what}`, `${gap} ms`]);
}

const cutAt = performance.now();
const cut = await partition(fixture);
await untilReadyIs(fixture, fixture.hostDpu, 'False');
const foundAt = performance.now();
await untilAllocatable(fixture, fixture.host, 0);
const unhealthyAt = performance.now();
await cut.heal();
const healedAt = performance.now();
await untilReadyIs(fixture, fixture.hostDpu, 'True');
const readyAt = performance.now();
rows.push(['partition to Ready=False', seconds(cutAt, foundAt)]);
rows.push(['partition to no allocatable device', seconds(cutAt, unhealthyAt)]);
rows.push(['healing to Ready=True', seconds(healedAt, readyAt)]);

const { restartNode } = fixture.cluster;
if (restartNode) {
  const lastInit = await initialisedAt(fixture, fixture.dpuDpu);
  const gap = await trafficGap(fixture, { pod: 'my-pod', address }, async () => {
    await restartNode(fixture.dpu);
    await untilInitialisedAgain(fixture, fixture.dpuDpu, lastInit);
    await dpusReady(fixture);
  });
  rows.push(['longest gap in traffic: DPU node restarted', `${(gap / 1000).toFixed(1)} s`]);
}

const width = Math.max(...rows.map(([what]) => what.length));
console.log(['', 'Outages', ...rows.map(([what, figure]) => `  ${what.padEnd(width)}  ${figure}`), ''].join('\n'));
await deletePods(fixture.kubectl, examplePods);

/** Looked at every 250 ms, so a figure can be that much too high. */
function seconds(from: number, to: number): string {
  return `${((to - from) / 1000).toFixed(1)} s`;
}
