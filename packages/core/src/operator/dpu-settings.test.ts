import { expect, test } from 'vitest';
import type { DataProcessingUnit } from '../api/data-processing-unit.ts';
import { type DataProcessingUnitConfig, dataProcessingUnitConfig } from '../api/data-processing-unit-config.ts';
import { annotations } from '../api/names.ts';
import type { InstalledPlugin } from '../plugins/installed.ts';
import { configVerdict } from './config-verdict.ts';
import { chooseSettings, configsOf } from './dpu-settings.ts';
import { selects } from './label-selector.ts';

const { apiVersion } = dataProcessingUnitConfig;
const schema = { type: 'object', properties: { vfs: { type: 'integer' } }, additionalProperties: false };

const plugin: InstalledPlugin = {
  packageName: '@vendor/vsp',
  version: '1.0.0',
  directory: '/plugins/vsp',
  manifest: {
    contract: '^1.0.0',
    products: [{ name: 'Card' }],
    privileges: { privileged: true, capabilities: [], hostPaths: [], hostNetwork: true, seccomp: 'RuntimeDefault' },
    programs: [],
    disturbsTraffic: false,
    settings: schema,
  },
};

function dpu(name: string, side = 'host', settings?: string): DataProcessingUnit {
  return {
    apiVersion,
    kind: 'DataProcessingUnit',
    metadata: { name, labels: { side }, ...(settings && { annotations: { [annotations.settings]: settings } }) },
    spec: { dpuProductName: 'Card', isDpuSide: side === 'dpu', nodeName: 'n', numVfs: 8 },
  };
}

function config(
  name: string,
  day: number,
  spec: DataProcessingUnitConfig['spec'],
  namespace = 'ns',
): DataProcessingUnitConfig {
  const creationTimestamp = `2026-01-0${day}T00:00:00Z`;
  return { apiVersion, kind: 'DataProcessingUnitConfig', metadata: { name, namespace, creationTimestamp }, spec };
}

test('the older config holds, then the first by name', () => {
  const configs = [config('b', 2, {}), config('a', 2, {}), config('z', 1, {})];
  expect(configsOf(dpu('d'), configs).map(({ metadata }) => metadata.name)).toEqual(['z', 'a', 'b']);
});

test('a selector means what it means to Kubernetes', () => {
  const labels = { side: 'host', rack: '1' };
  const is = (matchExpressions: { key: string; operator: string; values?: string[] }[]) =>
    selects({ matchExpressions }, labels);
  expect(selects(undefined, labels)).toBe(true);
  expect(selects({}, undefined)).toBe(true);
  expect(selects({ matchLabels: { side: 'dpu' } }, labels)).toBe(false);
  expect(is([{ key: 'side', operator: 'In', values: ['host', 'dpu'] }])).toBe(true);
  expect(is([{ key: 'none', operator: 'In', values: ['x'] }])).toBe(false);
  expect(is([{ key: 'none', operator: 'NotIn', values: ['x'] }])).toBe(true);
  expect(is([{ key: 'rack', operator: 'Exists' }])).toBe(true);
  expect(is([{ key: 'rack', operator: 'DoesNotExist' }])).toBe(false);
  expect(is([{ key: 'rack', operator: 'Gt', values: ['0'] }])).toBe(false);
});

test('good settings are taken, with the VF count', () => {
  const held = config('a', 1, { numVfs: 4, settings: { vfs: 2 } });
  const choice = chooseSettings(dpu('d'), [held], schema);
  expect(choice).toEqual({ config: held, settings: { vfs: 2 }, numVfs: 4, problem: undefined });
});

test('wrong settings change nothing, and say which field is wrong', () => {
  const wrong = config('a', 1, { numVfs: 4, settings: { vfs: 'many', bogus: 1 } });
  const choice = chooseSettings(dpu('d', 'host', '{"vfs":3}'), [wrong], schema);
  expect(choice).toMatchObject({ settings: { vfs: 3 }, numVfs: 8 });
  expect(choice.problem).toContain('spec.settings.vfs must be integer');
  expect(choice.problem).toContain('(bogus)');
  expect(chooseSettings(dpu('d'), [wrong], schema).settings).toBeUndefined();
});

test('settings that a plugin cannot do without are asked for', () => {
  const choice = chooseSettings(dpu('d'), [], { type: 'object', required: ['peer'] });
  expect(choice.problem).toBe("spec.settings must have required property 'peer'");
});

test('a broken schema is the plugin’s fault, not an exception', () => {
  expect(chooseSettings(dpu('d'), [], { type: 'no-such-type' }).problem).toContain('schema is broken');
});

test('a config says where it holds, who holds instead, and what is wrong', () => {
  const host = { dpuSelector: { matchLabels: { side: 'host' } } };
  const configs = [
    config('old', 1, host),
    config('new', 2, {}),
    config('none', 3, { dpuSelector: { matchLabels: { side: 'x' } } }),
  ];
  const dpus = [dpu('h'), dpu('d', 'dpu')];
  const [old, young, none] = configs.map((one) => configVerdict(one, configs, dpus, [plugin]));
  expect(old).toMatchObject({ status: 'True', message: 'applied to h' });
  expect(young).toMatchObject({ status: 'False', reason: 'Superseded' });
  expect(young?.message).toBe('older configs hold for h (by ns/old); narrow one of the selectors; applied to d');
  expect(none).toMatchObject({ status: 'False', reason: 'NothingSelected' });
  const wrong = [config('old', 1, { settings: { vfs: 'x' } })];
  expect(wrong.map((one) => configVerdict(one, wrong, dpus, [plugin]))).toMatchObject([{ reason: 'SettingsInvalid' }]);
});
