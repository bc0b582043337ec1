import type { BridgePortSpec } from '../../generated/opi_api/network/evpn_gw/v1alpha1/BridgePortSpec.ts';
import { bridgePortService, deviceService, heartbeatService } from '../../wire/grpc/definitions.ts';
import { declareChecks } from '../check.ts';
import { holds, same } from '../expect.ts';
import { bridgeNeeds, createAndDeleteOnly } from './bridges/bridge-ports.ts';
import { accessPort, createPort, deletePort, getPort, listPorts } from './messages.ts';

/** What the contract promises. */
const callsAtOnce = 100;
const updateRounds = 10;
const times = Array.from({ length: callsAtOnce }, (_, index) => index);

export const concurrency = [
  ...declareChecks('concurrency', {}, [
    {
      name: 'reads',
      title: '100 calls in flight are all answered',
      demands: 'At least 100 calls in flight are answered without an error.',
      rule: 'GE-6',
      reads: true,
      legacy: 'some Go images have no heartbeat',
      run: async ({ vsp }) => {
        const [first, ...others] = await Promise.all(
          times.map(async (index) => {
            if (index % 2 === 0) return vsp.call(deviceService.GetDevices, {});
            await vsp.call(heartbeatService.Ping, { timestamp: '1', senderId: String(index) });
            return undefined;
          }),
        );
        for (const answer of others) if (answer) same(answer, first, 'each answer of GetDevices');
      },
    },
  ]),
  ...declareChecks('concurrency', bridgeNeeds, [
    {
      name: 'same-create',
      title: 'the same port 100 times at once is one port',
      demands: 'Repeating a call does no harm; two repetitions at the same time are no exception.',
      rule: 'GE-8',
      legacy: createAndDeleteOnly,
      run: async ({ vsp, freePorts }) => {
        const [id = ''] = freePorts(1);
        const answers = await Promise.all(times.map(() => createPort(vsp, id, accessPort(0))));
        for (const { spec } of answers) same(spec, answers[0]?.spec, 'spec in each answer');
        const listed = (await listPorts(vsp)).filter(({ name }) => name === `bridgePorts/${id}`);
        same(listed.length, 1, 'how often List has the port');
        await Promise.all(times.map(() => deletePort(vsp, id, true)));
      },
    },
    {
      name: 'updates',
      title: 'two updates at once both hold',
      demands:
        'Calls in flight at the same time take effect each as a whole: an update leaves what its mask does not name.',
      rule: 'GE-7',
      legacy: createAndDeleteOnly,
      run: async ({ vsp, freePorts }) => {
        const [id = ''] = freePorts(1);
        await createPort(vsp, id, accessPort(0));
        const update = (spec: BridgePortSpec, path: string) =>
          vsp.call(bridgePortService.UpdateBridgePort, {
            bridgePort: { name: `bridgePorts/${id}`, spec },
            updateMask: { paths: [path] },
          });
        for (let round = 1; round <= updateRounds; round++) {
          const spec = accessPort(round);
          await Promise.all([update(spec, 'spec.mac_address'), update(spec, 'spec.logical_bridges')]);
          const { macAddress, logicalBridges } = (await getPort(vsp, id)).spec ?? {};
          same(
            { macAddress, logicalBridges },
            { macAddress: spec.macAddress, logicalBridges: spec.logicalBridges },
            'mac_address and logical_bridges after an update of each',
          );
        }
      },
    },
    {
      name: 'mixed',
      title: '100 ports made and deleted at once',
      demands: 'Calls in flight at the same time take effect each as a whole.',
      rule: 'GE-7',
      legacy: createAndDeleteOnly,
      run: async ({ vsp, freePorts, limits }) => {
        const ids = freePorts(Math.min(callsAtOnce, limits.ports));
        const stays = (index: number) => index % 2 === 0;
        await Promise.all(
          ids.map(async (id, index) => {
            await createPort(vsp, id, accessPort(index));
            same((await getPort(vsp, id)).spec?.macAddress, accessPort(index).macAddress, `MAC address of ${id}`);
            if (!stays(index)) await deletePort(vsp, id);
          }),
        );
        const names = new Set((await listPorts(vsp)).map(({ name }) => name));
        for (const [index, id] of ids.entries()) {
          const isThere = names.has(`bridgePorts/${id}`);
          holds(isThere === stays(index), `${id} is ${isThere ? 'still' : 'not'} there`);
        }
      },
    },
  ]),
];
