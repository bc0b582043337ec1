/** A node whose Node object is deleted and made anew, without the labels that people had set. */
import { beforeAll, expect, it } from 'vitest';
import { dpusReady, type TestBed } from '../support/operator.ts';
import { onNode, untilReadyIs } from '../support/outages.ts';
import { bothSides } from '../support/sides.ts';
import { operatorIsOn } from './bed.ts';

let bed: TestBed;

beforeAll(async () => {
  bed = await operatorIsOn();
});

it('keeps its VSP and its DPU, whichever label comes first', async () => {
  const { kubectl } = bed;
  for (const { node, dpu } of bothSides(bed)) {
    const uids = () => uidsOf([`pod/vsp-${dpu} -n openshift-dpu-operator`, `dpu/${dpu}`]);
    const [before, software] = [await uids(), await labelOf(node, 'dpu\\.config\\.openshift\\.io/software-dpu')];
    await kubectl.run(['delete', 'node', node]);
    // Its kubelet registers the node when it starts, and looks again whether each pod may be there.
    await onNode(bed.hostSide, node, 'systemctl restart kubelet');
    await kubectl.wait('create', [`node/${node}`]);
    await kubectl.wait('condition=Ready', [`node/${node}`]);
    // An admin labels it step by step: what is missing in between is nobody's order.
    await kubectl.run(['label', 'node', node, 'dpu=true']);
    await untilReadyIs(bed.hostSide, dpu, 'False', 'HardwareMissing');
    await kubectl.run(['label', 'node', node, `dpu.config.openshift.io/software-dpu=${software}`]);
    await dpusReady(bed);
    expect(await uids()).toEqual(before);
  }
});

function labelOf(node: string, label: string): Promise<string> {
  return bed.kubectl.run(['get', 'node', node, '-o', `jsonpath={.metadata.labels.${label}}`]);
}

function uidsOf(objects: readonly string[]): Promise<string[]> {
  const uid = ['-o', 'jsonpath={.metadata.uid}'];
  return Promise.all(objects.map((object) => bed.kubectl.run(['get', ...object.split(' '), ...uid])));
}
