import { describe, expect, test } from 'vitest';
import { finalizers } from '../api/names/names.ts';
import { daemonSet, isGoDeployment, type KubeJson, keyOf, operatorDeployment } from './go-objects.ts';
import type { Observed } from './observed.ts';
import { type Action, inOrder, nextBack, nextFinish, nextForward, type Step } from './plan.ts';
import { begun, config, goInstallation, goObjects, ourDeployment } from './testing.ts';

const deployed = { conditions: [{ type: 'Ready', status: 'True', reason: 'Deployed' }] };

/** The cluster after a step has been done. */
function after(observed: Observed, action: Action): Observed {
  const saved = observed.saved ?? begun;
  const gone = (names: readonly string[]) => (pod: { name: string }) => !names.includes(pod.name);
  const objects = new Map(observed.objects);
  switch (action.do) {
    case 'save':
      return { ...observed, saved: begun };
    case 'beginUndo':
      return { ...observed, saved: { ...saved, undoing: true } };
    case 'scaleToZero': {
      const deployment = objects.get(keyOf(action.ref)) as KubeJson;
      const spec = { ...(deployment.spec as object), replicas: 0 };
      return { ...observed, objects: objects.set(keyOf(action.ref), { ...deployment, spec }) };
    }
    case 'delete':
      for (const ref of action.refs) objects.delete(keyOf(ref));
      return { ...observed, objects };
    case 'deletePods':
    case 'awaitPodsGone':
      return {
        ...observed,
        operatorPods: observed.operatorPods.filter(gone(action.pods)),
        daemonPods: observed.daemonPods.filter(gone(action.pods)),
        vspPods: observed.vspPods.filter(gone(action.pods)),
      };
    case 'importOn':
      return { ...observed, saved: { ...saved, imported: [...saved.imported, action.node] } };
    case 'restoreOn':
      return { ...observed, saved: { ...saved, restored: [...saved.restored, action.node] } };
    case 'removeFinalizer': {
      const without = (object: KubeJson): KubeJson => ({
        ...object,
        metadata: {
          ...object.metadata,
          finalizers: object.metadata.finalizers?.filter((one) => one !== action.finalizer) ?? [],
        },
      });
      return { ...observed, configs: observed.configs.map(without), dpus: observed.dpus.map(without) };
    }
    case 'deleteOurs':
      return { ...observed, saved: { ...saved, oursDeleted: true } };
    case 'putBack':
      return { ...observed, objects: goObjects(), saved: { ...saved, isPutBack: true } };
    case 'awaitReady':
      return { ...observed, configs: observed.configs.map((one) => ({ ...one, status: deployed })) };
    case 'forget':
      return { ...observed, saved: undefined };
  }
}

/** Every step until there is none, and the cluster before each. */
function go(start: Observed, next: (observed: Observed) => Step | undefined) {
  const actions: Action['do'][] = [];
  const seen: Observed[] = [start];
  let observed = start;
  for (let step = next(observed); step && actions.length < 50; step = next(observed)) {
    actions.push(step.action.do);
    observed = after(observed, step.action);
    seen.push(observed);
    if (step.action.do === 'forget') break;
  }
  return { actions, seen, end: observed };
}

/** Our operator is installed and runs, where the migration left off. */
function installed(observed: Observed): Observed {
  return {
    ...observed,
    objects: new Map([
      ...observed.objects,
      [keyOf(operatorDeployment), ourDeployment()],
      [keyOf(daemonSet), { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: daemonSet.name } }],
    ]),
    configs: [config([finalizers.operator])],
    operatorPods: [{ name: 'ours-1', uid: '4', node: 'c', ofGo: false }],
    daemonPods: [{ name: 'ours-2', uid: '5', node: 'a', ofGo: false }],
    vspPods: [{ name: 'vsp-1', uid: '6', node: 'a', ofGo: false }],
  };
}

const forward = go(goInstallation(), nextForward);

