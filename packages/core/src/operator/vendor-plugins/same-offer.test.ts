import { expect, test } from 'vitest';
import { type VendorPlugin, vendorPlugin } from '../../api/kinds/vendor-plugin.ts';
import { isSameOffer } from './same-offer.ts';

function pluginWith(status: object): VendorPlugin {
  return vendorPlugin.schema.parse({
    apiVersion: 'config.openshift.io/v1',
    kind: 'VendorPlugin',
    metadata: { name: 'acme' },
    spec: { package: '@acme/vsp', version: 'latest' },
    status,
  }) as VendorPlugin;
}

test('how far a rollout has come is no other offer; another release, or why there is none, is', () => {
  const releases = [{ requested: 'latest', version: '1.0.0', manifest: {} }];
  const before = pluginWith({ releases });
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const rolledOut = {
    type: 'RolledOut',
    status: 'False',
    reason: 'RollingOut',
    message: '3 of 40',
    lastTransitionTime,
  };
  expect(isSameOffer(before, pluginWith({ releases, conditions: [rolledOut] }))).toBe(true);
  expect(isSameOffer(before, pluginWith({ releases: [{ ...releases[0], version: '1.1.0' }] }))).toBe(false);
  const failures = [{ requested: 'latest', reason: 'VersionNotFound', message: 'there is none' }];
  expect(isSameOffer(before, pluginWith({ releases, failures }))).toBe(false);
});
