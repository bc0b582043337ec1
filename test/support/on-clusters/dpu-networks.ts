/** DpuNetworks and pods in them, as the examples have one of each. */
import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import type { Kubectl } from '../../cluster/index.ts';

interface TestNetwork {
  name: string;
  /** Virtual functions of the host side: `0-1`. */
  vfs: string;
  ipam: object;
  vlan?: number;
}

interface Example {
  metadata: { name: string; annotations: Record<string, string> };
  spec: {
    dpuSelector: { matchExpressions: { values: string[] }[] };
    ipam: object;
    containers: { resources: { requests: object; limits: object } }[];
  };
}

async function example(): Promise<[network: Example, pod: Example]> {
  const files = ['examples/dpu-network.yaml', 'examples/dpu-network-pod.yaml'];
  const [network, pod] = await Promise.all(files.map(async (path) => parse(await readFile(path, 'utf8'))));
  return [network, pod];
}

/** A document for `kubectl create -f -`. */
export async function networkObjects(networks: readonly TestNetwork[]): Promise<string> {
  const objects = networks.map(async ({ name, vfs, ...spec }) => {
    const [network] = await example();
    network.metadata.name = name;
    for (const expression of network.spec.dpuSelector.matchExpressions) expression.values = [vfs];
    Object.assign(network.spec, spec);
    return stringify(network);
  });
  return (await Promise.all(objects)).join('---\n');
}

/** @param pods by name: the networks that each is in */
export async function networkPodObjects(pods: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const objects = Object.entries(pods).map(async ([name, own]) => {
    const [, pod] = await example();
    pod.metadata.name = name;
    pod.metadata.annotations['k8s.v1.cni.cncf.io/networks'] = own.map((network) => `${network}-nad`).join(', ');
    const devices = Object.fromEntries(own.map((network) => [`openshift.io/dpunetwork-${network}`, '1']));
    for (const container of pod.spec.containers) container.resources = { requests: devices, limits: devices };
    return stringify(pod);
  });
  return (await Promise.all(objects)).join('---\n');
}

/** The IPv4 address of a pod's interface. */
export async function addressOf(kubectl: Kubectl, pod: string, device: string): Promise<string> {
  const text = await kubectl.exec(pod, 'default', ['ip', '-json', '-4', 'addr', 'show', 'dev', device]);
  const [link] = JSON.parse(text) as { addr_info: { local: string }[] }[];
  return link?.addr_info[0]?.local ?? '';
}
