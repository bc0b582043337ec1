import { describe, expect, expectTypeOf, test } from 'vitest';
import type { z } from 'zod';
import { contractFault } from './contract-version.ts';
import { fillIdentifier } from './detection/identifier.ts';
import type { PluginManifest } from './manifest.ts';
import { parsePluginManifest, readPluginManifest } from './parse.ts';
import { programsOf } from './pod/programs.ts';
import type { pluginManifest } from './schema.ts';

const side = { detect: { pci: { vendor: '177d', device: 'b900' } }, identifier: 'marvell-dpu-{pciAddress}' };
const pci = { vendor: '177d', device: 'b900' };
const wrong = { vendor: '177d', device: 'B900' };
const bluefield = { dmiProductContains: 'BlueField' };
const dsn = { from: ['dsn'] };
const minimal = { contract: '^1.0.0', products: [{ name: 'Marvell DPU', host: side }] };

test('fills in what a manifest leaves out', () => {
  expect(parsePluginManifest({ name: 'plugin', dpu: minimal })).toEqual({
    ...minimal,
    programs: [],
    disturbsTraffic: false,
    pod: {},
    settings: { type: 'object', additionalProperties: false },
  });
});

test('the type of a manifest is what its schema makes', () => {
  expectTypeOf<z.infer<typeof pluginManifest>>().toEqualTypeOf<PluginManifest>();
});

