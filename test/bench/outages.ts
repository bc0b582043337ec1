/**
 * What traffic and the cluster notice when something fails, on the tests' cluster: gaps seen by a ping of 10 a second,
 * and how long a partition takes to be found and to be over. Printed by `make bench`.
 */
import { operatorIsOn } from '../e2e/bed.ts';
import { dpusReady } from '../support/operator.ts';
import {
  initialisedAt,
  killAndAwaitNext,
  partition,
  trafficGap,
  untilAllocatable,
  untilInitialisedAgain,
  untilReadyIs,
} from '../support/outages.ts';
import { deletePods, examplePods, startExamplePods } from '../support/pods.ts';

const bed = await operatorIsOn();
await deletePods(bed.kubectl, examplePods);
const address = await startExamplePods(bed.kubectl);

const rows: [string, string][] = [];
const victims = [
  ['VSP of the DPU side killed', bed.dpu, '/opt/dpu-vsp/dpu-vsp.mjs'],
  ['VSP of the host side killed', bed.host, '/opt/dpu-vsp/dpu-vsp.mjs'],
  ['daemon of the DPU side killed', bed.dpu, '/opt/dpu-operator/daemon.mjs'],
  ['daemon of the host side killed', bed.host, '/opt/dpu-operator/daemon.mjs'],
  ['Open vSwitch killed', bed.dpu, 'ovs-vswitchd'],
] as const;
for (const [what, node, commandLine] of victims) {
  const gap = await trafficGap(bed, { pod: 'my-pod', address }, async () => {
    await killAndAwaitNext(bed, node, commandLine);
    await dpusReady(bed);
  });
  rows.push([`longest gap in traffic: ${what}`, `${gap} ms`]);
}

const cutAt = performance.now();
const cut = await partition(bed);
await untilReadyIs(bed, bed.hostDpu, 'False');
const foundAt = performance.now();
await untilAllocatable(bed, bed.host, 0);
const unhealthyAt = performance.now();
await cut.heal();
const healedAt = performance.now();
await untilReadyIs(bed, bed.hostDpu, 'True');
const readyAt = performance.now();
rows.push(['partition to Ready=False', seconds(cutAt, foundAt)]);
rows.push(['partition to no allocatable device', seconds(cutAt, unhealthyAt)]);
rows.push(['healing to Ready=True', seconds(healedAt, readyAt)]);

const { restartNode } = bed.cluster;
if (restartNode) {
  const lastInit = await initialisedAt(bed, bed.dpuDpu);
  const gap = await trafficGap(bed, { pod: 'my-pod', address }, async () => {
    await restartNode(bed.dpu);
    await untilInitialisedAgain(bed, bed.dpuDpu, lastInit);
    await dpusReady(bed);
  });
  rows.push(['longest gap in traffic: DPU node restarted', `${(gap / 1000).toFixed(1)} s`]);
}

const width = Math.max(...rows.map(([what]) => what.length));
console.log(['', 'Outages', ...rows.map(([what, figure]) => `  ${what.padEnd(width)}  ${figure}`), ''].join('\n'));
await deletePods(bed.kubectl, examplePods);

/** Looked at every 250 ms, so a figure can be that much too high. */
function seconds(from: number, to: number): string {
  return `${((to - from) / 1000).toFixed(1)} s`;
}
