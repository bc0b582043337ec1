/**
 * The main job on real cards: the clusters of KUBECONFIG_HOST and KUBECONFIG_DPU (one, or two), where the operator is
 * installed and turned on. With NF_INGRESS_IP, EXTERNAL_CLIENT_IP and EXTERNAL_CLIENT_DEV also what passes through a network
 * function to this machine; SKIP_NF_TESTING leaves that out. TEST_IMAGE is run in place of the examples' image.
 */
import { describe, expect, it } from 'vitest';
import { Kubectl } from '../cluster/kind/kubectl.ts';
import { ensureKubectl } from '../cluster/tools.ts';
import { type Ends, mainJobSteps } from '../steps/main-job.ts';
import { noConfig, parseRealCards } from '../support/cards/real-cards.ts';
import { thisMachine } from '../support/network/this-machine.ts';
import { namespace } from '../support/on-clusters/operator.ts';
import { type DpuObject, dpusIn } from '../support/on-clusters/sides.ts';

/** Two pods, or a network function. */
const devicesNeeded = 2;

const cards = parseRealCards(process.env);
const program = await ensureKubectl(console.log);
const clusters = {
  host: { kubectl: new Kubectl(program, cards.hostKubeconfig), variable: 'KUBECONFIG_HOST' },
  dpu: { kubectl: new Kubectl(program, cards.dpuKubeconfig), variable: 'KUBECONFIG_DPU' },
};

async function findCard(side: 'host' | 'dpu'): Promise<DpuObject | undefined> {
  const { kubectl, variable } = clusters[side];
  const { exitCode, stderr } = await kubectl.try(['get', 'dpuoperatorconfig', 'dpu-operator-config']);
  if (exitCode !== 0) throw noConfig(variable, stderr);
  return (await dpusIn(kubectl)).find(({ spec }) => spec.isDpuSide === (side === 'dpu'));
}

const host = await findCard('host');
const dpu = await findCard('dpu');
const missing = [
  host ? [] : ['KUBECONFIG_HOST has no host side'],
  dpu ? [] : ['KUBECONFIG_DPU has no DPU side'],
].flat();
const why =
  missing.length > 0 ? ` (skipped: the cluster of ${missing.join(', that of ')} of a DPU: kubectl get dpu)` : '';

describe.skipIf(missing.length > 0)(`${host?.spec.dpuProductName ?? 'a real card'}${why}`, () => {
  const endOf = (side: 'host' | 'dpu', found: DpuObject | undefined) => ({
    kubectl: clusters[side].kubectl,
    node: found?.spec.nodeName ?? '',
    dpu: found?.metadata.name ?? '',
  });
  const ends: Ends = { hostSide: endOf('host', host), dpuSide: endOf('dpu', dpu) };

  it('is Ready on both sides, with a VSP, a label on its node and devices', async () => {
    for (const [end, label] of [
      [ends.hostSide, 'dpu-host'],
      [ends.dpuSide, 'dpu'],
    ] as const) {
      await end.kubectl.wait('condition=Ready', [`dpu/${end.dpu}`]);
      await end.kubectl.wait('condition=Ready', [`pod/vsp-${end.dpu}`], namespace);
      const node = await end.kubectl.json<{
        metadata: { labels: Record<string, string> };
        status: { allocatable: Record<string, string> };
      }>(['get', 'node', end.node]);
      expect(node.metadata.labels['dpu.config.openshift.io/dpuside']).toBe(label);
      expect(Number(node.status.allocatable['openshift.io/dpu'] ?? 0)).toBeGreaterThanOrEqual(devicesNeeded);
    }
  });

  mainJobSteps({
    ends: () => ends,
    outside: 'missing' in cards.external ? cards.external : thisMachine(cards.external),
    image: cards.image,
  });
});
