/** Pods with a DPU interface, as the tests make, ask and break them. */
import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import type { Kubectl } from '../../cluster/index.ts';
import { eventually } from '../eventually.ts';

interface NetworkStatus {
  interface: string;
  ips?: string[];
  mac: string;
}

/** The address and MAC of a pod's net1, from the pod itself. */
export async function net1(kubectl: Kubectl, pod: string, namespace = 'default'): Promise<{ ip: string; mac: string }> {
  const text = await kubectl.exec(pod, namespace, ['ip', '-json', 'addr', 'show', 'dev', 'net1']);
  const [link] = JSON.parse(text) as [{ address: string; addr_info: { family: string; local: string }[] }];
  return { ip: link.addr_info.find(({ family }) => family === 'inet')?.local ?? '', mac: link.address };
}

/** What Multus wrote about the pod's networks. */
export async function networkStatus(kubectl: Kubectl, pod: string): Promise<NetworkStatus[]> {
  const { metadata } = await kubectl.json<{ metadata: { annotations: Record<string, string> } }>(['get', 'pod', pod]);
  return JSON.parse(metadata.annotations['k8s.v1.cni.cncf.io/network-status'] ?? '[]') as NetworkStatus[];
}

/** Three pings; true when all are answered. */
export async function pings(kubectl: Kubectl, pod: string, address: string, namespace = 'default'): Promise<boolean> {
  const ping = ['exec', '-n', namespace, pod, '--', 'ping', '-c', '3', '-i', '0.2', '-W', '1', address];
  return (await kubectl.try(ping)).exitCode === 0;
}

/** Waits until pings pass (or no longer pass): tables are learnt from the first packets. */
export async function untilPings(kubectl: Kubectl, pod: string, address: string, passes = true, namespace = 'default') {
  const what = `ping from ${pod} to ${address} ${passes ? 'passes' : 'is lost'}`;
  await eventually(what, async () => ((await pings(kubectl, pod, address, namespace)) === passes ? true : undefined));
}

/** A megabyte by TCP from one pod to another. @throws where it does not arrive */
export async function tcpPasses(kubectl: Kubectl, from: string, to: string): Promise<void> {
  const { ip } = await net1(kubectl, to);
  await kubectl.exec(to, 'default', ['iperf3', '--server', '--one-off', '--daemon']);
  const report = await eventually('iperf3 connects', () =>
    kubectl.exec(from, 'default', ['iperf3', '--client', ip, '--bytes', '1M', '--json']),
  );
  const { end } = JSON.parse(report) as { end: { sum_received?: { bytes: number } } };
  if (!end.sum_received?.bytes) throw new Error(`no byte of ${from} arrived at ${to}: ${report}`);
}

export const examplePods = ['my-pod', 'my-pod-2'] as const;

/** Starts the README's two pods; the address of the second, which the first reaches. */
export async function startExamplePods(kubectl: Kubectl): Promise<string> {
  await kubectl.run(['create', '-f', 'examples/my-pod.yaml', '-f', 'examples/my-pod-2.yaml']);
  await kubectl.wait(
    'condition=Ready',
    examplePods.map((pod) => `pod/${pod}`),
  );
  const { ip } = await net1(kubectl, 'my-pod-2');
  await untilPings(kubectl, 'my-pod', ip);
  return ip;
}

/** A Deployment of pods like an example's. */
export async function deploymentLike(example: string, name: string, replicas: number): Promise<string> {
  const { metadata, spec } = parse(await readFile(example, 'utf8')) as { metadata: object; spec: object };
  const labels = { app: name };
  const template = { metadata: { ...metadata, name: undefined, labels }, spec };
  const deployment = { replicas, selector: { matchLabels: labels }, template };
  return stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: deployment });
}

export async function deletePods(kubectl: Kubectl, pods: readonly string[], namespace = 'default'): Promise<void> {
  await kubectl.run(['delete', 'pod', '-n', namespace, '--ignore-not-found', '--grace-period=1', ...pods]);
}
