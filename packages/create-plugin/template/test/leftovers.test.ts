// #region contract:bridge
import type { BridgePort } from '@dpu-operator/sdk';
import { expect, test } from 'vitest';
import { MemoryCard } from '../src/memory-card.ts';
import { start } from './start.ts';

const port = (vf: number): BridgePort => ({
  name: `bridgePorts/host0-${vf}`,
  macAddress: '02:00:00:00:00:01',
  type: 'ACCESS',
  logicalBridges: [],
});

test('what a former process left stays until it is known that nobody wants it', async () => {
  const card = new MemoryCard('dpu', 8);
  await card.setPort(port(0));
  await card.setPort(port(1));
  await using vsp = await start(card);
  await vsp.client.createBridgePort(port(1));
  expect([...card.ports.keys()]).toEqual([port(0).name, port(1).name]);
  await vsp.client.completeReplay();
  expect([...card.ports.keys()]).toEqual([port(1).name]);
});
// #endregion
