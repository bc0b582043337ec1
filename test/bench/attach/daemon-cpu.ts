/** What the daemons cost their nodes: CPU time while nothing happens, and for pods that start. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorFixture } from '../../support/on-clusters/operator.ts';
import { onNode } from '../../support/on-clusters/outages.ts';
import { deploymentLike } from '../../support/on-clusters/pods.ts';

const idleSeconds = 60;
const starts = 50;
/** Milliseconds of a tick of proc(5): USER_HZ is 100 on every architecture that Kubernetes runs on. */
const tickMs = 10;

/** Rows for the report. No pod may be attached. */
export async function daemonCpu(fixture: OperatorFixture): Promise<[string, string][]> {
  const nodes = [
    ['host', fixture.host],
    ['dpu', fixture.dpu],
  ] as const;
  const cpu = () => Promise.all(nodes.map(([, node]) => cpuOf(fixture, node)));
  const before = await cpu();
  await sleep(idleSeconds * 1000);
  const idle = (await cpu()).map((ms, index) => ms - (before[index] ?? 0));

  const vfs = await allocatable(fixture);
  const starting = nodes.map(() => 0);
  let started = 0;
  while (started < starts) {
    const from = await cpu();
    await startDeployment(fixture, vfs);
    for (const [index, ms] of (await cpu()).entries()) {
      starting[index] = (starting[index] ?? 0) + ms - (from[index] ?? 0);
    }
    started += vfs;
    await deleteDeployment(fixture);
  }
  return nodes.flatMap(([side], index): [string, string][] => [
    [`CPU of the daemon, idle for ${idleSeconds} s, ${side} side`, percent(idle[index] ?? 0, idleSeconds * 1000)],
    [
      `CPU of the daemon a pod (mean of ${started} starts, ${vfs} at once), ${side} side`,
      `${((starting[index] ?? 0) / started).toFixed(1)} ms`,
    ],
  ]);
}

/** What the daemon of a node has used since it began; milliseconds. */
async function cpuOf(fixture: OperatorFixture, node: string): Promise<number> {
  const stat = await onNode(fixture, node, 'cat /proc/$(pgrep -o -f /opt/dpu-operator/daemon.mjs)/stat');
  // The name in brackets may have spaces; utime and stime are fields 14 and 15, the first one after it is the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

async function allocatable({ kubectl, host }: OperatorFixture): Promise<number> {
  const path = 'jsonpath={.status.allocatable.openshift\\.io/dpu}';
  const count = Number(await kubectl.run(['get', 'node', host, '-o', path]));
  if (!(count > 0)) throw new Error(`node ${host} has no devices to give`);
  return count;
}

async function startDeployment({ kubectl }: OperatorFixture, replicas: number): Promise<void> {
  await kubectl.run(['create', '-f', '-'], await deploymentLike('examples/my-pod.yaml', 'next', replicas));
  await kubectl.run(['rollout', 'status', 'deployment/next', '--timeout=180s']);
}

async function deleteDeployment({ kubectl }: OperatorFixture): Promise<void> {
  await kubectl.run(['delete', 'deployment', 'next', '--cascade=foreground', '--timeout=180s']);
}

const percent = (ms: number, ofMs: number) => `${((ms / ofMs) * 100).toFixed(2)} % of a core`;
