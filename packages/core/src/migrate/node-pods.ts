/** Has a node's part of the migration done there, by a pod of its own. */
import { z } from 'zod';
import { operatorNamespace } from '../api/names/names.ts';
import { parseJson } from '../json.ts';
import { resourcePath } from '../kube/objects/resource.ts';
import type { MigrationCluster } from './cluster.ts';
import { type NodePodOptions, nodePodName, renderNodePod } from './node/pod.ts';
import type { DeviceReport } from './observed.ts';

const answerSchema = z.object({
  error: z.string().optional(),
  devices: z
    .array(
      z.object({
        pod: z.string(),
        device: z.string(),
        state: z.enum(['kept', 'comesHome', 'lost', 'ours']),
        reason: z.string().exactOptional(),
      }),
    )
    .default([]),
});

const type = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

/** @throws Error that names the node, with what its pod says */
export async function onNode(cluster: MigrationCluster, options: NodePodOptions): Promise<readonly DeviceReport[]> {
  const name = nodePodName(options.node, options.mode);
  const ref = { ...type, namespace: operatorNamespace, name };
  // One of a run that was broken off.
  await cluster.delete(ref);
  const { client } = cluster.store;
  await client.json({ method: 'POST', path: resourcePath(type, operatorNamespace), body: renderNodePod(options) });
  try {
    let now: PodStatus = {};
    await cluster.until(
      ref,
      () => `pod ${name} on ${options.node} has ended (${inWords(now)})`,
      (pod) => {
        if (!pod) throw new Error(`node ${options.node}: its pod ${name} was deleted`);
        now = (pod.status as PodStatus | undefined) ?? {};
        return now.phase === 'Succeeded' || now.phase === 'Failed';
      },
    );
    return await answer(cluster, options.node, name);
  } finally {
    await cluster.askToDelete(ref);
  }
}

interface PodStatus {
  phase?: string;
  containerStatuses?: { state?: { waiting?: { reason?: string; message?: string } } }[];
}

function inWords({ phase = 'of unknown state', containerStatuses = [] }: PodStatus): string {
  const { reason, message } = containerStatuses[0]?.state?.waiting ?? {};
  return [phase, reason, message].filter(Boolean).join(': ');
}

async function answer(cluster: MigrationCluster, node: string, name: string): Promise<readonly DeviceReport[]> {
  const path = resourcePath(type, operatorNamespace, name, 'log');
  const log = await cluster.store.client.text({ method: 'GET', path });
  const last = log.trimEnd().split('\n').at(-1) ?? '';
  const parsed = answerSchema.safeParse(parseJson(last));
  if (!parsed.success) throw new Error(`node ${node}: ${last || 'its pod says nothing'}`);
  if (parsed.data.error !== undefined) throw new Error(`node ${node}: ${parsed.data.error}`);
  return parsed.data.devices;
}