test.each([
  ['dpu', undefined],
  ['dpu.contract: the plugin needs contract ^2.0.0', { ...minimal, contract: '^2.0.0' }],
  ['dpu.contract: must be a range of versions', { ...minimal, contract: 'one' }],
  ['dpu.contract: must be a range of versions', { ...minimal, contract: '' }],
  ['dpu.products', { ...minimal, products: [] }],
  ['dpu.products[0]: must have host, dpu or both', { ...minimal, products: [{ name: 'x' }] }],
  [
    'dpu.products[0].host.detect.pci.vendor: must be 4 lower-case hex digits',
    withSide({ detect: { pci: { vendor: '177D', device: 'b900' } } }),
  ],
  ['dpu.products[0].host.detect: must hold at least one rule', withSide({ detect: {}, identifier: 'x' })],
  ['dpu.products[0].host.detect: a PCI function must be named by pci', withRule({ netdevName: 'd2$' })],
  ['dpu.products[0].host.detect: a PCI function must be named', withRule({ not: { pci } })],
  ['dpu.products[0].host.detect: a PCI function must be named', withRule({ anyOf: [{ pci }, bluefield] })],
  ['dpu.products[0].host.detect: a PCI function must be', withRule({ present: { ...pci, sameSlot: true } })],
  ['dpu.products[0].host.detect.anyOf: ', withRule({ anyOf: [] })],
  ['dpu.products[0].host.detect.anyOf[1]: must hold at least one rule', withRule({ anyOf: [{ pci }, {}] })],
  ['dpu.products[0].host.detect.allOf[0].not.pci.device: must be 4', withRule({ allOf: [{ not: { pci: wrong } }] })],
  ['dpu.products[0].host.detect.not.anyof: there is no such field', withRule({ pci, not: { anyof: [] } })],
  ['dpu.products[0].host.detect.present.sameslot: there is no', withRule({ pci, present: { ...pci, sameslot: true } })],
  ['dpu.products[0].host.detect.pci.subsystemDevice: must be 4', withPci({ subsystemDevice: '0x21' })],
  [
    'dpu.products[0].host.serial: needs a pci rule',
    withSide({ detect: bluefield, serial: dsn, identifier: '{serial}' }),
  ],
  ['dpu.products[0].host.serial.from[1]: must be dsn, vpd or', withSide({ serial: { from: ['dsn', 'smbios'] } })],
  ['dpu.products[0].host.serial.fallback: must hold a placeholder', withSide({ serial: { ...dsn, fallback: 'none' } })],
  ['dpu.products[0].host.serial.fallback: unknown placeholder {serial}', withFallback('{serial}')],
  ['dpu.products[0].host.groupBy: needs a pci rule', withSide({ detect: bluefield, groupBy: 'slot', identifier: 'x' })],
  ['dpu.products[0].host.groupBy: serial needs a serial rule', withSide({ groupBy: 'serial', identifier: 'x' })],
  ['dpu.products[0].host.identifier: {pciAddress} is of one function', withSide({ serial: dsn })],
  ['dpu.products[0].host.identifier: {slot} needs', withSide({ detect: bluefield, identifier: '{slot}' })],
  [
    'dpu.products[0].host.detect.netdevName: must be a regular',
    withSide({ detect: { ...side.detect, netdevName: '(' } }),
  ],
  ['dpu.products[0].host.identifier: unknown placeholder {pci}', withSide({ identifier: '{pci}' })],
  ['dpu.products[0].host.identifier: {serial} needs', withSide({ identifier: '{serial}' })],
  ['dpu.products[0].host.identifier: {pciAddress} needs', withSide({ detect: { dmiProductContains: 'IPU' } })],
  ['dpu.manifestVersion: the manifest is of version 2', { ...minimal, manifestVersion: 2 }],
  ['dpu.manifestVersion: must be 1', { ...minimal, manifestVersion: 0 }],
  ['dpu.$schema: there is no such field', { ...minimal, $schema: './schema.json' }],
  ['dpu.products[0].detection: there is no such field', { ...minimal, products: [{ name: 'x', detection: {} }] }],
  ['dpu.products[0].host.detect.pci.subsystem: there is no such field', withPci({ subsystem: '0001' })],
  ['dpu.products[1].name: there is a product Marvell DPU already', withProduct({ name: 'Marvell DPU', host: side })],
  ['dpu.products[0].host.serial.from[0]: must end within the 4096', withSerial({ offset: 4090, length: 8 })],
  ['dpu.products[0].host.detect.nodeLabel.key: must be the key', withLabel({ key: 'a b', values: ['x'] })],
  ['dpu.products[0].host.detect.nodeLabel.values[1]: must be the value', withLabel({ key: 'a', values: ['x', '-'] })],
  ['dpu.products[0].host.detect.netdevName', withSide({ detect: { ...side.detect, netdevName: '' } })],
  ['dpu.products[0].host.identifier: must hold a letter or digit', withSide({ identifier: '---' })],
  ['dpu.privileges: there is no such field', { ...minimal, privileges: {} }],
  ['dpu.image: must be the name of an image', { ...minimal, image: 'Acme VSP' }],
  ['dpu.image: must be the name of an image', { ...minimal, image: 'https://registry.example.com/vsp:1' }],
  ['dpu.programs[1]: must be the name of a program', { ...minimal, programs: ['ip', '/usr/sbin/devlink'] }],
  ['dpu.programs.dpu[0]: must be the name of a program', { ...minimal, programs: { dpu: ['a b'] } }],
  ['dpu.programs.both: there is no such field; there are dpu, host', { ...minimal, programs: { both: ['ip'] } }],
  ['dpu.programs: must be a list of names, e.g. ["ip"], or an object with', { ...minimal, programs: 'ip' }],
  ['dpu.programs[0]: must be text, is 5', { ...minimal, programs: [5] }],
  ['dpu.programs.host: must be a list, is "ip"', { ...minimal, programs: { host: 'ip' } }],
  ['dpu.disturbsTraffic: must be true, false or a list of sides', { ...minimal, disturbsTraffic: 'dpu' }],
  ['dpu.disturbsTraffic[0]: must be "host" or "dpu", is "both"', { ...minimal, disturbsTraffic: ['both'] }],
  ['dpu.program: there is no such field; did you mean programs? There are contract,', { ...minimal, program: [] }],
  ['dpu.contract: must be set: text', { products: minimal.products }],
  ['dpu.settings: must be an object, is a list', { ...minimal, settings: [] }],
  ['dpu.products[0].name: must not be empty', { ...minimal, products: [{ name: '', host: side }] }],
  ['dpu.products[0].host.detect.pci.vendor: must be text, is 177', withPci({ vendor: 177 })],
  ['dpu.products[0].host.detect.pci.notVf: must be true, is false', withPci({ notVf: false })],
  ['dpu.products[0].host.serial.from[0].length: must be set: a number', withSerial({ offset: 1 })],
  ['dpu.pod.gracePeriodSeconds: must be at most 600, is 601', { ...minimal, pod: { gracePeriodSeconds: 601 } }],
  ['dpu.pod.gracePeriodSeconds: must be at least 1, is 0', { ...minimal, pod: { gracePeriodSeconds: 0 } }],
  ['dpu.pod.env.A: must be text, is 5', { ...minimal, pod: { env: { A: 5 } } }],
])('refuses %s', (message, dpu) => {
  const parse = () => parsePluginManifest({ dpu });
  expect(parse).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  );
});

test('a manifest that is nested deeper than anybody reads is refused, also where anything goes', () => {
  const nested = (levels: number) => {
    let rule: object = { pci };
    for (let level = 0; level < levels; level++) rule = { not: rule };
    return rule;
  };
  const message = 'package.json: is nested more than 64 levels deep';
  expect(() => parsePluginManifest({ dpu: withRule({ pci, ...nested(50_000) }) })).toThrow(message);
  expect(() => parsePluginManifest({ dpu: { ...minimal, settings: nested(70) } })).toThrow(message);
  expect(parsePluginManifest({ dpu: withRule({ pci, ...nested(50) }) }).products).toHaveLength(1);
});

test('only that the manifest is of a later version is said where it is', () => {
  const dpu = { ...minimal, manifestVersion: 2, newField: true };
  expect(() => parsePluginManifest({ dpu })).toThrow(
    /^dpu\.manifestVersion: [^;]* install a newer operator [^;]* or an older version of the plugin$/,
  );
});

