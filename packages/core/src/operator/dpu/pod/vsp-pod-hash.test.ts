import { podOf } from '@dpu-operator/sdk/manifest';
import { expect, test } from 'vitest';
import type { PluginRun } from '../../../api/fields/plugin-run.ts';
import { annotations } from '../../../api/names/names.ts';
import { parseEnvironment } from '../../shared/environment.ts';
import { renderVspPod } from './vsp-pod.ts';
import { vspPodHash } from './vsp-pod-hash.ts';

const environment = parseEnvironment({ DPU_SYSFS: '/fake/sys' }, 'host');
const pod = { ...podOf({ pod: { hostPaths: [{ path: '/sys', readOnly: true }] } }, 'host'), companions: [] };
const inImage: PluginRun = {
  name: '@vendor/vsp',
  version: '1.0.0',
  image: 'vsp:1',
  directory: '/plugins/vsp',
  products: ['Card', 'Other "card"'],
  disturbsTraffic: false,
  pod,
  settings: { text: 'say "no"\n', deep: { list: [1, null] } },
  digest: 'd',
};
const { directory: _, ...rest } = inImage;
const runs: PluginRun[] = [
  inImage,
  { ...inImage, settings: {} },
  { ...rest, package: '@vendor/vsp', lock: 'plugin-lock', secret: 's' },
  { ...rest, overlay: { env: [{ name: 'A', value: 'b' }] } },
];

function dpu(name: string, known: Record<string, string> = {}, dpuProductName = 'Card', isDpuSide = false) {
  const spec = { isDpuSide, nodeName: `node-of-${name}`, dpuProductName };
  const metadata = { name, uid: 'u', annotations: known };
  return { apiVersion: 'config.openshift.io/v1', kind: 'DataProcessingUnit', metadata, spec } as const;
}

const dpus = [
  dpu('a'),
  dpu('b'),
  dpu('long-'.repeat(30)),
  dpu('c', { [annotations.identifier]: 'aa:bb', [annotations.pciAddress]: '0000:01:00.0' }),
  dpu('d', { [annotations.identifier]: 'it is "\\quoted\\"' }),
  dpu('e', {}, 'Other "card"'),
  dpu('f', {}, 'of another plugin'),
  dpu('g', {}, 'Card', true),
  // What stands in the texts of one may stand in those of another.
  dpu('node-of-a', { [annotations.identifier]: 'node-of-a' }),
];

function madeHash(one: (typeof dpus)[number], run: PluginRun, of = environment): unknown {
  return Object(renderVspPod(one, run, of).metadata.annotations)[annotations.specHash];
}

test('the hash of a pod is that of the pod which is made, whichever DPUs were looked at before', () => {
  const cases = runs.flatMap((run) => [...dpus, ...dpus.toReversed()].map((one) => ({ run, one })));
  const made = cases.map(({ run, one }) => madeHash(one, run));
  expect(cases.map(({ run, one }) => vspPodHash(one, run, environment))).toEqual(made);
  expect(new Set(made).size).toBe(runs.length * dpus.length);
  const other = parseEnvironment({ IMAGE_PULL_POLICIES: 'Always' }, 'host');
  expect(vspPodHash(dpu('a'), inImage, other)).toBe(madeHash(dpu('a'), inImage, other));
});
