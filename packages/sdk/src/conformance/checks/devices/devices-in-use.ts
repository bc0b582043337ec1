import type { Device } from '../../../contract/contract.ts';
import { DpuError } from '../../../errors.ts';
import { declareChecks } from '../../check.ts';
import { holds, refuses, same } from '../../expect.ts';
import { growth, requireResizable } from './counts.ts';
import { idsOf } from './devices.ts';

export const devicesInUse = declareChecks('devices', {}, [
  {
    name: 'grow-in-use',
    title: 'more devices leave those of pods alone',
    demands: 'A greater number is had without touching the devices of pods, or it is FAILED_PRECONDITION.',
    rule: 'DV-9',
    legacy: 'Go images do not look whether a device is in use',
    run: async (context) => {
      requireResizable(context);
      const { vsp, node, defer, skip } = context;
      const { fewer, more } = growth(context);
      await vsp.setNumVfs(fewer);
      const before = await vsp.devices();
      const device = await lendable(before, node, skip);
      const lent = await node.lend(device);
      defer(lent.back);
      const code = await vsp.setNumVfs(more).then(
        () => 'OK',
        (error) => DpuError.from(error).code,
      );
      holds(
        code === 'OK' || code === 'FAILED_PRECONDITION',
        `the call must succeed, or fail with FAILED_PRECONDITION, it failed with ${code}`,
      );
      holds(code === 'OK' || context.resizing !== 'live', `VF_RESIZING_LIVE is said, and the call failed with ${code}`);
      const ids = idsOf(await vsp.devices());
      if (code !== 'OK') same(ids, idsOf(before), 'ids of the devices after the refusal');
      const lost = before.find(({ id }) => !ids.includes(id));
      holds(lost === undefined, `device ${lost?.id} is not listed any more`);
      holds(await lent.isThere(), `the network device of ${device.id} is no longer with the pod that had it`);
    },
  },
  {
    name: 'in-use-listed',
    title: 'devices of pods are listed',
    demands: 'GetDevices answers all devices, those in use by pods included.',
    rule: 'DV-1',
    run: async ({ vsp, node, defer, skip }) => {
      const before = await vsp.devices();
      const device = await lendable(before, node, skip);
      defer((await node.lend(device)).back);
      same(idsOf(await vsp.devices()), idsOf(before), 'ids of the devices');
    },
  },
  {
    name: 'in-use-kept',
    title: 'devices of pods are not taken away',
    demands: 'A number that would take a device of a pod away is FAILED_PRECONDITION, and nothing is changed.',
    rule: 'DV-9',
    legacy: 'Go images do not look whether a device is in use',
    run: async (context) => {
      requireResizable(context);
      const { vsp, node, defer, skip } = context;
      const before = await vsp.devices();
      const device = await lendable(before, node, skip);
      const lent = await node.lend(device);
      defer(lent.back);
      await refuses(vsp.setNumVfs(0), 'FAILED_PRECONDITION');
      same(idsOf(await vsp.devices()), idsOf(before), 'ids of the devices');
      holds(await lent.isThere(), `the network device of ${device.id} is no longer with the pod that had it`);
    },
  },
]);

/** The last one: to take it away is what a smaller number does first. */
async function lendable(
  devices: readonly Device[],
  node: { linksOf(devices: readonly Device[]): Promise<Map<string, unknown>> },
  skip: (reason: string) => never,
): Promise<Device> {
  const links = await node.linksOf(devices);
  const device = devices.findLast(({ id }) => links.has(id));
  return device ?? skip('no device is a network device that the suite can see; run it on the node of the VSP');
}