describe('fields that the manifest can do without', () => {
  const newer = {
    ...minimal,
    optionalFields: ['pod.host.cpuSet', 'products[].label', 'pod.env'],
    products: [{ ...minimal.products[0], label: 'OCTEON' }],
    pod: { env: { A: 'b' }, host: { cpuSet: '2-3' } },
  };

  test('are passed over where they are not known, and named', () => {
    const { optionalFields } = newer;
    const known = readPluginManifest({ dpu: minimal });
    expect(known.passedOver).toEqual([]);
    expect(readPluginManifest({ dpu: newer })).toEqual({
      manifest: {
        ...known.manifest,
        optionalFields,
        pod: { env: { A: 'b' }, host: {} },
      },
      passedOver: ['dpu.products[0].label', 'dpu.pod.host.cpuSet'],
    });
  });

  test.each([
    ['dpu.pod.dpu.cpuSet: there is no such field', { pod: { dpu: { cpuSet: '2' }, host: { cpuSet: '2' } } }],
    ['dpu.pod.env.A: must be text', { pod: { env: { A: 5 }, host: { cpuSet: '2' } } }],
    ['dpu.optionalFields[0]: must be names of fields', { optionalFields: ['pod..x'] }],
    ['dpu.optionalFields: must be a list', { optionalFields: 'pod.host.cpuSet' }],
    ['dpu.manifestVersion: the manifest is of version 2', { manifestVersion: 2, other: 1 }],
  ])('excuse nothing else: %s', (message, changes) => {
    expect(() => parsePluginManifest({ dpu: { ...newer, ...changes } })).toThrow(message);
  });
});

test.each([
  'vsp',
  'acme/vsp:1.2',
  `registry.example.com:5000/a/b-c__d.e@sha256:${'0'.repeat(64)}`,
  '[fd00::1]:5000/vsp:v1',
])('the image %s is taken', (image) => expect(parsePluginManifest({ dpu: { ...minimal, image } }).image).toBe(image));

test('programs are those of a side, or of both', () => {
  const of = (programs: unknown, side?: 'host' | 'dpu') =>
    programsOf(parsePluginManifest({ dpu: { ...minimal, programs } }), side);
  expect([of(['ip']), of(['ip'], 'host'), of(['ip'], 'dpu')]).toEqual([['ip'], ['ip'], ['ip']]);
  const each = { host: ['ip', 'devlink'], dpu: ['ip', 'ovs-vsctl'] };
  expect([of(each), of(each, 'host'), of(each, 'dpu')]).toEqual([['ip'], each.host, each.dpu]);
  expect([of({ dpu: ['ip'] }), of({ dpu: ['ip'] }, 'host')]).toEqual([[], []]);
});

function withProduct(another: object) {
  return { ...minimal, products: [...minimal.products, another] };
}

function withPci(more: object) {
  return withSide({ detect: { pci: { ...side.detect.pci, ...more } } });
}

function withSerial(source: object) {
  return withSide({ serial: { from: [source] }, identifier: '{serial}' });
}

function withFallback(fallback: string) {
  return withSide({ serial: { ...dsn, fallback }, identifier: '{serial}' });
}

function withRule(detect: object) {
  return withSide({ detect, identifier: 'x' });
}

function withLabel(nodeLabel: object) {
  return withSide({ detect: { ...side.detect, nodeLabel } });
}

function withSide(changes: object) {
  return { ...minimal, products: [{ name: 'Marvell DPU', host: { ...side, ...changes } }] };
}

describe('contract versions', () => {
  test.each([
    ['^1.0.0', '1.0.0'],
    ['^1.0.0', '1.4.2'],
    ['1.0.0', '1.0.0'],
    ['>=1.1 <3', '2.7.0'],
    ['^1.2.0 || ^2.0.0', '2.0.1'],
  ])('%s is served by %s', (range, served) => expect(contractFault(range, served)).toBeUndefined());

  test.each([
    ['^1.2.0', '1.1.9', /: install a newer operator .* or an older version of the plugin$/],
    ['^2.0.0', '1.4.0', /: install a newer operator .* or an older version of the plugin$/],
    ['^1.0.0', '2.0.0', /: install a newer version of the plugin$/],
    ['1.0.0', '1.0.1', /: install a newer version of the plugin$/],
    ['~1.0.0 || ^2.0.0', '1.1.0', /: install another version of the plugin, or of the operator/],
  ])('%s is not served by %s, and what to do is said', (range, served, text) => {
    expect(contractFault(range, served)).toMatch(text);
  });

  test('only the contract is named where it does not fit', () => {
    const dpu = { ...minimal, contract: '^9.0.0', newField: true, products: [{ detection: {} }] };
    expect(() => parsePluginManifest({ dpu })).toThrow(/^dpu\.contract: the plugin needs contract \^9\.0\.0, [^;]*$/);
  });
});

test('identifiers are made from templates', () => {
  const values: Record<string, string> = { node: 'worker-1', 'mac:0000:f4:00.0': '02:00:00:00:00:01' };
  const textOf = (name: string) => values[name] ?? '';
  expect(fillIdentifier('netsec-{mac:0000:f4:00.0}-{node}', textOf)).toBe('netsec-02:00:00:00:00:01-worker-1');
});
