/**
 * Figures of the operator on the tests' cluster: memory, CPU time, start-up, image sizes, and what an attach takes
 * there with everything real. Printed by `make bench`.
 */
import { operatorIsOn } from '../../e2e/fixture.ts';
import { eventually } from '../../support/eventually.ts';
import { networkObjects, networkPodObjects } from '../../support/on-clusters/dpu-networks.ts';
import { dpusReady, namespace, type OperatorFixture } from '../../support/on-clusters/operator.ts';
import { deletePods } from '../../support/on-clusters/pods.ts';
import { daemonCpu } from '../attach/daemon-cpu.ts';
import { quantile } from '../quantile.ts';

const starts = 5;

interface LogLine {
  time: number;
  msg: string;
  command?: string;
  ms?: number;
}

const fixture = await operatorIsOn();
const pods = ['my-pod', 'my-pod-2'];

const started: Record<string, number[]> = { host: [], dpu: [] };
for (let run = 0; run < starts; run++) {
  for (const role of ['host', 'dpu'] as const) started[role]?.push(await startToReady(fixture, fixture[role]));
}
const attach = await attachTimes();
const rows: [string, string][] = [
  ...(await memory()),
  ...Object.entries(started).map(([role, ms]): [string, string] => [
    `daemon start to DPU Ready, ${role} side (median of ${starts})`,
    `${quantile(ms, 0.5)} ms`,
  ]),
  [
    `dpu-cni ADD in the daemon, bridge port and host-local included (median of ${attach.length})`,
    `${quantile(attach, 0.5)} ms`,
  ],
  ...(await imageSizes()),
];
await deletePods(fixture.kubectl, pods);
rows.push(...(await dpuNetwork()), ...(await daemonCpu(fixture)));
const width = Math.max(...rows.map(([what]) => what.length));
console.log(
  ['', 'On the cluster', ...rows.map(([what, figure]) => `  ${what.padEnd(width)}  ${figure}`), ''].join('\n'),
);

/** Resident memory of each of our processes, with pods attached. */
async function memory(): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for (const { name, role } of fixture.cluster.nodes) {
    const { stdout } = await fixture.cluster.exec(name, ['ps', '-eo', 'rss=,args=']);
    for (const line of stdout.split('\n')) {
      const process = /^\s*(\d+) node .*\/(operator|daemon|dpu-vsp)\.mjs/.exec(line);
      const kilobytes = process?.[1];
      if (kilobytes)
        found.push([`RSS of ${process[2]} on the ${role} node`, `${(Number(kilobytes) / 1024).toFixed(1)} MiB`]);
    }
  }
  return found.sort();
}

/** From the start of the daemon's process until it logs that its DPU's VSP and devices are ready; milliseconds. */
async function startToReady({ kubectl, cluster }: OperatorFixture, node: string): Promise<number> {
  const daemons = ['pod', '-n', namespace, '-l', 'app=dpu-daemon', '--field-selector', `spec.nodeName=${node}`];
  await kubectl.run(['delete', ...daemons, '--grace-period=2']);
  return eventually(`the daemon on ${node} is ready again`, async () => {
    const name = await kubectl.run(['get', ...daemons, '-o', 'jsonpath={.items[0].metadata.name}']);
    const ready = (await logOf(fixture, name)).find(({ msg }) => msg === 'VSP ready');
    // Start time in ticks of 10 ms since boot (proc(5), field 22), against the clocks of now.
    const look =
      "s=$(cut -d' ' -f22 /proc/$(pgrep -f /daemon.mjs | head -1)/stat); cut -d' ' -f1 /proc/uptime; date +%s%N; echo $s";
    const { stdout } = await cluster.exec(node, ['bash', '-c', look]);
    const [uptime = 0, now = 0, ticks = 0] = stdout.trim().split('\n').map(Number);
    return ready && Math.round(ready.time - (now / 1e6 - (uptime * 1000 - ticks * 10)));
  });
}

/** What the host's daemon logged for the ADDs of the example pods, five times over; milliseconds. */
async function attachTimes(): Promise<number[]> {
  const { kubectl } = fixture;
  await dpusReady(fixture);
  const daemons = ['-n', namespace, '-l', 'app=dpu-daemon', '--field-selector', `spec.nodeName=${fixture.host}`];
  const name = await kubectl.run(['get', 'pod', ...daemons, '-o', 'jsonpath={.items[0].metadata.name}']);
  for (let run = 0; run < starts; run++) {
    await deletePods(kubectl, pods);
    await kubectl.run(['create', '-f', 'examples/my-pod.yaml', '-f', 'examples/my-pod-2.yaml']);
    await kubectl.wait('condition=Ready', ['pod/my-pod', 'pod/my-pod-2']);
  }
  return (await logOf(fixture, name)).flatMap(({ command, ms }) => (command === 'ADD' && ms ? [ms] : []));
}

/** From the order for a DpuNetwork until it is Ready, and until a pod that is made then has its interface in it. */
async function dpuNetwork(): Promise<[string, string][]> {
  const { kubectl } = fixture;
  const ready: number[] = [];
  const first: number[] = [];
  const ipam = { type: 'host-local', subnet: '10.56.230.0/24' };
  const network = await networkObjects([{ name: 'bench', vfs: '0-1', ipam }]);
  const pod = await networkPodObjects({ 'bench-pod': ['bench'] });
  for (let run = 0; run < starts; run++) {
    const begin = performance.now();
    await kubectl.run(['create', '-f', '-'], network);
    await kubectl.wait('condition=Ready', ['dpunetwork/bench']);
    ready.push(performance.now() - begin);
    await kubectl.run(['create', '-f', '-'], pod);
    await kubectl.wait('condition=Ready', ['pod/bench-pod']);
    first.push(performance.now() - begin);
    await deletePods(kubectl, ['bench-pod']);
    await kubectl.run(['delete', 'dpunetwork', 'bench']);
  }
  return [
    [`DpuNetwork to Ready (median of ${starts})`, seconds(quantile(ready, 0.5))],
    [`DpuNetwork to its first pod Ready (median of ${starts})`, seconds(quantile(first, 0.5))],
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

async function logOf({ kubectl }: OperatorFixture, pod: string): Promise<LogLine[]> {
  const text = await kubectl.run(['logs', '-n', namespace, pod]);
  return text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
}

async function imageSizes(): Promise<[string, string][]> {
  const { status } = await fixture.kubectl.json<{ status: { images: { names: string[]; sizeBytes: number }[] } }>([
    'get',
    'node',
    fixture.host,
  ]);
  return status.images.flatMap(({ names, sizeBytes }): [string, string][] => {
    const name = names.map((full) => /dpu-operator\/(\w+):dev$/.exec(full)?.[1]).find(Boolean);
    return name ? [[`image ${name}`, `${(sizeBytes / 1e6).toFixed(0)} MB`]] : [];
  });
}
