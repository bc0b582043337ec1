import { type DetectionRule, parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { detect, fakeSysfs } from '@dpu-operator/sdk/testing';
import { describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };

const sides = parsePluginManifest(packageJson).products.flatMap(({ name, host, dpu }) => [
  ...(host ? [{ side: 'host', name, rule: host.detect }] : []),
  ...(dpu ? [{ side: 'dpu', name, rule: dpu.detect }] : []),
]);

/** A machine with what a rule names, and a virtual function that is no card. */
async function machineWith({ pci, dmiProductContains, nodeLabel }: DetectionRule) {
  const sriov = pci && { totalVfs: 8, device: pci.device, numVfs: 1 };
  const sysfs = await fakeSysfs({
    pci: pci ? [{ address: '0000:01:00.0', vendor: pci.vendor, device: pci.device, ...(sriov && { sriov }) }] : [],
    dmiProduct: `Server ${dmiProductContains ?? ''} rev 1`,
  });
  const labels = nodeLabel ? { [nodeLabel.key]: nodeLabel.values[0] ?? '' } : {};
  return { sysfs, node: { name: 'worker-1', labels } };
}

describe.each(sides)('the $side side of $name', ({ side, name, rule }) => {
  test('is found once where it is', async () => {
    const { sysfs, node } = await machineWith(rule);
    await using _ = sysfs;
    const found = await detect({ packageJson, sysfs, node });
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
