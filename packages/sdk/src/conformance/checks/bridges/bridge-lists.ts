import { DpuError } from '../../../errors.ts';
import { bridgePortService, logicalBridgeService } from '../../../wire/grpc/definitions.ts';
import { bareId } from '../../../wire/mapping/names.ts';
import { declareChecks } from '../../check.ts';
import { holds, ordered, refuses, same } from '../../expect.ts';
import { inFlight } from '../../session/in-flight.ts';
import { accessPort, createPort, deletePort, listPorts, macOf } from '../messages.ts';
import { bridgeNeeds, createAndDeleteOnly } from './bridge-ports.ts';

/** Half of what the contract promises (GE-6), so that a busy machine still answers Ping in time. */
const createsAtOnce = 50;

export const bridgeLists = declareChecks('bridge', bridgeNeeds, [
  {
    name: 'list-pages',
    title: 'pages have each port once',
    demands: 'All pages together have each port once; no page has more than asked for.',
    rule: 'GE-11',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const ids = freePorts(5);
      for (const [index, id] of ids.entries()) await createPort(vsp, id, accessPort(index));
      const wanted = ids.map((id) => `bridgePorts/${id}`);
      for (const pageSize of [1, 2, 100, 0]) {
        const names = (await listPorts(vsp, pageSize)).map(({ name }) => name);
        same(ordered(names.filter((name) => wanted.includes(name))), ordered(wanted), `pages of ${pageSize}`);
      }
      const { bridgePorts } = await vsp.call(bridgePortService.ListBridgePorts, { pageSize: 2 });
      holds(bridgePorts.length <= 2, `a page of 2 has ${bridgePorts.length}`);
    },
  },
  {
    name: 'list-while-changing',
    title: 'pages survive changes in between',
    demands: 'A port that was there all the time is in the pages once, whatever came and went meanwhile.',
    rule: 'GE-11',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const ids = freePorts(6);
      const [first = '', ...others] = ids;
      const stay = others.slice(0, 4).map((id) => `bridgePorts/${id}`);
      for (const [index, id] of ids.slice(0, 5).entries()) await createPort(vsp, id, accessPort(index));
      const page = await vsp.call(bridgePortService.ListBridgePorts, { pageSize: 2 });
      const names = page.bridgePorts.map(({ name }) => name);
      await deletePort(vsp, first);
      await createPort(vsp, others[4] ?? '', accessPort(5));
      let pageToken = page.nextPageToken;
      while (pageToken !== '') {
        const next = await vsp.call(bridgePortService.ListBridgePorts, { pageSize: 2, pageToken });
        names.push(...next.bridgePorts.map(({ name }) => name));
        pageToken = next.nextPageToken;
      }
      same(ordered(names.filter((name) => stay.includes(name))), ordered(stay), 'the ports that stayed');
    },
  },
  {
    name: 'list-bad-token',
    title: 'a page token of no List is refused',
    demands: 'A page_token that List did not answer is INVALID_ARGUMENT.',
    rule: 'GE-12',
    reads: true,
    legacy: createAndDeleteOnly,
    run: async ({ vsp }) => {
      const request = { pageToken: 'not-one-of-yours' };
      await refuses(vsp.call(bridgePortService.ListBridgePorts, request), 'INVALID_ARGUMENT', ['page_token']);
      await refuses(vsp.call(logicalBridgeService.ListLogicalBridges, request), 'INVALID_ARGUMENT', ['page_token']);
    },
  },
  {
    name: 'list-bad-size',
    title: 'a negative page size is refused',
    demands: 'A negative page_size is INVALID_ARGUMENT.',
    rule: 'GE-12',
    reads: true,
    legacy: createAndDeleteOnly,
    run: async ({ vsp }) => {
      const request = { pageSize: -1 };
      await refuses(vsp.call(bridgePortService.ListBridgePorts, request), 'INVALID_ARGUMENT', ['page_size']);
      await refuses(vsp.call(logicalBridgeService.ListLogicalBridges, request), 'INVALID_ARGUMENT', ['page_size']);
    },
  },
  {
    name: 'many-ports',
    title: '10,000 ports, or as many as the card has',
    demands: 'A port beyond what the card has is RESOURCE_EXHAUSTED; the ports there are stay as they are.',
    rule: 'BR-12',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts, portsToTry, limits }) => {
      const made = new Map<string, Buffer>();
      const refused = new Set<string>();
      await inFlight(createsAtOnce, [...freePorts(portsToTry).entries()], async ([index, id]) => {
        if (refused.size > 0) return;
        try {
          await createPort(vsp, id, accessPort(index));
          made.set(`bridgePorts/${id}`, macOf(index));
        } catch (error) {
          if (DpuError.from(error).code !== 'RESOURCE_EXHAUSTED') throw error;
          refused.add(`bridgePorts/${id}`);
        }
      });
      holds(made.size > 0, 'not one port could be made');
      // One more is tried only where the VSP says how many there can be.
      holds(made.size <= limits.ports, `${made.size} ports could be made, and max_bridge_ports is ${limits.ports}`);
      const listed = new Map((await listPorts(vsp, 250)).map((port) => [port.name, port]));
      const lost = [...made.keys()].filter((name) => !listed.has(name));
      holds(lost.length === 0, `of ${made.size} ports, List lacks ${lost.length}, ${lost[0]} among them`);
      for (const [name, mac] of made) same(listed.get(name)?.spec?.macAddress, mac, `spec.mac_address of ${name}`);
      const beyond = [...refused].filter((name) => listed.has(name));
      same(beyond, [], 'ports that List has though they were refused');
      const [some] = made.keys();
      if (some === undefined || refused.size === 0) return;
      // Room that a port leaves is there again. For the same one: another may be refused as its name has no device.
      await deletePort(vsp, bareId('bridgePorts', some));
      await createPort(vsp, bareId('bridgePorts', some), accessPort(0));
    },
  },
]);
