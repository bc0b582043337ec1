import { expect, test } from 'vitest';
import { daemonDirectory } from '../api/names/paths.ts';
import { type ApiClient, ApiError, type ApiRequest, KubeStore } from '../kube/index.ts';
import { MigrationCluster } from './cluster.ts';
import { renderNodePod } from './node/pod.ts';
import { onNode } from './node-pods.ts';

const options = { node: 'a', mode: 'import', image: 'x', cniDirectory: '/opt/cni', dpus: [] } as const;

/** An API server with a pod of this status, until that is deleted. */
function clusterWith(status: object | undefined): MigrationCluster {
  let isThere = false;
  const json = async ({ method, path }: ApiRequest) => {
    if (method === 'POST') isThere = status !== undefined;
    // The list, before a watch: it does not come in time.
    if (method === 'GET' && path.endsWith('/pods')) return new Promise<never>(() => {});
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

test.each([
  ['look', [true, true]],
  ['import', [false, true]],
  ['restore', [false, false]],
] as const)(
  'to %s, what daemons keep on the node is mounted to be read only: ours and the Go daemon’s, %j',
  (mode, readOnly) => {
    const { spec } = renderNodePod({ ...options, mode }) as {
      spec: { containers: { volumeMounts: { mountPath: string; readOnly?: boolean }[] }[] };
    };
    const mounts = spec.containers[0]?.volumeMounts ?? [];
    const of = (path: string) => mounts.find(({ mountPath }) => mountPath === path)?.readOnly ?? false;
    expect([of(daemonDirectory), of('/opt/cni')]).toEqual(readOnly);
  },
);
