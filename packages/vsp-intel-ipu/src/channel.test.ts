/** The address of the link between host and ACC, by a scripted `ip`. */
import type { CardCondition, PluginContext } from '@dpu-operator/sdk';
import { fakeClock, fakePlatform } from '@dpu-operator/sdk/testing';
import { expect, test } from 'vitest';
import { keepChannel } from './channel.ts';
import type { Settings } from './settings.ts';

test('the interface gets its address when it comes', async () => {
  const clock = fakeClock();
  const ending = new AbortController();
  let isThere = false;
  const addresses: string[] = [];
  const ip = (args: readonly string[], { input = '' }: { input?: string }): string => {
    if (args.includes('-batch')) {
      const [, added] = /^addr add (\S+)\/24 dev d3$/m.exec(input) ?? [];
      if (added !== undefined) addresses.push(added);
      return '';
    }
    const addr_info = addresses.map((local) => ({ family: 'inet', local, prefixlen: 24 }));
    const device = { ifname: 'd3', ifindex: 5, address: '00:04:00:00:03:14', mtu: 1500, flags: ['UP'], addr_info };
    return JSON.stringify(isThere ? [device] : []);
  };
  const said: CardCondition[] = [];
  const context = {
    settings: { channel: { hostAddress: '192.168.1.1', dpuAddress: '192.168.1.2', port: 1, interface: 'd3' } },
    platform: { ...fakePlatform({ exec: { ip } }), clock },
    status: { set: (condition: CardCondition) => said.push(condition) },
    signal: ending.signal,
  } as unknown as PluginContext<Settings>;
  await keepChannel('dpu', context);
  expect(said.at(-1)).toMatchObject({ status: 'False', message: expect.stringContaining('no network device d3') });
  isThere = true;
  await expect
    .poll(async () => {
      await clock.advance(5_000);
      return addresses;
    })
    .toEqual(['192.168.1.2']);
  await expect.poll(() => said.at(-1)).toMatchObject({ type: 'Channel', status: 'True' });
  ending.abort(new Error('the end'));
  await expect.poll(() => clock.sleeping).toBe(0);
});
