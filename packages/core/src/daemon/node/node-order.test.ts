import { expect, test } from 'vitest';
import type { DpuOperatorConfig } from '../../api/index.ts';
import type { Node } from '../../kube/index.ts';
import { gone, type Presence, there, unknown } from '../presence.ts';
import { nodeOrder } from './node-order.ts';

const config = (deletionTimestamp?: string): Presence<DpuOperatorConfig> =>
  there({
    apiVersion: 'config.openshift.io/v1',
    kind: 'DpuOperatorConfig',
    metadata: { name: 'dpu-operator-config', ...(deletionTimestamp && { deletionTimestamp }) },
    spec: { mode: 'host', logLevel: 0 },
  });
const node = (labels: Record<string, string>): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n', labels },
});
const wanted = { dpu: 'true' };
const own = { 'dpu.config.openshift.io/dpuside': 'dpu-host' };

test.each<[string, Presence<DpuOperatorConfig>, Node | undefined, object]>([
  ['a labelled node is served', config(), node(wanted), { is: 'serve', mode: 'host' }],
  ['also once the daemon has labelled it', config(), node({ ...wanted, ...own }), { is: 'serve' }],
  ['one that was served and lost its label is left', config(), node(own), { is: 'leave', by: 'nodeLabel' }],
  ['so is one whose label says no', config(), node({ dpu: 'false', ...own }), { is: 'leave', by: 'nodeLabel' }],
  ['a node that was registered anew has neither label', config(), node({}), { is: 'wait' }],
  ['a node without an object', config(), undefined, { is: 'wait' }],
  [
    'a configuration that is being deleted',
    config('2026-01-01T00:00:00Z'),
    node(wanted),
    { is: 'leave', by: 'config' },
  ],
  ['one that is gone, whatever the node', gone, undefined, { is: 'leave', by: 'config' }],
  ['one that cannot be read', unknown('schema'), node(own), { is: 'wait', reason: 'schema' }],
])('%s', (_case, configuration, object, order) => {
  expect(nodeOrder(configuration, object)).toMatchObject(order);
});
