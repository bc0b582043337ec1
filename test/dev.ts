/**
 * `make dev`: the code as it stands onto a running cluster. Loads the images that changed and restarts what runs them.
 * Usage: node test/dev.ts <cluster>
 */
import { ensureCluster } from './cluster/index.ts';
import { namespace } from './support/on-clusters/operator.ts';

const started = performance.now();
const name = process.argv[2] ?? 'dpu-demo';
const cluster = await ensureCluster({ name, log: console.log });
const changed = await cluster.loadImages(['operator', 'vsp']);
const { kubectl } = cluster;
if (changed.includes('operator')) {
  const workloads = ['deployment/dpu-operator-controller-manager', 'daemonset/dpu-daemon'];
  await kubectl.run(['rollout', 'restart', '-n', namespace, ...workloads]);
  for (const workload of workloads)
    await kubectl.run(['rollout', 'status', '-n', namespace, workload, '--timeout=60s']);
}
if (changed.includes('vsp')) {
  await kubectl.run(['delete', 'pod', '-n', namespace, '-l', 'app=vsp', '--grace-period=5']);
}
await kubectl.wait('condition=Ready', ['dpu', '--all']);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${changed.join(' and ') || 'nothing changed: nothing'} on cluster ${name} in ${seconds} s`);
