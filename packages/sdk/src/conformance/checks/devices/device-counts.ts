import type { Link } from '../../../linux/links/link.ts';
import { declareChecks } from '../../check.ts';
import { holds, refuses, same } from '../../expect.ts';
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
} from '../messages.ts';
import { countOnce, growth, requireResizable, upTo } from './counts.ts';

/** NumVFs of SR-IOV has 16 bits. */
const most = 65_535;
/** Of what looks at all links of a node. */
const tries = 3;

export const deviceCounts = declareChecks('devices', {}, [
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
      const makeAndZero = async (): Promise<string[]> => {
        await createBridge(vsp, a.id, a.spec);
        const withoutPort = await node.links();
        await createPort(vsp, id, accessPort(0, { logicalBridges: [a.id] }));
        const came = [...(await node.links()).values()].filter(({ index }) => !withoutPort.has(index));
        if ((await vsp.setNumVfs(0)) !== 0) skip('the number of devices is fixed on this side');
        const there = await node.links();
        return came.filter(({ index }) => there.has(index)).map(({ name }) => name);
      };
      let stay = await makeAndZero();
      const ports = (await listPorts(vsp)).map(({ name }) => name);
      holds(!ports.includes(`bridgePorts/${id}`), `bridgePorts/${id} is still there`);
      await refuses(getPort(vsp, id), 'NOT_FOUND', [id]);
      const left = (await listBridges(vsp)).map(({ name }) => name);
      holds(!left.includes(`logicalBridges/${a.id}`), `logicalBridges/${a.id} is still there`);
      // Links of others come as well, but hardly each time.
      for (let again = 1; again < tries && stay.length > 0; again++) {
        await vsp.setNumVfs(upTo(context, 2));
        stay = await makeAndZero();
      }
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
]);

/** A device that was made anew has another interface index, whatever its name. */
function requireSameLinks(before: ReadonlyMap<string, Link>, after: ReadonlyMap<string, Link>): void {
  for (const [id, { index, permanentMac }] of before) {
    const link = after.get(id);
    holds(link?.index === index && link.permanentMac === permanentMac, `the network device of ${id} was made anew`);
  }
}
