/** An object of each kind that people make, for the forms of consoles. */
import { vfIdKey } from '../../api/kinds/dpu-network.ts';
import { apiVersion, configName, labels, operatorNamespace } from '../../api/names/names.ts';

export const examples: readonly object[] = [
  {
    apiVersion,
    kind: 'DpuOperatorConfig',
    metadata: { name: configName },
    spec: { mode: 'auto', logLevel: 0 },
  },
  {
    apiVersion,
    kind: 'DataProcessingUnit',
    metadata: { name: 'made-by-a-daemon-host' },
    spec: { dpuProductName: 'Software DPU', isDpuSide: false, nodeName: 'worker-1' },
  },
  {
    apiVersion,
    kind: 'DataProcessingUnitConfig',
    metadata: { name: 'hosts', namespace: operatorNamespace },
    spec: { dpuSelector: { matchLabels: { [labels.side]: 'host' } }, numVfs: 8 },
  },
  {
    apiVersion,
    kind: 'ServiceFunctionChain',
    metadata: { name: 'firewall', namespace: operatorNamespace },
    spec: {
      nodeSelector: { [labels.nodeSide]: 'dpu' },
      networkFunctions: [{ name: 'firewall', image: 'registry.example.com/firewall:1.0.0' }],
    },
  },
  {
    apiVersion,
    kind: 'VendorPlugin',
    metadata: { name: 'acme' },
    spec: { package: '@acme/dpu-vsp', version: '^1.0.0' },
  },
  {
    apiVersion,
    kind: 'DpuNetwork',
    metadata: { name: 'blue' },
    spec: { dpuSelector: { matchExpressions: [{ key: vfIdKey, operator: 'In', values: ['0-3'] }] } },
  },
];
