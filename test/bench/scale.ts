/**
 * The operator with fleets of several sizes, against a real etcd and kube-apiserver; nodes, kubelets and daemons are simulated
 * by this process. Needs `make build`.
 *
 *     node --conditions=source test/bench/scale.ts [sizes, such as 1000,5000] [DPUs to bring up, such as 200] [profile]
 *
 * The operator brings up that many DPUs itself, the others are put there as it has left those (`Fleet.settle`): bringing up a DPU
 * is measured by the first, and what a large fleet takes afterwards by all. That they are what the operator makes is seen at its
 * next start, which would change them otherwise. With `profile` the operator's CPU profiles are left in the current directory.
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnvironment } from '@dpu-operator/core/operator/shared/environment';
import { ControlPlane } from './scale/control-plane.ts';
import { Fleet } from './scale/fleet.ts';
import type { Figures } from './scale/measure.ts';
import { Operator, operatorVariables } from './scale/operator.ts';

const mostChains = 1_000;
const mostConfigs = 500;
const idleMs = 30_000;
const [sizes = '1000', broughtUp = '200', mode] = process.argv.slice(2);

async function measureSize(dpus: number): Promise<void> {
  const chains = Math.min(mostChains, dpus);
  // Each for one DPU; the other half of a small fleet has none.
  const configs = Math.min(mostConfigs, Math.floor(dpus / 2));
  const first = Math.min(dpus, Number(broughtUp));
  console.log(`\n${dpus} DPUs, ${chains} chains, ${configs} configs; load ${loadavg()[0]?.toFixed(1)}`);
  const stop = new AbortController();
  await using plane = await ControlPlane.start();
  const fleet = new Fleet(plane.store(), { dpus, first, chains, configs });
  await fleet.create(stop.signal);
  const operator = new Operator(plane, mode === 'profile' ? ['--cpu-prof', '--cpu-prof-interval=2000'] : []);
  const phase = async (name: string, happen: () => Promise<unknown>, isDone?: () => boolean, of = dpus) =>
    report(name, of, await operator.measure(happen, isDone));
  const startAndFill = async () => {
    await operator.start();
    await operator.untilReady();
  };
  try {
    await phase(`first start of ${first}`, () => operator.start(), fleet.isDone, first);
    await operator.stop();
    if (first < dpus) {
      const start = performance.now();
      await fleet.settle(parseEnvironment(operatorVariables, ''), plane.etcd);
      console.log(`${dpus - first} more put there in ${Math.round((performance.now() - start) / 1000)} s`);
      await phase('start with these', startAndFill);
    } else {
      await startAndFill();
    }
    await phase(`${chains} chains`, () => fleet.createChains(), fleet.isDone, chains);
    await operator.stop();
    await phase('cold start, nothing to do', startAndFill);
    await phase(`idle for ${idleMs / 1000} s`, () => sleep(idleMs));
    const times: number[] = [];
    await phase('10 configs of one DPU each', async () => {
      for (const index of fleet.configured.slice(0, 10)) times.push(await fleet.changeOne(index, 8));
    });
    console.log(`  from the change to the DPU, ms: ${times.map(Math.round).join(' ')}`);
    await phase('100 daemons say something new', () => fleet.tell(100));
    await phase('every Lease renewed once', () => fleet.renewLeases());
    await phase('every node reported once', () => fleet.reportNodes());
    for (const [name, numVfs] of [
      ['a new config for all', 16],
      ['another number in it', 12],
    ] as const) {
      const isTold = () => fleet.withNumVfs(numVfs) === dpus - configs && fleet.isDone();
      await phase(name, () => fleet.changeAll(numVfs), isTold);
    }
  } finally {
    stop.abort();
    await operator.stop();
  }
}

function report(name: string, dpus: number, { seconds, cpuSeconds, rssMiB, peakMiB, requests }: Figures): void {
  const writes = Object.entries(requests).filter(([request]) => !/^(get|list|watch) /.test(request));
  const sum = (entries: [string, number][]) => entries.reduce((all, [, count]) => all + count, 0);
  const all = sum(Object.entries(requests));
  console.log(
    `${name}: ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(2)} CPU s (${((cpuSeconds / dpus) * 1000).toFixed(2)} ms a DPU), ` +
      `${Math.round(rssMiB)} MiB (at most ${Math.round(peakMiB)}), ${all} requests, ${sum(writes)} writes, load ${loadavg()[0]?.toFixed(1)}`,
  );
  const sorted = Object.entries(requests).sort(([, a], [, b]) => b - a);
  if (sorted.length > 0) console.log(`  ${sorted.map(([request, count]) => `${request} ${count}`).join(', ')}`);
}

for (const size of sizes.split(',').map(Number)) await measureSize(size);
