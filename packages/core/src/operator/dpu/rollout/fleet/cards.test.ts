import { expect, test } from 'vitest';
import type { DataProcessingUnit } from '../../../../api/kinds/data-processing-unit.ts';
import { cardsOf } from './cards.ts';

const uri = (side: string, node: string, dpu: string, installation = 'ours') =>
  `spiffe://${installation}/${side}/${node}/${dpu}`;

function dpu(name: string, isDpuSide: boolean, peers?: string[], security?: 'plain'): DataProcessingUnit {
  const identity = uri(isDpuSide ? 'dpu' : 'host', 'n', name);
  return {
    metadata: { name },
    spec: { isDpuSide, nodeName: 'n', ...(security && { channel: { security } }) },
    status: { channel: { identity, ...(peers && { peers }) } },
  } as DataProcessingUnit;
}

test('a card is named by its DPU side, which its hosts say that they work with', () => {
  expect(cardsOf(dpu('card-dpu', true))).toEqual(['card-dpu']);
  expect(cardsOf(dpu('a-host', false, [uri('dpu', 'n', 'card-dpu')]))).toEqual(['card-dpu']);
});

test('a host that has worked with none has none to disturb, and one of another cluster is not looked after here', () => {
  expect(cardsOf(dpu('a-host', false))).toEqual([]);
  expect(cardsOf(dpu('a-host', false, [uri('dpu', 'n', 'card-dpu', 'theirs')]))).toEqual([]);
});

test('with plain text any host may belong to any DPU side', () => {
  const [any] = cardsOf(dpu('a-host', false, [], 'plain'));
  expect(cardsOf(dpu('card-dpu', true, [], 'plain'))).toEqual(['card-dpu', any]);
});
