import type { Kubectl } from '../kind/kubectl.ts';
import { type Log, step } from '../progress.ts';
import { versions } from '../versions.ts';

const source = 'https://raw.githubusercontent.com/k8snetworkplumbingwg';
const registry = 'https://ghcr.io/v2/';
const manifests = [
  `${source}/multus-cni/${versions.multus}/deployments/multus-daemonset.yml`,
  ...[
    'whereabouts.cni.cncf.io_ippools.yaml',
    'whereabouts.cni.cncf.io_overlappingrangeipreservations.yaml',
    'whereabouts.cni.cncf.io_nodeslicepools.yaml',
    'daemonset-install.yaml',
  ].map((file) => `${source}/whereabouts/${versions.whereabouts}/doc/crds/${file}`),
];
const daemonSets = ['kube-multus-ds', 'whereabouts'];

const answerTimeoutMs = 5_000;
const rolloutTimeout = '300s';

/** Whether both the published manifests and the registry of their images answer. */
export async function upstreamReachable(): Promise<boolean> {
  const answers = async (url: string, accepted: (status: number) => boolean) => {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerTimeoutMs) }).catch(() => undefined);
    await response?.body?.cancel();
    return response !== undefined && accepted(response.status);
  };
  // A registry asks an anonymous client for a token: 401 is its way of answering.
  const checks = [answers(manifests[0] ?? '', (status) => status === 200), answers(registry, (status) => status < 500)];
  return (await Promise.all(checks)).every(Boolean);
}

/** Multus and whereabouts as their projects publish them. */
export async function installUpstream(log: Log, kubectl: Kubectl): Promise<void> {
  await step(log, `install Multus ${versions.multus} and whereabouts ${versions.whereabouts}`, async (detail) => {
    for (const url of manifests) await kubectl.run(['apply', '-f', url]);
    for (const name of daemonSets) {
      detail(`waiting for ${name}`);
      const wait = [
        'rollout',
        'status',
        `daemonset/${name}`,
        '--namespace',
        'kube-system',
        `--timeout=${rolloutTimeout}`,
      ];
      await kubectl.run(wait);
    }
  });
}
