import {
  bridgePortService,
  deviceService,
  lifeCycleService,
  logicalBridgeService,
} from '../../wire/grpc/definitions.ts';
import { type CheckContext, declareChecks } from '../check.ts';
import { refuses, same, undecodable } from '../expect.ts';
import { bridgeNeeds, createAndDeleteOnly } from './bridges/bridge-ports.ts';
import { accessPort, bridges, createBridge, createPort, getBridge, getPort } from './messages.ts';

const noCodes = 'Go images have no codes for errors';

export const errors = [
  ...declareChecks('errors', {}, [
    {
      name: 'malformed-message',
      title: 'a message that cannot be decoded fails alone',
      demands: 'A message that cannot be decoded fails its own call only. The VSP goes on serving.',
      rule: 'ER-4',
      reads: true,
      run: async ({ vsp }) => {
        for (const broken of [Buffer.from([0x0a]), Buffer.from([0x0a, 0x7f, 1]), Buffer.alloc(64, 0xff)]) {
          await refuses(vsp.callBytes(lifeCycleService.Init, broken), undecodable);
        }
        await vsp.devices();
      },
    },
    {
      name: 'unknown-method',
      title: 'a method that is not served is told',
      demands: 'A method that the VSP does not serve is UNIMPLEMENTED.',
      rule: 'ER-5',
      reads: true,
      run: async ({ vsp }) => {
        const { requestStream, responseStream } = deviceService.GetDevices;
        for (const path of ['/opi_api.lifecycle.v1alpha1.DeviceService/Conformance', '/conformance.None/None']) {
          await refuses(vsp.callBytes({ path, requestStream, responseStream }, Buffer.alloc(0)), 'UNIMPLEMENTED');
        }
      },
    },
  ]),
  ...declareChecks('errors', bridgeNeeds, [
    {
      name: 'port-message',
      title: 'a request without its port is refused',
      demands: 'A missing message is INVALID_ARGUMENT, and the text names it.',
      rule: 'ER-1',
      legacy: noCodes,
      run: async ({ vsp, freePorts }) => {
        const [id = ''] = freePorts(1);
        const create = bridgePortService.CreateBridgePort;
        await refuses(vsp.call(create, { bridgePortId: id }), 'INVALID_ARGUMENT', ['bridge_port']);
        await refuses(vsp.call(create, { bridgePort: { name: id } }), 'INVALID_ARGUMENT', ['spec']);
      },
    },
    {
      name: 'port-address',
      title: 'a MAC address has 6 bytes',
      demands: 'A mac_address that has not 6 bytes is INVALID_ARGUMENT, and the text names the field.',
      rule: 'ER-2',
      legacy: noCodes,
      run: async (context) => {
        for (const macAddress of [Buffer.alloc(0), Buffer.alloc(5, 2), Buffer.alloc(8, 2)]) {
          await refusesPort(context, { macAddress }, 'mac_address');
        }
      },
    },
    {
      name: 'port-type',
      title: 'a port has a type',
      demands: 'A ptype that is neither ACCESS nor TRUNK is INVALID_ARGUMENT, and the text names the field.',
      rule: 'ER-2',
      legacy: noCodes,
      run: async (context) => {
        await refusesPort(context, { ptype: 'BRIDGE_PORT_TYPE_UNSPECIFIED' }, 'ptype');
        // One that is not in the proto, as of a version to come.
        await refusesPort(context, { ptype: 7 as never }, 'ptype');
      },
    },
    {
      name: 'port-name',
      title: 'what is no name is refused',
      demands: 'An id has 4 to 63 characters of a-z, 0-9 and -; another one is INVALID_ARGUMENT.',
      rule: 'ER-1',
      legacy: noCodes,
      run: async ({ vsp }) => {
        for (const name of ['', 'abc', 'Host0-0', 'host0_0', 'other/host0-0', 'x'.repeat(64)]) {
          const bridgePort = { name, spec: accessPort(0) };
          await refuses(vsp.call(bridgePortService.CreateBridgePort, { bridgePort }), 'INVALID_ARGUMENT', ['name']);
          await refuses(vsp.call(bridgePortService.GetBridgePort, { name }), 'INVALID_ARGUMENT', ['name']);
        }
      },
    },
    {
      name: 'nothing-changes',
      title: 'a call that fails changes nothing',
      demands: 'A call that fails changes nothing, also not the part of it that was right.',
      rule: 'ER-3',
      legacy: createAndDeleteOnly,
      run: async ({ vsp, freePorts }) => {
        const [id = ''] = freePorts(1);
        const [a] = bridges;
        const state = async () => [(await getPort(vsp, id)).spec, (await getBridge(vsp, a.id)).spec];
        await createBridge(vsp, a.id, a.spec);
        await createPort(vsp, id, accessPort(0, { logicalBridges: [a.id] }));
        const before = await state();
        const none = 'logicalBridges/conformance-none';
        const bridgePort = { name: `bridgePorts/${id}`, spec: accessPort(7, { logicalBridges: [none] }) };
        const updateMask = { paths: ['spec.mac_address', 'spec.logical_bridges'] };
        await refuses(vsp.call(bridgePortService.UpdateBridgePort, { bridgePort, updateMask }), 'NOT_FOUND');
        const logicalBridge = { name: `logicalBridges/${a.id}`, spec: { vlanId: 5_000 } };
        const bridgeMask = { paths: ['spec.vlan_id'] };
        const update = vsp.call(logicalBridgeService.UpdateLogicalBridge, { logicalBridge, updateMask: bridgeMask });
        await refuses(update, 'INVALID_ARGUMENT', ['vlan_id']);
        same(await state(), before, 'port and bridge afterwards');
      },
    },
    {
      name: 'get-missing',
      title: 'getting what is not there',
      demands: 'Get of a resource that is not there is NOT_FOUND, and the text names it.',
      rule: 'ER-2',
      legacy: createAndDeleteOnly,
      run: async ({ vsp, freePorts }) => {
        const [id = ''] = freePorts(1);
        await refuses(getPort(vsp, id), 'NOT_FOUND', [id]);
        const name = 'logicalBridges/conformance-none';
        await refuses(vsp.call(logicalBridgeService.GetLogicalBridge, { name }), 'NOT_FOUND', ['conformance-none']);
      },
    },
    {
      name: 'bridge-message',
      title: 'a request without its logical bridge is refused',
      demands: 'A missing message, or a name that is none, is INVALID_ARGUMENT.',
      rule: 'ER-1',
      legacy: createAndDeleteOnly,
      run: async ({ vsp }) => {
        const create = logicalBridgeService.CreateLogicalBridge;
        const call = vsp.call(create, { logicalBridgeId: 'conformance-a' });
        await refuses(call, 'INVALID_ARGUMENT', ['logical_bridge']);
        await refuses(createBridge(vsp, 'A', { vlanId: 3901 }), 'INVALID_ARGUMENT', ['name']);
      },
    },
  ]),
];

async function refusesPort(
  { vsp, freePorts }: CheckContext,
  changes: Parameters<typeof accessPort>[1],
  field: string,
): Promise<void> {
  const [id = ''] = freePorts(1);
  await refuses(createPort(vsp, id, accessPort(0, changes)), 'INVALID_ARGUMENT', [field]);
  await refuses(getPort(vsp, id), 'NOT_FOUND');
}
