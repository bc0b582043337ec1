import { expect, test } from 'vitest';
import { isAsApplied } from './drift.ts';

const applied = {
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', labels: { app: 'x' } },
  spec: { ports: [{ port: 1 }], emptyDir: {}, off: undefined },
};

test('what others added is no drift', () => {
  const object = {
    ...applied,
    metadata: { ...applied.metadata, uid: 'u', labels: { app: 'x', team: 'y' } },
    spec: { ports: [{ port: 1, protocol: 'TCP' }], replicas: 1 },
    status: {},
  };
  expect(isAsApplied(object, applied)).toBe(true);
});

test.each([
  ['a value', { ports: [{ port: 2 }], emptyDir: {} }],
  ['one more element', { ports: [{ port: 1 }, { port: 2 }], emptyDir: {} }],
  ['one less', { ports: [], emptyDir: {} }],
  ['all of it', undefined],
])('%s that is otherwise is drift', (_what, spec) => {
  expect(isAsApplied({ ...applied, spec }, applied)).toBe(false);
});

test('an object that is not there is drift', () => {
  expect(isAsApplied(undefined, applied)).toBe(false);
});
