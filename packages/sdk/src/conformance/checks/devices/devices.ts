import protobuf from 'protobufjs/light.js';
import type { Device } from '../../../contract/contract.ts';
import { deviceAllocationService, deviceService, virtualFunctionService } from '../../../wire/grpc/definitions.ts';
import { declareChecks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { unlessUnimplemented } from '../messages.ts';

export const devices = declareChecks('devices', {}, [
  {
    name: 'shape',
    title: 'devices have an id of their own',
    demands: 'The key of the map is the id: a PCI address or the name of a network device, and no two have the same.',
    rule: 'DV-2',
    reads: true,
    legacy: 'Go images may leave Device.ID empty',
    run: async ({ vsp }) => {
      const { devices } = await vsp.call(deviceService.GetDevices, {});
      for (const [key, { ID }] of Object.entries(devices)) {
        same(ID, key, `ID of device ${key}`);
        // Pods get it between commas in a variable, and it is part of file names.
        holds(/^[A-Za-z0-9][A-Za-z0-9._:@+-]*$/.test(key), `${JSON.stringify(key)} is no PCI address and no name`);
      }
    },
  },
  {
    name: 'places',
    title: 'no two devices have the same place',
    demands: 'pf and vf are both there or both missing, and no two devices have the same ones.',
    rule: 'DV-2',
    reads: true,
    run: async ({ vsp }) => {
      const response = await vsp.call(deviceService.GetDevices, {});
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
    name: 'once',
    title: 'no two devices have the same id',
    demands: 'No two devices have the same id.',
    rule: 'DV-2',
    reads: true,
    run: async ({ vsp }) => {
      const listed = (await vsp.devices()).length;
      const entries = fieldsOf(await vsp.getDevicesBytes());
      same(entries, listed, 'the number of devices that GetDevices sends, with different ids');
    },
  },
  {
    name: 'health-words',
    title: 'health is one of two words',
    demands: 'health is Healthy or Unhealthy.',
    rule: 'DV-3',
    reads: true,
    run: async ({ vsp }) => {
      const { devices } = await vsp.call(deviceService.GetDevices, {});
      for (const [id, { health }] of Object.entries(devices)) {
        holds(health === 'Healthy' || health === 'Unhealthy', `health of ${id} is "${health}"`);
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
    run: async ({ vsp }) => {
      const deviceIds = idsOf(await vsp.devices());
      const first = await vsp.call(deviceAllocationService.AllocateDevices, { deviceIds });
      same(await vsp.call(deviceAllocationService.AllocateDevices, { deviceIds }), first, 'the second answer');
    },
  },
  {
    name: 'virtual-functions',
    title: 'the numbers of the physical functions add up',
    demands: 'Counts of GetVirtualFunctions add up to the devices of the host side, and none is above its maximum.',
    rule: 'DV-17',
    reads: true,
    run: async ({ vsp, mode, skip }) => {
      const { physicalFunctions: all } = await unlessUnimplemented(
        vsp.call(virtualFunctionService.GetVirtualFunctions, {}),
        'physical functions',
        skip,
      );
      for (const { pf, count, maximum } of all)
        holds(count <= maximum, `pf ${pf} has ${count} of ${maximum} functions`);
      if (mode === 'dpu') return;
      const total = all.reduce((sum, { count }) => sum + count, 0);
      same(total, (await vsp.devices()).length, 'the sum of the counts');
    },
  },
]);

export const idsOf = (devices: readonly Device[]) => devices.map(({ id }) => id).sort();

/** How many fields a message has, of those with a length: the entries of a map. */
function fieldsOf(message: Buffer): number {
  const reader = protobuf.Reader.create(message);
  let fields = 0;
  while (reader.pos < reader.len) {
    reader.skipType(reader.uint32() & 7);
    fields++;
  }
  return fields;
}
