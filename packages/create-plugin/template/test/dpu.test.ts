import { expect, test } from 'vitest';
import { start } from './start.ts';

test('has as many virtual functions as it answers, and no more than the card can have', async () => {
  await using vsp = await start();
  const count = await vsp.client.setNumVfs(2);
  expect(await vsp.client.getDevices()).toHaveLength(count);
  const tooMany = vsp.client.setNumVfs(vsp.card.limits.maxVfs + 1);
  await expect(tooMany).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  expect(await vsp.client.getDevices()).toHaveLength(count);
});

test('tells the daemon when a virtual function breaks', async () => {
  await using vsp = await start();
  const broken = Promise.withResolvers<string[]>();
  vsp.client.watchDevices(
    (devices) => {
      const ids = devices.filter(({ healthy }) => !healthy).map(({ id }) => id);
      if (ids.length > 0) broken.resolve(ids);
      else vsp.card.break('rep1');
    },
    (error) => broken.reject(error),
  );
  expect(await broken.promise).toEqual(['rep1']);
});

test('answers the heartbeat', async () => {
  await using vsp = await start();
  expect(await vsp.client.ping('daemon')).toMatchObject({ healthy: true });
});
// #region contract:networkConfig

test('tells the card how to forward', async () => {
  await using vsp = await start();
  await vsp.client.setNetworkConfig({ isAccelerated: true });
  expect(vsp.card.isAccelerated).toBe(true);
});
// #endregion
