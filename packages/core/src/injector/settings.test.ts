import { expect, test } from 'vitest';
import { defaultSettings, parseSettings } from './settings.ts';

const read = (content: unknown) => parseSettings({ 'config.json': JSON.stringify(content) });
const injection = { op: 'add', path: '/metadata/annotations', value: { a: 'b' } };

test('without a ConfigMap nothing is switched on', () => {
  expect(parseSettings(undefined)).toEqual({ settings: defaultSettings, faults: [] });
});

test('both switches, and injections by their label', () => {
  const features = { enableHugePageDownApi: true, enableHonorExistingResources: true };
  expect(read({ features, 'user-defined-injections': { label: injection } })).toEqual({
    settings: { hugepages: true, addToExisting: true, annotationsByLabel: new Map([['label', { a: 'b' }]]) },
    faults: [],
  });
});

test.each<[string, Parameters<typeof parseSettings>[0], string]>([
  ['no file', {}, 'config.json: is missing'],
  ['no JSON', { 'config.json': '{' }, 'config.json: '],
  ['a list', { 'config.json': '[]' }, 'config.json: '],
])('%s is told, and switches nothing on', (_, data, fault) => {
  const { settings, faults } = parseSettings(data);
  expect(settings).toEqual(defaultSettings);
  expect(faults).toEqual([expect.stringContaining(fault)]);
});

test('a part that is wrong takes no other out of service', () => {
  const { settings, faults } = read({
    features: { enableHugePageDownApi: 'yes' },
    'user-defined-injections': {
      good: injection,
      removes: { ...injection, op: 'remove' },
      elsewhere: { ...injection, path: '/spec' },
      numbers: { ...injection, value: { a: 1 } },
    },
  });
  expect(settings).toEqual({ ...defaultSettings, annotationsByLabel: new Map([['good', { a: 'b' }]]) });
  expect(faults.map((fault) => fault.split(': ').slice(1, 4).join(' '))).toEqual([
    expect.stringContaining('features enableHugePageDownApi'),
    expect.stringContaining('user-defined-injections removes op'),
    expect.stringContaining('user-defined-injections elsewhere path'),
    expect.stringContaining('user-defined-injections numbers value'),
  ]);
});
