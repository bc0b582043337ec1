import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { bringUpSteps } from '../steps/bring-up.ts';
import { namespace, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { operatorIsOn, size } from './fixture.ts';

let fixture: OperatorFixture;
beforeAll(async () => {
  fixture = await operatorIsOn();
});

describe('a labelled node and one DpuOperatorConfig', () => bringUpSteps(() => fixture, size.hostVfs));

describe('the API server refuses', () => {
  const refused = async (manifest: object, says: RegExp): Promise<void> => {
    const result = await fixture.kubectl.try(['create', '--dry-run=server', '-f', '-'], JSON.stringify(manifest));
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
    const result = await fixture.kubectl.try(['create', '-f', '-'], manifest);
    expect(result.exitCode).not.toBe(0);
    expect(result.stderr).toContain('DpuOperatorConfig must have standard name');
  });

  it.each([
    ['a chain without network functions', [], /spec\.networkFunctions/],
    ['two network functions of one name', [nf, nf], /spec\.networkFunctions.*name/s],
    ['an empty image', [{ name: 'a', image: '' }], /spec\.networkFunctions.*image/s],
  ])('%s, naming the field', (_what, networkFunctions, says) => refused(chain(networkFunctions), says));
});
