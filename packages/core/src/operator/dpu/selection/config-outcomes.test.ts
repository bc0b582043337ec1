import { expect, test } from 'vitest';
import { ConfigOutcomes } from './config-outcomes.ts';

test('the verdict follows each DPU, and names the first of many', () => {
  const outcomes = new ConfigOutcomes();
  const said = () => `${outcomes.verdict.reason}: ${outcomes.verdict.message}`;
  for (const name of ['e', 'b', 'd', 'c']) outcomes.put(name, { is: 'underWay' });
  expect(said()).toBe('RollingOut: under way to b and 3 more DataProcessingUnits');
  outcomes.put('b', { is: 'applied' });
  expect(said()).toBe('RollingOut: under way to c, d, e');
  outcomes.put('a', { is: 'underWay', message: 'why' });
  expect(said()).toBe('RollingOut: under way to a: why and 3 more DataProcessingUnits');
  outcomes.put('a', undefined);
  outcomes.put('c', { is: 'refused', reason: 'SettingsInvalid', message: 'no' });
  expect(said()).toBe('SettingsInvalid: c: no');
  outcomes.put('c', { is: 'superseded', by: 'ns/old' });
  expect(said()).toBe('Superseded: older configs hold for c (by ns/old); narrow one of the selectors; applied to b');
  for (const name of ['b', 'c', 'd', 'e']) outcomes.put(name, undefined);
  expect(said()).toContain('NothingSelected');
});
