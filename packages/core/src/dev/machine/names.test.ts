import { expect, test } from 'vitest';
import { harnessId, isLeftOver, netnsName } from './names.ts';

test('what a running process made is not left over', () => {
  expect(isLeftOver(netnsName(harnessId(), 'host'))).toBe(false);
});

test('what another process of the same id made is', () => {
  const [pid] = harnessId().split('-');
  expect(isLeftOver(`dpudev-${pid}-1-host`)).toBe(true);
  // Beyond the largest process id of Linux.
  expect(isLeftOver(netnsName(harnessId(4_194_305), 'pod1'))).toBe(true);
});

test('namespaces of others are nobody', () => {
  expect(isLeftOver('dpudev-mine')).toBe(false);
  expect(isLeftOver('cni-1234-5678-host')).toBe(false);
});
