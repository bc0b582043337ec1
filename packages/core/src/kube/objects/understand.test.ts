import { expect, test } from 'vitest';
import { dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import type { KubeObject } from './resource.ts';
import { notUnderstood, understand } from './understand.ts';

const condition = {
  type: 'Ready',
  status: 'True',
  reason: 'R',
  message: 'm',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const whole = {
  metadata: { name: 'a', labels: { a: 'b' } },
  spec: { isDpuSide: true, nodeName: 'n' },
  status: { conditions: [condition, { ...condition, type: 'Other' }], hosts: ['h'] },
};

function read(change: { metadata?: object; spec?: object; status?: object | null }) {
  const { metadata, spec, status } = change;
  const object = understand(dataProcessingUnit, {
    metadata: { ...whole.metadata, ...metadata },
    spec: { ...whole.spec, ...spec },
    status: status === null ? null : { ...whole.status, ...status },
  });
  if (object instanceof Error) throw object;
  return object;
}

const fields = (object: KubeObject) => notUnderstood(object).map(({ field }) => field);

test('what is understood is read whole', () => {
  const object = read({});
  expect(object).toMatchObject(whole);
  expect(fields(object)).toEqual([]);
});

test('a phase of another version takes its rollout out, and the words say why', () => {
  const object = read({ status: { rollout: { phase: 'Dreaming', target: {} } } });
  expect(object.status).toEqual(whole.status);
  expect(fields(object)[0]).toBe('status.rollout');
  expect(
    notUnderstood(object)
      .map(({ fault }) => fault)
      .join(),
  ).toContain('status.rollout.');
});

test('of a list one element goes', () => {
  const object = read({ status: { conditions: [{ ...condition, status: 'Perhaps' }, condition], chains: [7] } });
  expect(object.status).toMatchObject({ conditions: [condition], chains: [], hosts: ['h'] });
  expect(fields(object)).toEqual(['status.conditions.0', 'status.chains.0']);
});

test('a null is as nothing, wherever it is', () => {
  expect(read({ status: { conditions: null, vsp: null } }).status).toEqual({ hosts: ['h'] });
  expect(read({ status: null }).status).toBeUndefined();
  expect(read({ spec: { numVfs: null } }).spec).toEqual(whole.spec);
  const bare = read({ metadata: { labels: null, ownerReferences: [null] } });
  expect(bare.metadata).toEqual({ name: 'a', ownerReferences: [] });
  expect(fields(bare)).toEqual([]);
});

test('metadata of another kind goes, but for the name', () => {
  expect(read({ metadata: { labels: { a: 1 }, finalizers: 'x' } }).metadata).toEqual({ name: 'a' });
  expect(() => read({ metadata: { name: 7 } })).toThrow('not understood');
});

test('a wish that is not understood is none that can be left out', () => {
  expect(() => read({ spec: { numVfs: 'many' } })).toThrow('DataProcessingUnit a is not understood: ');
});
