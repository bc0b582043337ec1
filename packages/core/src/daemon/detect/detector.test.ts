import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { DpuOperatorConfig } from '../../api/index.ts';
import type { Node } from '../../kube/index.ts';
import { PluginCatalog } from '../../plugins/catalog.ts';
import { Detector } from './detector.ts';

const config: DpuOperatorConfig = {
  apiVersion: 'config.openshift.io/v1',
  kind: 'DpuOperatorConfig',
  metadata: { name: 'dpu-operator-config' },
  spec: { mode: 'auto', logLevel: 0 },
};
const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1', labels: { 'dpu.config.openshift.io/software-dpu': 'host' } },
};

test('tells of each change once; a node without its object changes nothing', async () => {
  const seen: { node: Node | undefined; config: DpuOperatorConfig | undefined } = { node, config };
  const told: string[][] = [];
  const detector = new Detector({
    catalog: () => new PluginCatalog([]),
    known: () => new Map(),
    sysfs: { snapshot: async () => ({ pci: [], dmiProduct: '' }) },
    nodeName: 'node-1',
    node: () => seen.node,
    config: () => seen.config,
    onDetected: (dpus) => told.push(dpus.map(({ name }) => name)),
    logger: pino({ level: 'silent' }),
  });
  await detector.look();
  await detector.look();
  seen.node = undefined;
  await detector.look();
  expect(told).toEqual([['software-dpu-node-1-host']]);
  seen.config = undefined;
  await detector.look();
  expect(told.at(-1)).toEqual([]);
});
