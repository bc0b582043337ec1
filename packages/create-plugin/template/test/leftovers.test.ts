// #region contract:bridge
import type { ApplyCall, BridgePort, Wanted } from '@dpu-operator/sdk';
import { expect, test } from 'vitest';
import { CardDataPath } from '../src/data-path.ts';
import { MemoryCard } from '../src/memory-card.ts';

const wanted: Wanted = {
  logicalBridges: new Map(),
  bridgePorts: new Map(),
  networkFunctions: new Map(),
  serviceChains: new Map(),
};
const call = (complete: boolean): ApplyCall => ({
  changed: [],
  complete,
  signal: new AbortController().signal,
  deadline: 0,
  report: () => {},
});
const port: BridgePort = {
  name: 'bridgePorts/host0-1',
  macAddress: '02:00:00:00:00:01',
  type: 'ACCESS',
  logicalBridges: [],
};

test('what a former process left stays until it is known that nobody wants it', async () => {
  const card = new MemoryCard('dpu', 8);
  await card.setPort(port);
  const dataPath = new CardDataPath(card);
  await dataPath.apply(wanted, call(false));
  expect([...card.ports.keys()]).toEqual([port.name]);
  await dataPath.apply(wanted, call(true));
  expect([...card.ports.keys()]).toEqual([]);
});
// #endregion