describe('forward', () => {
  test('goes in this order', () => {
    expect(forward.actions).toEqual([
      'save',
      'scaleToZero',
      'awaitPodsGone',
      'delete',
      'delete',
      'awaitPodsGone',
      'importOn',
      'removeFinalizer',
      'delete',
    ]);
  });

  test('leaves kinds, their objects, networks and the VSPs with their rights', () => {
    const left = [...forward.end.objects.values()].map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(left).toEqual(
      expect.arrayContaining(['NetworkAttachmentDefinition default-sriov-net', 'ServiceAccount vsp-sa']),
    );
    expect(left.join()).not.toMatch(/Webhook|injector|dpu-daemon|Deployment|manager-role/);
    expect(forward.end.configs[0]).toMatchObject({ spec: { logLevel: 1 }, metadata: { finalizers: [] } });
    expect(forward.end.vspPods).toHaveLength(1);
  });

  test('prepares a node only when no daemon of the Go operator is left, and no operator to make one', () => {
    const index = forward.actions.indexOf('importOn');
    expect(forward.seen[index]).toMatchObject({ daemonPods: [], operatorPods: [] });
    expect(forward.seen[index]?.objects.has(keyOf(daemonSet))).toBe(false);
  });

  test('takes the finalizer off when its owner has gone', () => {
    expect(forward.seen[forward.actions.indexOf('removeFinalizer')]?.operatorPods).toEqual([]);
  });

  test.each(forward.seen.map((observed, index) => [index, observed] as const))(
    'broken off before step %i, it goes on with that step',
    (index, observed) => {
      expect(go(observed, nextForward).actions).toEqual(forward.actions.slice(index));
    },
  );

  test.each([
    ['is no node any more', [], 0],
    ['does not answer, and has no label any more', [{ name: 'b', ready: false }], 0],
    ['has no label any more', [{ name: 'b', ready: true }], 1],
  ])('a node that %s is left out', (_, otherNodes, prepared) => {
    const saved = { ...begun, nodes: ['a', 'b'] };
    const { seen, end } = go({ ...goInstallation({ saved }), otherNodes }, nextForward);
    expect(end.saved?.imported).toHaveLength(1 + prepared);
    expect(go(seen.at(-1) ?? end, nextForward).actions).toEqual([]);
  });

  test('does nothing in a cluster without a Go operator', () => {
    expect(go(installed(forward.end), nextForward).actions).toEqual([]);
    expect(nextForward({ ...installed(forward.end), saved: undefined })).toBeUndefined();
  });
});

describe('back', () => {
  test.each(forward.seen.slice(1).map((observed, index) => [index + 1, observed] as const))(
    'from before step %i, puts everything back',
    (_, observed) => {
      const { end, actions } = go(observed, nextBack);
      expect(actions.slice(-2)).toEqual(['putBack', 'forget']);
      expect(isGoDeployment(end.objects.get(keyOf(operatorDeployment)))).toBe(true);
      expect(end.saved).toBeUndefined();
    },
  );

  test('takes our operator away first, then our daemons, and gives nodes back when none is left', () => {
    const { actions, seen, end } = go(installed(forward.end), nextBack);
    expect(actions).toEqual([
      'beginUndo',
      'delete',
      'awaitPodsGone',
      'delete',
      'awaitPodsGone',
      'restoreOn',
      'removeFinalizer',
      'deletePods',
      'deleteOurs',
      'putBack',
      'forget',
    ]);
    expect(seen[actions.indexOf('restoreOn')]).toMatchObject({ daemonPods: [], operatorPods: [] });
    expect(end.configs[0]?.metadata.finalizers).toEqual([]);
    for (const [index, observed] of seen.slice(0, -1).entries()) {
      expect(go(observed, nextBack).actions, `broken off before step ${index}`).toEqual(actions.slice(index));
    }
  });

  test('leaves out a node that is none any more', () => {
    const saved = { ...begun, nodes: ['a', 'b'], imported: ['a', 'b'] };
    const { actions, end } = go({ ...goInstallation({ saved }) }, nextBack);
    expect(actions.filter((action) => action === 'restoreOn')).toHaveLength(1);
    expect(end.saved).toBeUndefined();
  });

  test('puts accounts back before what needs them, and the operator behind all but its webhooks', () => {
    // As the API server gives the keys of a ConfigMap.
    const kinds = ['Deployment', 'MutatingWebhookConfiguration', 'Pod', 'Role', 'Secret', 'ServiceAccount'];
    const objects = kinds.map((kind) => ({ apiVersion: 'v1', kind, metadata: { name: 'x' } }));
    expect(inOrder(objects).map(({ kind }) => kind)).toEqual([
      'ServiceAccount',
      'Role',
      'Secret',
      'Pod',
      'Deployment',
      'MutatingWebhookConfiguration',
    ]);
  });

  test('is nowhere to go without a migration', () => expect(nextBack(goInstallation())).toBeUndefined());
});

test('the end waits for the VSPs of the Go operator, which need their rights', () => {
  const ready = installed(forward.end);
  expect(go(ready, nextFinish).actions).toEqual(['awaitReady', 'delete', 'forget']);
  const old = { ...ready, vspPods: [{ name: 'vsp-1', uid: '3', node: 'a', ofGo: true }] };
  expect(go(old, nextFinish).actions).toEqual(['awaitReady', 'awaitPodsGone', 'delete', 'forget']);
});
