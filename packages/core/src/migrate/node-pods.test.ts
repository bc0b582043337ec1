import { expect, test } from 'vitest';
import { type ApiClient, ApiError, type ApiRequest, KubeStore } from '../kube/index.ts';
import { MigrationCluster } from './cluster.ts';
import { onNode } from './node-pods.ts';

const options = { node: 'a', mode: 'import', image: 'x', cniDirectory: '/opt/cni', dpus: [] } as const;

/** An API server with a pod of this status, until that is deleted. */
function clusterWith(status: object | undefined): MigrationCluster {
  let isThere = false;
  const json = async ({ method, path }: ApiRequest) => {
    if (method === 'POST') isThere = status !== undefined;
    // It stays: its node does not answer.
    if (method === 'GET' && isThere) return { kind: 'Pod', metadata: { name: 'x' }, status };
    if (method === 'GET') throw new ApiError(`${path}: not found`, 404, 'NotFound');
    return {};
  };
  return new MigrationCluster(new KubeStore({ json } as unknown as ApiClient), 1);
}

test('a pod that does not end is told with what keeps it', async () => {
  const waiting = { reason: 'ImagePullBackOff', message: 'no such image' };
  const cluster = clusterWith({ phase: 'Pending', containerStatuses: [{ state: { waiting } }] });
  await expect(onNode(cluster, options)).rejects.toThrow(
    'pod dpu-migrate-import-a on a has ended (Pending: ImagePullBackOff: no such image)',
  );
});

test('so is one that was deleted meanwhile', async () => {
  await expect(onNode(clusterWith(undefined), options)).rejects.toThrow(
    'node a: its pod dpu-migrate-import-a was deleted',
  );
});
