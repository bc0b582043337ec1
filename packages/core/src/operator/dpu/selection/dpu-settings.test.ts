import { expect, test } from 'vitest';
import type { DataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import {
  type DataProcessingUnitConfig,
  dataProcessingUnitConfig,
} from '../../../api/kinds/data-processing-unit-config.ts';
import { annotations } from '../../../api/names/names.ts';
import { PluginCatalog } from '../../../plugins/catalog.ts';
import type { PluginRelease } from '../../../plugins/release.ts';
import { outcomeOf } from './config-outcome.ts';
import { ConfigOutcomes } from './config-outcomes.ts';
import { checkSettings, configsOf } from './dpu-settings.ts';
import { selects } from './label-selector.ts';
import { choose } from './plugin-choice.ts';

const { apiVersion } = dataProcessingUnitConfig;
const schema = { type: 'object', properties: { vfs: { type: 'integer' } }, additionalProperties: false };

const host = { detect: { nodeLabel: { key: 'a', values: ['b'] } }, identifier: 'card' };

const plugin: PluginRelease = {
  plugin: '@vendor/vsp',
  version: '1.0.0',
  source: { kind: 'builtin', directory: '/plugins/vsp' },
  manifest: {
    contract: '^1.0.0',
    products: [{ name: 'Card', host, dpu: host }],
    pod: { privileged: true },
    programs: [],
    disturbsTraffic: false,
    settings: schema,
  },
};

const nodes = {
  addressOf: (name: string) => (name === 'worker-2' ? '192.0.2.2' : undefined),
  architectureOf: () => 'arm64',
  imageMirrors: [],
};

/** A catalog whose one plugin has settings of that schema. */
const context = (settings: PluginRelease['manifest']['settings']) => ({
  catalog: new PluginCatalog([], [{ ...plugin, manifest: { ...plugin.manifest, settings } }]),
  ...nodes,
});

function dpu(name: string, side = 'host'): DataProcessingUnit {
  return {
    apiVersion,
    kind: 'DataProcessingUnit',
    metadata: { name, labels: { side }, annotations: { [annotations.plugin]: '@vendor/vsp' } },
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

function verdict(
  one: DataProcessingUnitConfig,
  configs: readonly DataProcessingUnitConfig[],
  dpus: readonly DataProcessingUnit[],
) {
  const selected = dpus.filter(({ metadata }) => selects(one.spec.dpuSelector, metadata.labels));
  const outcomes = new ConfigOutcomes();
  const about = { ...context(schema), configsFor: (dpu: DataProcessingUnit) => configsOf(dpu, configs) };
  for (const each of selected) outcomes.put(each.metadata.name, outcomeOf(each, one, about));
  return outcomes.verdict;
}

test('of many DPUs a config names one, and how many more', () => {
  const held = config('a', 1, {});
  const four = ['d', 'b', 'a', 'c'].map((name) => dpu(name));
  expect(verdict(held, [held], four).message).toBe('applied to a and 3 more DataProcessingUnits');
  const faulty = config('a', 1, { settings: { vfs: 'x' } });
  expect(verdict(faulty, [faulty], four).message).toMatch(/^a: .* and 3 more DataProcessingUnits$/s);
});

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
  const choice = choose(dpu('d'), [held], 'vsp:1', context(schema));
  expect(choice).toMatchObject({
    config: held,
    wanted: { name: '@vendor/vsp', settings: { vfs: 2 } },
    vfs: { numVfs: 4 },
  });
  expect(choice.problem).toBeUndefined();
});

test('wrong settings change nothing, and say which field is wrong', () => {
  const wrong = config('a', 1, { numVfs: 4, settings: { vfs: 'many', bogus: 1 } });
  const choice = choose(dpu('d'), [wrong], 'vsp:1', context(schema));
  expect(choice).toMatchObject({ wanted: undefined, vfs: { numVfs: 8 }, problem: { reason: 'SettingsInvalid' } });
  expect(choice.problem?.message).toContain('spec.settings.vfs: must be integer');
  expect(choice.problem?.message).toContain('spec.settings.bogus: there is no such setting');
});

test('settings that a plugin cannot do without are asked for', () => {
  const { problem } = choose(dpu('d'), [], 'vsp:1', context({ type: 'object', required: ['peer'] }));
  expect(problem?.reason).toBe('SettingsMissing');
  expect(problem?.message).toContain('spec.settings.peer: must be set');
});

test('a Secret is named by a config where, and only where, the plugin reads one', () => {
  const reading = (pod: PluginRelease['manifest']['pod']) => ({
    catalog: new PluginCatalog([], [{ ...plugin, manifest: { ...plugin.manifest, pod } }]),
    ...nodes,
  });
  const needs = reading({ host: { secret: { keys: ['key'], description: 'of the IMC' } } });
  const named = config('a', 1, { secret: { name: 'imc' } });
  expect(choose(dpu('d'), [], 'vsp:1', needs).problem).toEqual({
    reason: 'SecretMissing',
    message:
      'plugin @vendor/vsp needs a Secret with key (of the IMC): name it in spec.secret of a DataProcessingUnitConfig',
  });
  expect(choose(dpu('d'), [named], 'vsp:1', needs).wanted).toMatchObject({ secret: 'imc' });
  expect(choose(dpu('d', 'dpu'), [], 'vsp:1', needs).problem).toBeUndefined();
  expect(choose(dpu('d', 'dpu'), [named], 'vsp:1', needs).problem).toMatchObject({ reason: 'SettingsInvalid' });
  const optional = reading({ configMap: { keys: ['p4info'], optional: true } });
  expect(choose(dpu('d'), [], 'vsp:1', optional).problem).toBeUndefined();
});

test('a reference to a node is its address by the time the schema and the plugin see it', () => {
  const peer = { type: 'object', properties: { peer: { type: 'string', maxLength: 9 } } };
  const held = config('a', 1, { settings: { peer: '{nodeIp:worker-2}' } });
  expect(choose(dpu('d'), [held], 'vsp:1', context(peer)).wanted?.settings).toEqual({ peer: '192.0.2.2' });
});

test('while a node that settings name is not known, a DPU keeps what it runs', () => {
  const held = config('a', 1, { numVfs: 4, settings: { vfs: '{nodeIp:worker-3}' } });
  const choice = choose(dpu('d'), [held], 'vsp:1', context(schema));
  expect(choice).toMatchObject({ wanted: undefined, vfs: { numVfs: 8 }, problem: { reason: 'NodeUnknown' } });
  expect(choice.problem?.message).toContain('worker-3');
  expect(verdict(held, [held], [dpu('d')]).reason).toBe('NodeUnknown');
});

test('a plugin may disturb traffic on one side only', () => {
  const rough: PluginRelease = { ...plugin, manifest: { ...plugin.manifest, disturbsTraffic: ['dpu'] } };
  const catalog = new PluginCatalog([], [rough]);
  const disturbs = (side: string) => choose(dpu('d', side), [], 'vsp:1', { catalog, ...nodes }).wanted?.disturbsTraffic;
  expect([disturbs('host'), disturbs('dpu')]).toEqual([false, true]);
});

test('an image that is not for the processor of the node is not run there', () => {
  const image = 'r.example.com/acme/vsp:1';
  const catalog = (architectures: string[]) =>
    new PluginCatalog([], [{ ...plugin, source: { kind: 'image' }, image, architectures }]);
  const chosen = (architectures: string[]) =>
    choose(dpu('d'), [], 'vsp:1', { ...nodes, catalog: catalog(architectures) });
  expect(chosen(['amd64', 'arm64'])).toMatchObject({ problem: undefined, wanted: { image } });
  const { wanted, problem } = chosen(['amd64']);
  expect(wanted).toBeUndefined();
  expect(problem).toMatchObject({ reason: 'ArchitectureMissing' });
  expect(problem?.message).toContain(`node n is arm64; plugin @vendor/vsp has its image ${image} for amd64 only`);
});

test('nodes take the images of plugins from their mirrors, and that of the operator from where it says', () => {
  const companion = { name: 'p4', image: 'r.example.com/acme/p4:1' };
  const pod = { companions: [companion] };
  const imageMirrors = [
    { source: 'r.example.com', mirror: 'm.example.com/r' },
    { source: 'docker.io', mirror: 'm.example.com/hub' },
  ];
  const release = { ...plugin, manifest: { ...plugin.manifest, pod } };
  const wantedOf = (more: object) =>
    choose(dpu('d'), [], 'vsp:1', { ...nodes, imageMirrors, catalog: new PluginCatalog([], [{ ...release, ...more }]) })
      .wanted;
  expect(wantedOf({ image: 'r.example.com/acme/vsp:1' })).toMatchObject({
    image: 'm.example.com/r/acme/vsp:1',
    pod: { companions: [{ image: 'm.example.com/r/acme/p4:1' }] },
  });
  expect(wantedOf({})).toMatchObject({ image: 'vsp:1' });
});

test('a broken schema is the plugin’s fault, not an exception', () => {
  const { problem } = choose(dpu('d'), [], 'vsp:1', context({ type: 'no-such-type' }));
  expect(problem?.message).toContain('settings schema (dpu.settings) is wrong');
});

test('a config says where it holds, who holds instead, and what is wrong', () => {
  const host = { dpuSelector: { matchLabels: { side: 'host' } } };
  const configs = [
    config('old', 1, host),
    config('new', 2, {}),
    config('none', 3, { dpuSelector: { matchLabels: { side: 'x' } } }),
  ];
  const dpus = [dpu('h'), dpu('d', 'dpu')];
  const [old, young, none] = configs.map((one) => verdict(one, configs, dpus));
  expect(old).toMatchObject({ status: 'True', message: 'applied to h' });
  expect(young).toMatchObject({ status: 'False', reason: 'Superseded' });
  expect(young?.message).toBe('older configs hold for h (by ns/old); narrow one of the selectors; applied to d');
  expect(none).toMatchObject({ status: 'False', reason: 'NothingSelected' });
  const wrong = [config('old', 1, { settings: { vfs: 'x' } })];
  expect(wrong.map((one) => verdict(one, wrong, dpus))).toMatchObject([{ reason: 'SettingsInvalid' }]);
});

test('a config is applied when the DPU has the virtual functions, and partly where it was refused them', () => {
  const held = config('a', 1, { numVfs: 8 });
  const said = (status: 'True' | 'False', reason: string, observedGeneration: number): DataProcessingUnit => ({
    ...dpu('h'),
    metadata: { ...dpu('h').metadata, generation: 2 },
    status: {
      conditions: [
        {
          type: 'VfCount',
          status,
          reason,
          message: 'why',
          observedGeneration,
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  });
  const verdictOf = (one: DataProcessingUnit) => {
    const { status, reason, message } = verdict(held, [held], [one, dpu('d', 'dpu')]);
    return `${status} ${reason}: ${message}`;
  };
  expect(verdictOf(dpu('h'))).toBe('False RollingOut: under way to h');
  expect(verdictOf(said('True', 'Applied', 1))).toBe('False RollingOut: under way to h');
  expect(verdictOf(said('False', 'Resizing', 2))).toBe('False RollingOut: under way to h: why');
  expect(verdictOf(said('False', 'Refused', 2))).toBe('False PartlyApplied: h: numVfs: why; applied to d');
  expect(verdictOf(said('True', 'Applied', 2))).toBe('True Applied: applied to d, h');
  const other = { ...said('True', 'Applied', 2), spec: { ...dpu('h').spec, numVfs: 4 } };
  expect(verdictOf(other)).toBe('False RollingOut: under way to h');
});

test('a schema that takes long for some settings is not tried with ever more, whatever VendorPlugin has it anew', () => {
  // It backtracks: each letter more doubles the time.
  const slow = () => ({ type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } });
  const settings = (count: number) => ({ a: `${'a'.repeat(60 + count)}!` });
  for (let count = 0; count < 3; count++) {
    expect(checkSettings(slow(), settings(count))).toContain('it takes longer than 500 ms');
  }
  const before = process.threadCpuUsage();
  for (let count = 3; count < 500; count++) {
    expect(checkSettings(slow(), settings(count))).toContain('no others are checked by it');
  }
  // Less than one more look would take.
  expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(500);
  expect(checkSettings(slow(), settings(0))).toContain('it takes longer than 500 ms');
  expect(checkSettings({ ...schema }, { vfs: 4 })).toBeUndefined();
});
