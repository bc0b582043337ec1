// #region contract:networkConfig
import { expect, test } from 'vitest';
import { start } from './start.ts';

test('tells the card how to forward', async () => {
  await using vsp = await start();
  await vsp.client.setNetworkConfig({ isAccelerated: true });
  expect(vsp.card.isAccelerated).toBe(true);
});
// #endregion
