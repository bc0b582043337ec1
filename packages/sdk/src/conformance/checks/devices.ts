import protobuf from 'protobufjs/light.js';
import type { Device } from '../../contract.ts';
import { DpuError } from '../../errors.ts';
import type { Link } from '../../linux/link.ts';
import { deviceAllocationService, deviceService, virtualFunctionService } from '../../wire/definitions.ts';
import { type CheckContext, declareChecks } from '../check.ts';
import { holds, refuses, same } from '../expect.ts';
import { countOnce, requireResizable, upTo } from './counts.ts';
import {
  accessPort,
  bridges,
  createBridge,
  createChain,
  createPort,
  getChain,
  getPort,
  listBridges,
  listChains,
  listPorts,
  unlessUnimplemented,
} from './messages.ts';

/** NumVFs of SR-IOV has 16 bits. */
const most = 65_535;

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
  {
    name: 'fixed',
    title: 'a number that is said to be fixed stays',
    demands: 'Where VF_RESIZING_NEVER is said, another number is refused, or answered with the one that there is.',
    rule: 'DV-17',
    run: async ({ vsp, resizing, inUse, skip }) => {
      if (resizing !== 'never') skip('the number of virtual functions is not said to be fixed');
      if (inUse()) skip('the VSP has bridge ports of others: to change its number of devices would hurt them');
      const before = await vsp.devices();
      const other = before.length > 1 ? before.length - 1 : before.length + 1;
      const answer = await vsp.setNumVfs(other).catch(() => before.length);
      same(answer, before.length, `the answer to SetNumVfs(${other})`);
      same(await vsp.devices(), before, 'the list of devices');
    },
  },
  {
    name: 'count',
    title: 'SetNumVfs answers how many there are',
    demands: 'SetNumVfs answers how many devices there are afterwards, on the host side as many as asked for.',
    rule: 'DV-5',
    legacy: 'Go images list devices that they do not count',
    run: async (context) => {
      requireResizable(context);
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
      const { vsp, node, resizing, mode, capabilities, freePorts } = context;
      if (resizing !== 'never') requireResizable(context);
      const asked = resizing === 'never' ? (await vsp.devices()).length : upTo(context, 2);
      const count = await vsp.setNumVfs(asked);
      const before = await vsp.devices();
      const links = await node.linksOf(before);
      const ids = mode === 'dpu' && capabilities.has('bridge') ? freePorts(1) : [];
      for (const id of ids) await createPort(vsp, id, accessPort(0));
      same(await vsp.setNumVfs(asked), count, 'the second answer');
      same(await vsp.devices(), before, 'the list of devices');
      requireSameLinks(links, await node.linksOf(before));
      const ports = (await Promise.all(ids.map((id) => getPort(vsp, id)))).map(({ name }) => name);
      same(
        ports,
        ids.map((id) => `bridgePorts/${id}`),
        'the ports that there were',
      );
    },
  },
  {
    name: 'count-grow',
    title: 'more devices leave those there are',
    demands: 'With a greater number, the devices there were are there afterwards, and are the same devices.',
    rule: 'DV-11',
    legacy: 'Go images refuse to set it twice',
    run: async (context) => {
      requireResizable(context);
      const { vsp, node } = context;
      const { fewer, more } = growth(context);
      await vsp.setNumVfs(fewer);
      const before = await vsp.devices();
      const links = await node.linksOf(before);
      await vsp.setNumVfs(more);
      const after = new Map((await vsp.devices()).map((device) => [device.id, device]));
      for (const device of before) same(after.get(device.id), device, `device ${device.id}`);
      // The kernel makes SR-IOV functions anew, where the VSP does not say that it need not; DV-9 has those of pods.
      const mayBeNew = context.resizing !== 'live';
      for (const [id, link] of links) if (mayBeNew && link.pciAddress !== undefined) links.delete(id);
      requireSameLinks(links, await node.linksOf(before));
    },
  },
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
    name: 'count-zero',
    title: 'SetNumVfs(0) takes all away',
    demands: 'SetNumVfs(0) takes away everything that the plugin made; devices can be had again afterwards.',
    rule: 'DV-6',
    legacy: 'Go images differ',
    run: async (context) => {
      requireResizable(context);
      const { vsp, node } = context;
      const before = await node.linksOf(await vsp.devices());
      const answer = await countOnce(context, 0);
      // A side that has a fixed number changes nothing.
      if (answer === 0) same([...(await node.linksNamed(before)).keys()], [], 'network devices that are still there');
      await countOnce(context, upTo(context, 2));
    },
  },
  {
    name: 'zero-ports',
    title: 'SetNumVfs(0) takes ports and bridges away',
    demands: 'SetNumVfs(0) takes away everything that the plugin made on the node: devices, bridges, ports, processes.',
    rule: 'DV-6',
    needs: { capability: 'bridge', mode: 'dpu' },
    legacy: 'Go images have no List',
    run: async (context) => {
      requireResizable(context);
      const { vsp, node, freePorts, skip } = context;
      const [id = ''] = freePorts(1);
      const [a] = bridges;
      await createBridge(vsp, a.id, a.spec);
      const withoutPort = await node.links();
      await createPort(vsp, id, accessPort(0, { logicalBridges: [a.id] }));
      const came = [...(await node.links()).values()].filter(({ index }) => !withoutPort.has(index));
      if ((await vsp.setNumVfs(0)) !== 0) skip('the number of devices is fixed on this side');
      const ports = (await listPorts(vsp)).map(({ name }) => name);
      holds(!ports.includes(`bridgePorts/${id}`), `bridgePorts/${id} is still there`);
      await refuses(getPort(vsp, id), 'NOT_FOUND', [id]);
      const left = (await listBridges(vsp)).map(({ name }) => name);
      holds(!left.includes(`logicalBridges/${a.id}`), `logicalBridges/${a.id} is still there`);
      const there = await node.links();
      const stay = came.filter(({ index }) => there.has(index)).map(({ name }) => name);
      same(stay, [], 'network devices that came with the port, and are still there');
      await vsp.setNumVfs(upTo(context, 2));
      await createPort(vsp, id, accessPort(1));
    },
  },
  {
    name: 'zero-chains',
    title: 'SetNumVfs(0) takes chains away',
    demands: 'SetNumVfs(0) takes away everything that the plugin made on the node, functions and chains among it.',
    rule: 'DV-6',
    needs: { capability: 'chains', mode: 'dpu', functions: 1 },
    run: async (context) => {
      requireResizable(context);
      const { vsp, functions, skip } = context;
      await createChain(vsp, 'conformance-1', functions.slice(0, 1));
      if ((await vsp.setNumVfs(0)) !== 0) skip('the number of devices is fixed on this side');
      const left = (await listChains(vsp)).map(({ name }) => name);
      holds(!left.includes('serviceChains/conformance-1'), 'serviceChains/conformance-1 is still there');
      await refuses(getChain(vsp, 'conformance-1'), 'NOT_FOUND');
    },
  },
  {
    name: 'count-max',
    title: 'as many as the card has can be had',
    demands: "Every number from 0 to the card's maximum can be had.",
    rule: 'DV-12',
    needs: { maxVfs: true },
    run: async (context) => {
      requireResizable(context);
      await countOnce(context, context.maxVfs ?? 1);
    },
  },
  {
    name: 'count-beyond',
    title: 'more than the card has is refused',
    demands: 'More than the card has is OUT_OF_RANGE, and nothing is changed. The text says how many there can be.',
    rule: 'DV-7',
    legacy: 'Go images have no code for it',
    run: async ({ vsp, maxVfs = most, announcedMaxVfs = maxVfs }) => {
      const before = await vsp.devices();
      const { message } = await refuses(vsp.setNumVfs(announcedMaxVfs + 1), 'OUT_OF_RANGE');
      holds(
        /\d/.test(message.replaceAll(String(announcedMaxVfs + 1), '')),
        `the text must say how many there can be: ${message}`,
      );
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

export const idsOf = (devices: readonly Device[]) => devices.map(({ id }) => id).sort();

/** Two numbers of devices that can be had. */
function growth(context: CheckContext): { fewer: number; more: number } {
  const more = upTo(context, 4);
  const fewer = Math.min(2, more - 1);
  if (fewer < 1) context.skip('the card has one virtual function only');
  return { fewer, more };
}

/** A device that was made anew has another interface index, whatever its name. */
function requireSameLinks(before: ReadonlyMap<string, Link>, after: ReadonlyMap<string, Link>): void {
  for (const [id, { index, permanentMac }] of before) {
    const link = after.get(id);
    holds(link?.index === index && link.permanentMac === permanentMac, `the network device of ${id} was made anew`);
  }
}

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
