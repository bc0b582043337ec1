/** A node whose Node object is deleted and made anew, without the labels that people had set. */
import { beforeAll, expect, it } from 'vitest';
import { dpusReady, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { onNode, untilReadyIs } from '../support/on-clusters/outages.ts';
import { bothSides, type Side } from '../support/on-clusters/sides.ts';
import { operatorIsOn } from './fixture.ts';

let fixture: OperatorFixture;

beforeAll(async () => {
  fixture = await operatorIsOn();
});

/** Milliseconds for which a Node may be away: after 40 s PodGC deletes the pods of one that is gone, which is its right. */
const podGcMs = 40_000;
const attempts = 3;

it('keeps its VSP and its DPU, whichever label comes first', async () => {
  for (const side of bothSides(fixture)) {
    const { dpu } = side;
    const uids = () => uidsOf([`pod/vsp-${dpu} -n openshift-dpu-operator`, `dpu/${dpu}`]);
    const awayMs: number[] = [];
    let before: string[];
    do {
      if (awayMs.length === attempts) throw new Error(`${side.node} was away for ${awayMs.join(', ')} ms`);
      before = await uids();
      awayMs.push(await registerAnew(side));
    } while ((awayMs.at(-1) ?? 0) >= podGcMs);
    expect(await uids()).toEqual(before);
  }
});

/** @returns milliseconds for which there may have been no Node object */
async function registerAnew({ kubectl, node, dpu }: Side): Promise<number> {
  const software = await labelOf(node, 'dpu\\.config\\.openshift\\.io/software-dpu');
  // A kubelet registers its node when it starts only, and looks again whether each pod may be there. It stops before the
  // Node goes, so that the Node is away for no longer than a kubelet takes to start.
  await onNode(fixture.hostSide, node, 'systemctl stop kubelet');
  const from = performance.now();
  await kubectl.run(['delete', 'node', node]);
  await onNode(fixture.hostSide, node, 'systemctl start kubelet');
  await kubectl.wait('create', [`node/${node}`]);
  const awayMs = performance.now() - from;
  await kubectl.wait('condition=Ready', [`node/${node}`]);
  // An admin labels it step by step: what is missing in between is nobody's order.
  await kubectl.run(['label', 'node', node, 'dpu=true']);
  await untilReadyIs(fixture.hostSide, dpu, 'False', 'HardwareMissing');
  await kubectl.run(['label', 'node', node, `dpu.config.openshift.io/software-dpu=${software}`]);
  await dpusReady(fixture);
  return awayMs;
}

function labelOf(node: string, label: string): Promise<string> {
  return fixture.kubectl.run(['get', 'node', node, '-o', `jsonpath={.metadata.labels.${label}}`]);
}

function uidsOf(objects: readonly string[]): Promise<string[]> {
  const uid = ['-o', 'jsonpath={.metadata.uid}'];
  return Promise.all(objects.map((object) => fixture.kubectl.run(['get', ...object.split(' '), ...uid])));
}
