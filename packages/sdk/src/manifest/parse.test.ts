import { describe, expect, test } from 'vitest';
import { servesContract } from './contract-version.ts';
import { fillIdentifier } from './identifier.ts';
import { parsePluginManifest } from './parse.ts';

const side = { detect: { pci: { vendor: '177d', device: 'b900' } }, identifier: 'marvell-dpu-{pciAddress}' };
const minimal = { contract: '^1.0.0', products: [{ name: 'Marvell DPU', host: side }] };

test('fills in what a manifest leaves out', () => {
  expect(parsePluginManifest({ name: 'plugin', dpu: minimal })).toEqual({
    ...minimal,
    programs: [],
    disturbsTraffic: false,
    privileges: { privileged: false, capabilities: [], hostPaths: [], seccomp: 'RuntimeDefault', hostNetwork: true },
    settings: { type: 'object', additionalProperties: false },
  });
});

test.each([
  ['dpu', undefined],
  ['dpu.contract: the plugin needs contract ^2.0.0', { ...minimal, contract: '^2.0.0' }],
  ['dpu.contract: must be a version', { ...minimal, contract: '>=1' }],
  ['dpu.products', { ...minimal, products: [] }],
  ['dpu.products[0]: must have host, dpu or both', { ...minimal, products: [{ name: 'x' }] }],
  [
    'dpu.products[0].host.detect.pci.vendor: must be 4 lower-case hex digits',
    withSide({ detect: { pci: { vendor: '177D', device: 'b900' } } }),
  ],
  ['dpu.products[0].host.detect: must hold at least one rule', withSide({ detect: {}, identifier: 'x' })],
  [
    'dpu.products[0].host.detect: netdevName and uniqueBySerial need pci',
    withSide({ detect: { netdevName: 'd2$' }, identifier: 'x' }),
  ],
  [
    'dpu.products[0].host.detect.netdevName: must be a regular',
    withSide({ detect: { ...side.detect, netdevName: '(' } }),
  ],
  ['dpu.products[0].host.identifier: unknown placeholder {pci}', withSide({ identifier: '{pci}' })],
  ['dpu.products[0].host.identifier: {serial} needs', withSide({ identifier: '{serial}' })],
  ['dpu.products[0].host.identifier: {pciAddress} needs', withSide({ detect: { dmiProductContains: 'IPU' } })],
  ['dpu.privileges.capabilities[0]', { ...minimal, privileges: { capabilities: ['net-admin'] } }],
])('refuses %s', (message, dpu) => {
  const parse = () => parsePluginManifest({ dpu });
  expect(parse).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  );
});

function withSide(changes: object) {
  return { ...minimal, products: [{ name: 'Marvell DPU', host: { ...side, ...changes } }] };
}

describe('contract versions', () => {
  test.each([
    ['^1.0.0', '1.0.0', true],
    ['^1.0.0', '1.4.2', true],
    ['^1.2.0', '1.1.9', false],
    ['^1.2.3', '1.2.2', false],
    ['^1.0.0', '2.0.0', false],
    ['1.0.0', '1.0.0', true],
    ['1.0.0', '1.0.1', false],
  ])('%s is served by %s: %s', (range, served, expected) => expect(servesContract(range, served)).toBe(expected));
});

test('identifiers are made from templates', () => {
  const values: Record<string, string> = { node: 'worker-1', 'mac:0000:f4:00.0': '02:00:00:00:00:01' };
  const textOf = (name: string) => values[name] ?? '';
  expect(fillIdentifier('netsec-{mac:0000:f4:00.0}-{node}', textOf)).toBe('netsec-02:00:00:00:00:01-worker-1');
});
