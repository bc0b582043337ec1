import { expect, test } from 'vitest';
import { resolveNodeReferences } from './node-references.ts';

const addressOf = (name: string) => new Map([['worker-2', '192.0.2.2']]).get(name);

test('a reference stands for the address of a node, wherever it is in the settings', () => {
  const settings = {
    peer: '{nodeIp:worker-2}',
    dpuAddress: '{nodeIp:worker-2}:50151',
    deep: [{ peers: ['{nodeIp:worker-2}', 'node {nodeName}'] }, 8, null, true],
  };
  expect(resolveNodeReferences(settings, addressOf)).toEqual({
    settings: {
      peer: '192.0.2.2',
      dpuAddress: '192.0.2.2:50151',
      deep: [{ peers: ['192.0.2.2', 'node {nodeName}'] }, 8, null, true],
    },
    unknownNodes: [],
  });
});

test('nodes without a known address are named, each once', () => {
  const settings = { a: '{nodeIp:worker-3}', b: ['{nodeIp:worker-3} {nodeIp:}'], c: '{nodeIp:worker-2}' };
  expect(resolveNodeReferences(settings, addressOf).unknownNodes).toEqual(['worker-3', '']);
});
