import { expect, test } from 'vitest';
import { type VendorPlugin, vendorPlugin } from '../../api/kinds/vendor-plugin.ts';
import { LookupAttempts } from './lookup-attempts.ts';

const release = { requested: '^1', version: '1.0.0', manifest: {} };

function plugin(status?: object, refresh?: string): VendorPlugin {
  return vendorPlugin.schema.parse({
    apiVersion: 'config.openshift.io/v1',
    kind: 'VendorPlugin',
    metadata: {
      name: 'acme',
      generation: 1,
      ...(refresh !== undefined && { annotations: { 'dpu.config.openshift.io/refresh': refresh } }),
    },
    spec: { package: '@acme/p', version: '^1' },
    ...(status && { status }),
  });
}
const found = plugin({ lookup: { generation: 1 }, releases: [release] });
const failure = { requested: '^1', reason: 'RegistryUnreachable', message: 'no answer' };

test('what an earlier operator has found counts as looked up, and only once', () => {
  const attempts = new LookupAttempts();
  expect([...attempts.of(found).keys()]).toEqual(['^1']);
  expect(attempts.of(plugin()).has('^1')).toBe(true);
  attempts.forget('acme');
  expect(attempts.of(plugin()).size).toBe(0);
});

test('failures of one question are counted, a success or another question begins anew', () => {
  const attempts = new LookupAttempts();
  const fail = (asking: VendorPlugin) => attempts.remember(asking, ['^1'], [{ failure }], undefined);
  const count = () => attempts.of(found).get('^1')?.failure?.count;
  fail(found);
  fail(found);
  expect(count()).toBe(2);
  fail(plugin(undefined, 'again'));
  expect(count()).toBe(1);
  attempts.remember(found, ['^1'], [{ release }], undefined);
  expect(count()).toBeUndefined();
  attempts.remember(found, [], [], undefined);
  expect(attempts.of(found).size).toBe(0);
});

test('a range is asked anew by the annotation and after a failure, not for a lock that was lost', () => {
  const attempts = new LookupAttempts();
  expect(attempts.isAskedAnew(found, '^1')).toBe(false);
  expect(attempts.isAskedAnew(plugin(found.status, 'now'), '^1')).toBe(true);
  const failed = plugin({ ...found.status, failures: [failure] });
  expect(attempts.isAskedAnew(failed, '^1')).toBe(true);
  expect(attempts.isAskedAnew(failed, '^1', true)).toBe(false);
});
