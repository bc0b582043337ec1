/**
 * Renews docs/demo.svg, the picture in README.md: runs a few commands on the cluster of `make demo`, and draws what they
 * print, when they do. Only waits are shorter in the picture.
 */
import { writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { findCluster } from '../../../test/cluster/index.ts';
import { repositoryRoot } from '../../../test/cluster/paths.ts';
import { net1, untilPings } from '../../../test/support/on-clusters/pods.ts';
import { type ShownLine, terminalSvg } from './terminal-svg.ts';

const title = 'Two pods on a host talk through a DPU; a network function is chained in on the DPU';
/** Milliseconds that a command stands before the next. */
const readMs = 1_200;
const longestWaitMs = 1_000;

const cluster = await findCluster({ name: 'dpu-demo', log: console.error });
if (!cluster) throw new Error('the cluster of the demo does not run: make demo');
const { kubectl, kubeconfig } = cluster;
const path = `${dirname(kubectl.program)}${delimiter}${process.env.PATH}`;

// As the demo leaves it.
await kubectl.run(['delete', '--ignore-not-found', '-f', 'examples/sfc.yaml']);
const { ip } = await net1(kubectl, 'my-pod-2');
await untilPings(kubectl, 'my-pod', ip);

const lines: ShownLine[] = [];
let nowMs = 0;
for (const command of [
  'kubectl get dpu',
  'kubectl get pod my-pod my-pod-2 -o wide',
  `kubectl exec my-pod -- ping -c 3 ${ip}`,
  'kubectl create -f examples/sfc.yaml',
  'kubectl wait -n openshift-dpu-operator sfc/sfc-test --for=condition=Ready --timeout=5m',
  'kubectl get sfc -A',
]) {
  if (lines.length > 0) lines.push({ atMs: nowMs, kind: 'output', text: '' });
  lines.push({ atMs: nowMs, kind: 'command', text: `$ ${command}` });
  for await (const text of output(command)) lines.push({ atMs: nowMs, kind: 'output', text });
  nowMs += readMs;
}
await writeFile(join(repositoryRoot, 'docs/demo.svg'), terminalSvg(title, lines));

/** Each line when it is printed; `nowMs` has the picture's time then. @throws when the command fails */
async function* output(command: string): AsyncGenerator<string> {
  const child = execa('bash', ['-c', command], {
    cwd: repositoryRoot,
    env: { KUBECONFIG: kubeconfig, PATH: path },
    all: true,
    buffer: false,
  });
  let lastMs = performance.now();
  for await (const line of child.iterable({ from: 'all' })) {
    nowMs += Math.min(performance.now() - lastMs, longestWaitMs);
    lastMs = performance.now();
    yield line.trimEnd();
  }
  await child;
}
