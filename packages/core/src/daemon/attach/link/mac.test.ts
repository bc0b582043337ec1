import { expect, test } from 'vitest';
import { normalizeMac } from './mac.ts';

test.each(['02:00:5e:AB:cd:01', '02-00-5E-ab-cd-01', '0200.5eab.cd01', '0200.5EAB.CD01'])('%s is read', (text) => {
  expect(normalizeMac(text)).toBe('02:00:5e:ab:cd:01');
});

test.each([
  '',
  '02:00:5e:ab:cd',
  '02:00-5e:ab:cd:01',
  '02005eabcd01',
  '02:00:5e:ab:cd:01:02:03',
  '01:00:5e:ab:cd:01',
  '00:00:00:00:00:00',
  '02:00:5e:ab:cd:0g',
  '02:00:5e:ab:cd:01\n',
])('%j is no address of an interface', (text) => {
  expect(normalizeMac(text)).toBeUndefined();
});
