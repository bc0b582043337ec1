import { expect, test } from 'vitest';
import { type Given, parseAnswers } from './answers.ts';

const given: Given = { vendor: 'acme', product: 'Acme DPU', 'host-pci': '1D0F:efA1' };

test('takes what is given and fills in the rest', () => {
  expect(parseAnswers(given)).toEqual({
    vendor: 'acme',
    product: 'Acme DPU',
    name: 'vsp-acme',
    host: { pci: { vendor: '1d0f', device: 'efa1' } },
    contracts: ['bridge', 'networkFunctions', 'chains', 'networkConfig'],
  });
  const dpu = { 'dpu-dmi': 'Acme Card', 'dpu-label': 'acme.com/dpu=yes', contracts: 'chains, bridge' };
  expect(parseAnswers({ ...given, ...dpu, name: '@acme/vsp' })).toMatchObject({
    name: '@acme/vsp',
    dpu: { dmi: 'Acme Card', label: { key: 'acme.com/dpu', value: 'yes' } },
    contracts: ['bridge', 'chains'],
  });
  expect(parseAnswers({ ...given, contracts: 'none' }).contracts).toEqual([]);
});

test.each<[string, Given]>([
  ['--vendor must be lower-case', { vendor: 'Acme' }],
  ['--product must be letters', { product: 'Acme "DPU"' }],
  ['--vendor must be lower-case', { vendor: 'acme-' }],
  ['--name must be the name of an npm package', { name: 'Acme' }],
  ['--name must be the name of an npm package', { name: 'node_modules' }],
  ['--name must be the name of an npm package', { name: `a${'b'.repeat(214)}` }],
  ['--name must be the name of an npm package', { name: '../x' }],
  ['--dpu-label must be key=value', { 'dpu-label': 'dpu=yes-' }],
  ['--contracts has no "toString"', { contracts: 'toString' }],
  ['--contracts has no "__proto__"', { contracts: '__proto__' }],
  ['--contracts must be names between commas, all or none, not ""', { contracts: '' }],
  ['--contracts must be names between commas, all or none, not "bridge,,chains"', { contracts: 'bridge,,chains' }],
  ['--host-pci must be vendor:device in hex digits, e.g. 1234:5678, not "1234"', { 'host-pci': '1234' }],
  ['--dpu-label must be key=value', { 'dpu-label': 'dpu' }],
  ['--dpu-pci must differ', { 'host-pci': '1234:5678', 'dpu-pci': '1234:5678' }],
  ['--contracts has no "bridges"; there are bridge, networkFunctions', { contracts: 'bridges' }],
])('refuses with %s', (message, wrong) => {
  expect(() => parseAnswers({ ...given, ...wrong })).toThrow(message);
});

test('names all that is missing or wrong at once', () => {
  expect(() => parseAnswers({ contracts: 'x' })).toThrow(
    /--contracts has no "x".*\n--vendor is missing\n--product is missing\nnothing tells where the DPU is: .*--host-pci/,
  );
});
