import { expect, test } from 'vitest';
import { readiness } from './readiness.ts';

const onTwoNodes = {
  metadata: { name: 'dpu-daemon', generation: 2 },
  status: {
    desiredNumberScheduled: 2,
    updatedNumberScheduled: 2,
    numberReady: 2,
    numberAvailable: 2,
    observedGeneration: 2,
  },
};
const deployed = { daemons: onTwoNodes, dpus: [{}], namespace: 'ns', missingNamespaces: [], sysfs: undefined };
const status = (change: object) => ({ daemons: { ...onTwoNodes, status: { ...onTwoNodes.status, ...change } } });

test.each([
  ['all is there', {}, 'Deployed', 'daemons on 2 of 2 nodes, 0 of 1 DataProcessingUnits ready'],
  [
    'a daemon is not available',
    status({ numberAvailable: 1 }),
    'RollingOut',
    'kubectl get pods -n ns -l app=dpu-daemon',
  ],
  ['a daemon is of before', status({ updatedNumberScheduled: 1 }), 'RollingOut', 'the daemons are starting'],
  ['its change was not seen yet', status({ observedGeneration: 1 }), 'RollingOut', 'the daemons are starting'],
  [
    'no node is labelled',
    status({ desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberAvailable: 0 }),
    'NoNodes',
    'kubectl label node <node> dpu=true',
  ],
  ['no DPU is found', { dpus: [] }, 'Deployed', 'kubectl get vplugin'],
  ['a namespace is missing', { missingNamespaces: ['a'] }, 'Deployed', 'names no namespace: a'],
  ['cards are not the node’s', { sysfs: '/tmp/cards' }, 'Deployed', 'read from /tmp/cards'],
])('where %s', (_, change, reason, message) => {
  expect(readiness({ ...deployed, ...change })).toMatchObject({ reason, message: expect.stringContaining(message) });
});

test('what is well has no advice', () => {
  expect(readiness(deployed)).toMatchObject({ status: 'True', message: expect.not.stringContaining(';') });
});
