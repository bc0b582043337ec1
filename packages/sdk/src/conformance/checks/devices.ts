import type { Device } from '../../contract.ts';
import { deviceAllocationService, deviceService } from '../../wire/definitions.ts';
import { declareChecks } from '../check.ts';
import { holds, refuses, same } from '../expect.ts';
import { countOnce, requireIdle, upTo } from './counts.ts';

export const devices = declareChecks('devices', {}, [
  {
    name: 'shape',
    title: 'devices have an id and a health',
    demands: 'The key of the map is the id; health is Healthy or Unhealthy.',
    rule: 'DV-2',
    reads: true,
    legacy: 'Go images may leave Device.ID empty',
    run: async ({ vsp }) => {
      const response = await vsp.call(deviceService.GetDevices, {});
      for (const [key, { ID, health }] of Object.entries(response.devices)) {
        holds(key !== '', 'the id of a device must not be empty');
        same(ID, key, `ID of device ${key}`);
        holds(health === 'Healthy' || health === 'Unhealthy', `health of ${key} is "${health}"`);
      }
      const places = new Map<string, string>();
      for (const [key, { details }] of Object.entries(response.devices)) {
        if (!details) continue;
        const { pf, vf } = details;
        same(pf === undefined, vf === undefined, `whether pf and vf of ${key} are missing`);
        if (pf === undefined) continue;
        const place = `pf ${pf}, vf ${vf}`;
        holds(!places.has(place), `devices ${places.get(place)} and ${key} are both ${place}`);
        places.set(place, key);
      }
    },
  },
  {
    name: 'stable',
    title: 'ids stay the same',
    demands: 'GetDevices answers the same ids again and again.',
    rule: 'DV-4',
    reads: true,
    run: async ({ vsp }) => {
      const first = idsOf(await vsp.devices());
      for (let call = 0; call < 10; call++) same(idsOf(await vsp.devices()), first, 'ids of the devices');
    },
  },
  {
    name: 'allocate',
    title: 'what a container gets with devices is the same each time',
    demands: 'AllocateDevices answers the same for the same devices, and reserves nothing.',
    rule: 'DV-16',
    needs: { capability: 'deviceAllocation' },
    reads: true,
    run: async ({ vsp }) => {
      const deviceIds = idsOf(await vsp.devices());
      const first = await vsp.call(deviceAllocationService.AllocateDevices, { deviceIds });
      same(await vsp.call(deviceAllocationService.AllocateDevices, { deviceIds }), first, 'the second answer');
    },
  },
  {
    name: 'count',
    title: 'SetNumVfs answers how many there are',
    demands: 'SetNumVfs answers how many devices there are afterwards, on the host side as many as asked for.',
    rule: 'DV-5',
    legacy: 'Go images list devices that they do not count',
    run: async (context) => {
      requireIdle(context);
      for (const count of [1, 3, 2].map((each) => upTo(context, each))) await countOnce(context, count);
    },
  },
  {
    name: 'count-repeat',
    title: 'the same number changes nothing',
    demands: 'SetNumVfs with the same number as before changes nothing.',
    rule: 'DV-10',
    legacy: 'Go images refuse to set it twice',
    run: async (context) => {
      requireIdle(context);
      const { vsp } = context;
      const asked = upTo(context, 2);
      const count = await vsp.setNumVfs(asked);
      const before = await vsp.devices();
      same(await vsp.setNumVfs(asked), count, 'the second answer');
      same(await vsp.devices(), before, 'the list of devices');
    },
  },
  {
    name: 'count-grow',
    title: 'more devices leave those there are',
    demands: 'With a greater number, the devices there were are there afterwards, with the ids that they had.',
    rule: 'DV-11',
    legacy: 'Go images refuse to set it twice',
    run: async (context) => {
      requireIdle(context);
      const { vsp, skip } = context;
      const more = upTo(context, 4);
      const fewer = Math.min(2, more - 1);
      if (fewer < 1) skip('the card has one virtual function only');
      await vsp.setNumVfs(fewer);
      const before = await vsp.devices();
      await vsp.setNumVfs(more);
      const after = new Map((await vsp.devices()).map((device) => [device.id, device]));
      for (const device of before) same(after.get(device.id), device, `device ${device.id}`);
    },
  },
  {
    name: 'count-zero',
    title: 'SetNumVfs(0) takes all away',
    demands: 'SetNumVfs(0) takes away everything that the plugin made; devices can be had again afterwards.',
    rule: 'DV-6',
    legacy: 'Go images differ',
    run: async (context) => {
      requireIdle(context);
      await countOnce(context, 0);
      await countOnce(context, upTo(context, 2));
    },
  },
  {
    name: 'count-max',
    title: 'as many as the card has can be had',
    demands: "Every number from 0 to the card's maximum can be had.",
    rule: 'DV-12',
    needs: { maxVfs: true },
    run: async (context) => {
      requireIdle(context);
      await countOnce(context, context.maxVfs ?? 1);
    },
  },
  {
    name: 'count-beyond',
    title: 'more than the card has is refused',
    demands: 'More than the card has is OUT_OF_RANGE, and nothing is changed.',
    rule: 'DV-7',
    legacy: 'Go images have no code for it',
    // NumVFs of SR-IOV has 16 bits.
    run: async ({ vsp, maxVfs = 65_535 }) => {
      const before = await vsp.devices();
      await refuses(vsp.setNumVfs(maxVfs + 1), 'OUT_OF_RANGE');
      same(await vsp.devices(), before, 'the list of devices');
    },
  },
  {
    name: 'count-negative',
    title: 'a negative number is refused',
    demands: 'A negative number is INVALID_ARGUMENT, and nothing is changed.',
    rule: 'DV-8',
    legacy: 'Go images have no code for it',
    run: async ({ vsp }) => {
      const before = await vsp.devices();
      await refuses(vsp.setNumVfs(-1), 'INVALID_ARGUMENT');
      same(await vsp.devices(), before, 'the list of devices');
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
      defer(await node.lend(device));
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
      requireIdle(context);
      const { vsp, node, defer, skip } = context;
      const before = await vsp.devices();
      const device = await lendable(before, node, skip);
      defer(await node.lend(device));
      await refuses(vsp.setNumVfs(0), 'FAILED_PRECONDITION');
      same(idsOf(await vsp.devices()), idsOf(before), 'ids of the devices');
    },
  },
]);

export const idsOf = (devices: readonly Device[]) => devices.map(({ id }) => id).sort();

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
