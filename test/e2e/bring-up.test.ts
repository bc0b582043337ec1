import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { namespace, type TestBed } from '../support/operator.ts';
import { operatorIsOn } from './bed.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await operatorIsOn();
});

interface Named {
  metadata: { name: string; labels: Record<string, string> };
  spec: { nodeName: string };
}

describe('a labelled node and one DpuOperatorConfig', () => {
  it('bring up the controller manager, a daemon on both nodes and a VSP pod per DPU', async () => {
    const pods = await bed.kubectl.json<{ items: Named[] }>(['get', 'pods', '-n', namespace]);
    const places = pods.items.map(({ metadata, spec }) => `${metadata.name} ${spec.nodeName}`);
    expect(places).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^dpu-operator-controller-manager-/),
        expect.stringMatching(new RegExp(`^dpu-daemon-\\w+ ${bed.host}$`)),
        expect.stringMatching(new RegExp(`^dpu-daemon-\\w+ ${bed.dpu}$`)),
        `vsp-${bed.hostDpu} ${bed.host}`,
        `vsp-${bed.dpuDpu} ${bed.dpu}`,
      ]),
    );
  });

  it('`kubectl get dpu` shows product, side, node, status and plugin', async () => {
    const [header = '', ...rows] = (await bed.kubectl.run(['get', 'dpu'])).split('\n');
    const columns = ['NAME', 'DPU PRODUCT', 'DPU SIDE', 'NODE NAME', 'STATUS', 'PLUGIN', 'VERSION'];
    expect(header.trim().split(/ {2,}/)).toEqual(columns);
    const plugin = ['@dpu-operator/vsp-mock', expect.stringMatching(/^\d+\.\d+\.\d+$/)];
    expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual(
      expect.arrayContaining([
        [bed.hostDpu, 'Software DPU', 'false', bed.host, 'True', ...plugin],
        [bed.dpuDpu, 'Software DPU', 'true', bed.dpu, 'True', ...plugin],
      ]),
    );
  });

  it('label each node with its side and advertise its devices', async () => {
    for (const [node, side, devices] of [
      [bed.host, 'dpu-host', '4'],
      [bed.dpu, 'dpu', '4'],
    ] as const) {
      await bed.kubectl.wait('jsonpath={.status.allocatable.openshift\\.io/dpu}=4', [`node/${node}`]);
      const { metadata, status } = await bed.kubectl.json<{
        metadata: Named['metadata'];
        status: { allocatable: Record<string, string> };
      }>(['get', 'node', node]);
      expect(metadata.labels['dpu.config.openshift.io/dpuside']).toBe(side);
      expect(status.allocatable['openshift.io/dpu']).toBe(devices);
    }
  });
});

describe('the API server refuses', () => {
  const refused = async (manifest: object, says: RegExp): Promise<void> => {
    const result = await bed.kubectl.try(['create', '--dry-run=server', '-f', '-'], JSON.stringify(manifest));
    expect(result.exitCode).not.toBe(0);
    expect(result.stderr).toMatch(says);
  };
  const chain = (networkFunctions: unknown): object => ({
    apiVersion: 'config.openshift.io/v1',
    kind: 'ServiceFunctionChain',
    metadata: { name: 'refused', namespace },
    spec: { nodeSelector: {}, networkFunctions },
  });
  const nf = { name: 'a', image: 'dpu-operator/tools:dev' };

  it('a DpuOperatorConfig of another name', async () => {
    const manifest = (await readFile('examples/config.yaml', 'utf8')).replace('dpu-operator-config', 'my-config');
    const result = await bed.kubectl.try(['create', '-f', '-'], manifest);
    expect(result.exitCode).not.toBe(0);
    expect(result.stderr).toContain('DpuOperatorConfig must have standard name');
  });

  it.each([
    ['a chain without network functions', [], /spec\.networkFunctions/],
    ['two network functions of one name', [nf, nf], /spec\.networkFunctions.*name/s],
    ['an empty image', [{ name: 'a', image: '' }], /spec\.networkFunctions.*image/s],
  ])('%s, naming the field', (_what, networkFunctions, says) => refused(chain(networkFunctions), says));
});
