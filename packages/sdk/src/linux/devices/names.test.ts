import { expect, it } from 'vitest';
import { derivedMac, indexIn } from './names.ts';

it('derives a MAC that is the same again, another for another node or device, unicast and locally administered', () => {
  const macs = ['a', 'b'].flatMap((node) => ['vf0', 'vf1'].map((device) => derivedMac(node, device)));
  expect(new Set(macs).size).toBe(4);
  expect(derivedMac('a', 'vf0')).toBe(macs[0]);
  for (const mac of macs) expect(mac).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
});

it('takes the index out of a name', () => {
  expect(indexIn('vf17', 'vf')).toBe(17);
  expect(indexIn('vf017', 'vf')).toBeUndefined();
  expect(indexIn('eth0', 'vf')).toBeUndefined();
});
