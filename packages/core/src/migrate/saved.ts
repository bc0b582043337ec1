/** What the migration remembers over runs, in a ConfigMap: a run that is broken off is gone on with from there. */
import { z } from 'zod';
import { operatorNamespace } from '../api/names/names.ts';
import { configMap, isConflict, type KubeStore } from '../kube/index.ts';
import { type KubeJson, keyOf, refOf, withoutIdentity } from './go-objects.ts';
import { daemonNodes, type Observed, type Saved } from './observed.ts';

const savedName = 'dpu-operator-migration';

const stateKey = 'state';

const stateSchema = z.object({
  cniDirectory: z.string(),
  nodes: z.array(z.string()),
  imported: z.array(z.string()).default([]),
  undoing: z.boolean().default(false),
  restored: z.array(z.string()).default([]),
  oursDeleted: z.boolean().default(false),
  isPutBack: z.boolean().default(false),
});
export type SavedState = z.infer<typeof stateSchema>;

export async function readSaved(store: KubeStore): Promise<Saved | undefined> {
  const found = await store.get(configMap, savedName, operatorNamespace);
  if (!found) return undefined;
  const { [stateKey]: state = '{}', ...objects } = found.data ?? {};
  return {
    resourceVersion: found.metadata.resourceVersion,
    ...stateSchema.parse(JSON.parse(state)),
    objects: new Map(Object.entries(objects).map(([key, text]) => [key, JSON.parse(text) as KubeJson])),
  };
}

/** The first thing that is done; nothing is saved twice. */
export async function save(store: KubeStore, observed: Observed, cniDirectory: string): Promise<void> {
  const objects = [...observed.objects.values()].map(withoutIdentity);
  const state = stateSchema.parse({ cniDirectory, nodes: daemonNodes(observed) });
  await store.create(configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: savedName, namespace: operatorNamespace },
    data: {
      [stateKey]: JSON.stringify(state),
      ...Object.fromEntries(objects.map((object) => [keyOf(refOf(object)), JSON.stringify(object)])),
    },
  });
}

/** @throws Error where another run has remembered something since `saved` was read */
export async function remember(store: KubeStore, saved: Saved, change: Partial<SavedState>): Promise<void> {
  const { objects: _objects, resourceVersion, ...state } = saved;
  const data = { [stateKey]: JSON.stringify({ ...state, ...change }) };
  try {
    await store.patch(configMap, savedName, operatorNamespace, { metadata: { resourceVersion }, data });
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new Error('another run of the migration is at work: let it end, then run this again', { cause: error });
  }
}

export async function forget(store: KubeStore): Promise<void> {
  await store.delete(configMap, savedName, operatorNamespace);
}
