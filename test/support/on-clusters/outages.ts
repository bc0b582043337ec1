/** Faults of nodes, daemons and plugins as tests and benchmarks cause them, and what traffic notices of them. */
import { eventually } from '../eventually.ts';
import { namespace } from './operator.ts';
import { pings } from './pods.ts';
import type { Side, Sides } from './sides.ts';

type OnCluster = Pick<Side, 'cluster'>;
type OnApi = Pick<Side, 'kubectl'>;

/** Runs a script on a node; throws where it fails. */
export async function onNode({ cluster }: OnCluster, node: string, script: string): Promise<string> {
  const { stdout, stderr, exitCode } = await cluster.exec(node, ['bash', '-euc', script]);
  if (exitCode !== 0) throw new Error(`${node}: ${script}: ${stderr}`);
  return stdout.trim();
}

/** Drops TCP between host node and DPU node, in silence; what goes over UDP, as the software DPU's VFs, passes. */
export async function partition({ hostSide, dpuSide }: Sides): Promise<{ heal(): Promise<void> }> {
  const peer = hostSide.cluster.nodes.find(({ name }) => name === hostSide.node)?.ip;
  const rule = (flag: '-I' | '-D') =>
    onNode(
      dpuSide,
      dpuSide.node,
      `iptables -w ${flag} INPUT -s ${peer} -p tcp -j DROP; iptables -w ${flag} OUTPUT -d ${peer} -p tcp -j DROP`,
    );
  await rule('-I');
  return { heal: async () => void (await rule('-D')) };
}

/** Kills a process of a node by the end of its command line, and answers when another runs in its place. */
export async function killAndAwaitNext(on: OnCluster, node: string, commandLine: string): Promise<void> {
  const find = async () => (await on.cluster.exec(node, ['pgrep', '-f', commandLine])).stdout.split('\n')[0];
  const before = await find();
  if (!before) throw new Error(`${node}: nothing runs ${commandLine}`);
  await onNode(on, node, `kill -9 ${before}`);
  await eventually(`${commandLine} runs again on ${node}`, async () => {
    const now = await find();
    return now && now !== before ? now : undefined;
  });
}

interface ReadyCondition {
  status: string;
  reason: string;
  lastTransitionTime: string;
}

export async function readyOf({ kubectl }: OnApi, dpu: string): Promise<ReadyCondition> {
  const object = await kubectl.json<{ status: { conditions: (ReadyCondition & { type: string })[] } }>([
    'get',
    'dpu',
    dpu,
  ]);
  const found = object.status.conditions.find(({ type }) => type === 'Ready');
  return {
    status: found?.status ?? '',
    reason: found?.reason ?? '',
    lastTransitionTime: found?.lastTransitionTime ?? '',
  };
}

/** When a DPU's VSP was initialised: another time for another process of the VSP. */
export function initialisedAt({ kubectl }: OnApi, dpu: string): Promise<string> {
  return kubectl.run(['get', 'dpu', dpu, '-o', 'jsonpath={.status.vsp.initialisedAt}']);
}

/** Waits until another VSP has been initialised. @param last what {@link initialisedAt} said before */
export function untilInitialisedAgain(on: OnApi, dpu: string, last: string): Promise<true> {
  return eventually(`the VSP of ${dpu} was initialised again`, async () => {
    return (await initialisedAt(on, dpu)) !== last ? true : undefined;
  });
}

/** Warning events about DPUs so far: by name, with what they say. */
export async function warningsAbout({ kubectl }: OnApi, dpus: readonly string[]): Promise<Map<string, string>> {
  const { items } = await kubectl.json<{
    items: { metadata: { name: string }; involvedObject: { name: string }; reason: string; message: string }[];
  }>(['get', 'events', '-A', '--field-selector', 'type=Warning,involvedObject.kind=DataProcessingUnit']);
  const about = items.filter(({ involvedObject }) => dpus.includes(involvedObject.name));
  return new Map(
    about.map(({ metadata, involvedObject, reason, message }) => [
      metadata.name,
      `${involvedObject.name}: ${reason}: ${message}`,
    ]),
  );
}

export function untilReadyIs(on: OnApi, dpu: string, status: string, reason?: string): Promise<true> {
  return eventually(`dpu ${dpu} is Ready=${status} ${reason ?? ''}`, async () => {
    const now = await readyOf(on, dpu);
    return now.status === status && (reason === undefined || now.reason === reason) ? true : undefined;
  });
}

/** Waits until the kubelet counts so many healthy devices on a node. */
export function untilAllocatable({ kubectl }: OnApi, node: string, count: number): Promise<true> {
  return eventually(`${node} has ${count} allocatable devices`, async () => {
    const path = 'jsonpath={.status.allocatable.openshift\\.io/dpu}';
    return (await kubectl.run(['get', 'node', node, '-o', path])) === String(count) ? true : undefined;
  });
}

/**
 * Milliseconds: a gap that is longer is an outage. A data path that was torn down is away for several seconds; on a busy
 * machine an answer is late by one.
 */
export const outageMs = 3_000;

/**
 * The longest time, in milliseconds, for which a ping of 10 a second from one pod to an address had no answer while
 * something happened; 100 where nothing was lost.
 */
export async function trafficGap(
  { kubectl }: OnApi,
  { pod, address }: { pod: string; address: string },
  event: () => Promise<unknown>,
): Promise<number> {
  const inPod = (script: string) => kubectl.exec(pod, 'default', ['sh', '-c', script]);
  // No deadline (-w): with one, ping ends at the first address that no neighbour answers for. This many last ten minutes.
  await inPod(`ping -D -i 0.1 -c 6000 ${address} >/tmp/pings 2>&1 & echo $! >/tmp/ping.pid`);
  try {
    await event();
    await eventually('pings pass again', async () => (await pings(kubectl, pod, address)) || undefined);
  } finally {
    await inPod('kill -INT $(cat /tmp/ping.pid)');
  }
  const times = [...(await inPod('cat /tmp/pings')).matchAll(/^\[(\d+\.\d+)\] \d+ bytes from/gm)].map(([, time]) =>
    Number(time),
  );
  if (times.length < 2) throw new Error(`ping from ${pod} to ${address} had no answers`);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return Math.round(Math.max(...gaps) * 1000);
}

export async function daemonPod({ kubectl }: OnApi, node: string): Promise<string> {
  const pods = ['get', 'pod', '-n', namespace, '-l', 'app=dpu-daemon', '--field-selector', `spec.nodeName=${node}`];
  return kubectl.run([...pods, '-o', 'jsonpath={.items[*].metadata.name}']);
}

/** The container of a node's daemon: how often it was started anew, and whether it serves. */
export async function daemonContainer(on: OnApi, node: string): Promise<{ restartCount: number; ready: boolean }> {
  const { status } = await on.kubectl.json<{
    status: { containerStatuses: { restartCount: number; ready: boolean }[] };
  }>(['get', 'pod', '-n', namespace, await daemonPod(on, node)]);
  return { restartCount: 0, ready: false, ...status.containerStatuses[0] };
}
