import { fakeExec } from '@dpu-operator/sdk/testing';
import { expect, it } from 'vitest';
import { tunnelMtu } from './underlay.ts';

const routed = (route: object, mtu: number) =>
  fakeExec({ ip: (args) => JSON.stringify(args.includes('route') ? [route] : [{ ifname: 'eth1', mtu }]) });

it('leaves what VXLAN takes of the device that leads to the peer', async () => {
  expect(await tunnelMtu(routed({ dev: 'eth1' }, 9000), '192.0.2.2')).toBe(8950);
  expect(await tunnelMtu(routed({ dev: 'eth1', metrics: [] }, 1500), '2001:db8::2')).toBe(1430);
});

it('goes by the MTU of the route, where that has one', async () => {
  expect(await tunnelMtu(routed({ dev: 'eth1', metrics: [{ mtu: 1400 }] }, 9000), '192.0.2.2')).toBe(1350);
});

it('is not available while no route leads to the peer: Init is tried again', async () => {
  const exec = fakeExec({ ip: { exitCode: 2, stderr: 'RTNETLINK answers: Network is unreachable' } });
  await expect(tunnelMtu(exec, '192.0.2.2')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
