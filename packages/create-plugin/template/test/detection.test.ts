import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { detect, type FakeMachine, fakeSysfs } from '@dpu-operator/sdk/testing';
import { describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import machineJson from './machine.json' with { type: 'json' };

/** What the manifest's rules look at, on the node of each side. */
const machines: Partial<Record<'host' | 'dpu', FakeMachine & { labels?: Record<string, string> }>> = machineJson;
const sides = parsePluginManifest(packageJson).products.flatMap(({ name, host, dpu }) => [
  ...(host ? [{ side: 'host' as const, name }] : []),
  ...(dpu ? [{ side: 'dpu' as const, name }] : []),
]);

describe.each(sides)('the $side side of $name', ({ side, name }) => {
  test('is found once where it is', async () => {
    const { labels = {}, ...machine } = machines[side] ?? {};
    await using sysfs = await fakeSysfs(machine);
    const found = await detect({ packageJson, sysfs, node: { name: 'worker-1', labels } });
    expect(found.filter((dpu) => dpu.side === side)).toMatchObject([{ productName: name }]);
  });

  test('is found nowhere else', async () => {
    await using sysfs = await fakeSysfs({
      pci: [{ address: '0000:00:1f.6', vendor: '8086', device: '15bc' }],
      dmiProduct: 'PowerEdge R750',
    });
    expect(await detect({ packageJson, sysfs })).toEqual([]);
  });
});
