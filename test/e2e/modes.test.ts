import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OperatorFixture } from '../support/on-clusters/operator.ts';
import { operatorIsOff } from './fixture.ts';

let fixture: OperatorFixture;
beforeAll(async () => {
  fixture = await operatorIsOff();
  await fixture.kubectl.run(['label', '--overwrite', 'node', fixture.host, fixture.dpu, 'dpu=true']);
});
afterEach(async () => {
  await fixture.kubectl.run(['delete', 'dpuoperatorconfig', '--all', '--timeout=180s']);
});

const dpus = (): Promise<string> => fixture.kubectl.run(['get', 'dpu', '-o', 'name']);

describe('a cluster that holds only one side', () => {
  it('examples/host.yaml: serves the host, and says that its DPU does not answer', async () => {
    const { kubectl, hostDpu } = fixture;
    await kubectl.run(['create', '-f', 'examples/host.yaml']);
    await kubectl.wait('create', [`dpu/${hostDpu}`]);
    const unreachable = 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}=PeerUnreachable';
    await kubectl.wait(unreachable, [`dpu/${hostDpu}`]);
    expect(await dpus()).toBe(`dataprocessingunit.config.openshift.io/${hostDpu}`);
  });

  it('examples/dpu.yaml: serves the DPU', async () => {
    const { kubectl, dpuDpu } = fixture;
    await kubectl.run(['create', '-f', 'examples/dpu.yaml']);
    await kubectl.wait('create', [`dpu/${dpuDpu}`]);
    await kubectl.wait('condition=Ready', [`dpu/${dpuDpu}`]);
    expect(await dpus()).toBe(`dataprocessingunit.config.openshift.io/${dpuDpu}`);
  });
});
