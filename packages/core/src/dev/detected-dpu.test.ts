import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { expect, test } from 'vitest';
import { detectedDpu } from './detected-dpu.ts';

const plugin = (...products: object[]) => ({
  ...{ name: 'vsp-test', version: '1.0.0', entry: '/index.mjs' },
  manifest: parsePluginManifest({ dpu: { contract: '^1.0.0', products } }),
});
const pci = { vendor: '177d', device: 'b900' };
const oneSided = { name: 'Old Card', host: { detect: { pci }, identifier: 'old-{pciAddress}' } };

test('takes the product with both sides, with a card made up for its identifier', () => {
  const detect = { pci };
  const serial = { from: ['dsn'] };
  const both = {
    name: 'New Card',
    host: { detect, serial, identifier: 'new-{serial}-{node}' },
    dpu: { detect: { anyOf: [{ pci }] }, identifier: 'new-{mac:0000:f4:00.0}-{slot}' },
  };
  expect(detectedDpu(plugin(oneSided, both), 'host', 'dev-host')).toEqual({
    name: 'new-0011223344556677-dev-host-host',
    identifier: 'new-0011223344556677-dev-host',
    productName: 'New Card',
    side: 'host',
    plugin: 'vsp-test',
    functions: [{ address: '0000:01:00.0', bridges: [] }],
  });
  expect(detectedDpu(plugin(both), 'dpu', 'dev-dpu')).toMatchObject({
    identifier: 'new-02:00:00:00:00:01-0000:01:00',
    functions: [{ address: '0000:01:00.0' }],
  });
});

test('a side that the product does not know gets an identifier all the same', () => {
  expect(detectedDpu(plugin(oneSided), 'host', 'n').identifier).toBe('old-0000:01:00.0');
  expect(detectedDpu(plugin(oneSided), 'dpu', 'n')).toMatchObject({ identifier: 'Old Card-n', name: 'old-card-n-dpu' });
});
