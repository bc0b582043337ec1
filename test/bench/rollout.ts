/**
 * Releases of a plugin over a fleet of 40, good and broken: how many DPUs are down at once, and how long it takes. The operator
 * works against a real etcd and kube-apiserver; nodes, kubelets and daemons are simulated by this process. Needs `make build`.
 *
 *     node --conditions=source test/bench/rollout.ts [DPUs, such as 40]
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { vendorPlugin } from '@dpu-operator/core/api';
import softwareDpu from '@dpu-operator/vsp-mock/package.json' with { type: 'json' };
import { ControlPlane } from './scale/control-plane.ts';
import { Fleet } from './scale/fleet.ts';
import { Operator } from './scale/operator.ts';

const [dpus = '40'] = process.argv.slice(2);
/** Milliseconds that a VSP takes until its DPU is Ready. */
const startMs = 5_000;
/** Milliseconds that a rollout may take. */
const limitMs = 900_000;
const name = 'acme';
const image = (version: string) => `registry.example.com/acme/vsp:${version}`;

type Outcome = 'works' | 'fails' | 'crashes';

/** In this order, each from what the one before it left. */
const releases: readonly { version: string; is: string; outcome: Outcome }[] = [
  { version: '2', is: 'a good release', outcome: 'works' },
  { version: '3', is: 'one whose VSPs run, and do not work', outcome: 'fails' },
  { version: '4', is: 'one whose VSPs end at once', outcome: 'crashes' },
  { version: '5', is: 'a good release again', outcome: 'works' },
];

const outcomeOf = (of: string): Outcome => releases.find(({ version }) => image(version) === of)?.outcome ?? 'works';

await using plane = await ControlPlane.start();
const size = { dpus: Number(dpus), first: Number(dpus), chains: 0, configs: 0 };
const fleet = new Fleet(plane.store(), { ...size, plugin: name, vsps: { startMs, outcomeOf } });
const operator = new Operator(plane);
const stop = new AbortController();
try {
  const store = plane.store();
  await store.create(vendorPlugin, pluginObject('1'));
  await fleet.create(stop.signal);
  await operator.start();
  await operator.untilReady();
  // Where a daemon was heard once only, nothing is held against a release.
  await fleet.renewLeases();
  await until(() => isEverywhere('1'));
  console.log(
    `${dpus} DPUs, each down for ${startMs / 1000} s while its VSP is replaced; load ${loadavg()[0]?.toFixed(1)}`,
  );
  for (const { version, is, outcome } of releases) {
    fleet.outages.take();
    const start = performance.now();
    await store.patch(vendorPlugin, name, undefined, { spec: { image: image(version) } });
    await until(() => (outcome === 'works' ? isEverywhere(version) : isStopped(version)));
    const seconds = (performance.now() - start) / 1000;
    const { most, ever, longestMs } = fleet.outages.take();
    console.log(
      `${is}: ${most} down at once, ${ever} at all, for ${(longestMs / 1000).toFixed(1)} s at most; ` +
        `over after ${seconds.toFixed(0)} s, with ${running(version).length} DPUs that run it`,
    );
  }
} finally {
  stop.abort();
  await operator.stop();
}

function running(version: string) {
  return fleet.statuses.filter(({ plugin, rollout }) => plugin?.image === image(version) && !rollout);
}

function isEverywhere(version: string): boolean {
  return running(version).length === size.dpus && fleet.outages.now === 0;
}

/** It has failed somewhere, nothing changes any more, and what ran before works again. */
function isStopped(version: string): boolean {
  const rollouts = fleet.statuses.flatMap(({ rollout }) => rollout ?? []);
  const hasFailed = rollouts.some(({ phase, target }) => phase === 'Failed' && target.image === image(version));
  const isOver = rollouts.every(({ phase }) => phase === 'Installing' || phase === 'Failed');
  return hasFailed && isOver && fleet.outages.now === 0;
}

async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > end)
      throw new Error(`not within ${limitMs / 1000} s: ${JSON.stringify(fleet.statuses.slice(0, 2))}`);
    await sleep(50);
  }
}

function pluginObject(version: string) {
  const manifest = { ...softwareDpu.dpu, disturbsTraffic: false };
  const spec = { image: image(version), manifest };
  return { apiVersion: vendorPlugin.apiVersion, kind: vendorPlugin.kind, metadata: { name }, spec };
}
