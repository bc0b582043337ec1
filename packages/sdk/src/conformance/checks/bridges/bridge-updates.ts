import type { BridgePortSpec } from '../../../generated/opi_api/network/evpn_gw/v1alpha1/BridgePortSpec.ts';
import { bridgePortService } from '../../../wire/grpc/definitions.ts';
import { declareChecks } from '../../check.ts';
import { refuses, same } from '../../expect.ts';
import type { Vsp } from '../../vsp/vsp.ts';
import { accessPort, bridges, createBridge, createPort, getPort, macOf } from '../messages.ts';
import { bridgeNeeds, createAndDeleteOnly } from './bridge-ports.ts';

export const bridgeUpdates = declareChecks('bridge', bridgeNeeds, [
  {
    name: 'update-mask',
    title: 'an update changes what its mask names',
    demands: 'Update takes the fields that update_mask names and leaves the others.',
    rule: 'BR-6',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      const before = (await createPort(vsp, id, accessPort(0))).spec;
      const answer = await update(vsp, id, accessPort(7, { ptype: 'BRIDGE_PORT_TYPE_TRUNK' }), ['spec.mac_address']);
      same(answer.spec, { ...before, macAddress: macOf(7) }, 'spec in the answer');
      same((await getPort(vsp, id)).spec, answer.spec, 'spec afterwards');
    },
  },
  {
    name: 'update-mask-whole',
    title: 'an update of the whole spec',
    demands: 'A path may name all fields of a message (spec) or all there are (*).',
    rule: 'GE-13',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await createPort(vsp, id, accessPort(0));
      for (const [index, path] of ['spec', '*'].entries()) {
        // What it leaves out is named as well.
        for (const spec of [accessPort(index + 5), accessPort(index + 7, { logicalBridges: [] })]) {
          same((await update(vsp, id, spec, [path])).spec?.macAddress, spec.macAddress, 'spec.mac_address');
          same((await getPort(vsp, id)).spec?.logicalBridges, spec.logicalBridges, 'spec.logical_bridges');
        }
      }
    },
  },
  {
    name: 'update-no-mask',
    title: 'an update without a mask changes what is set',
    demands: 'Without update_mask, the fields that are set in the request are taken.',
    rule: 'GE-13',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      const before = (await createPort(vsp, id, accessPort(0))).spec;
      // An empty one, and none.
      for (const [index, paths] of [[], undefined].entries()) {
        const macAddress = macOf(7 + index);
        const answer = await update(vsp, id, { macAddress }, paths);
        same(answer.spec, { ...before, macAddress }, 'spec in the answer');
        same((await getPort(vsp, id)).spec, answer.spec, 'spec afterwards');
      }
    },
  },
  {
    name: 'update-clear',
    title: 'a named field that is left out is cleared',
    demands: 'A named field that the request leaves out gets its default.',
    rule: 'GE-13',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await createPort(vsp, id, accessPort(0));
      const answer = await update(vsp, id, {}, ['spec.logical_bridges']);
      same(answer.spec?.logicalBridges, [], 'spec.logical_bridges');
      same(answer.spec?.macAddress, macOf(0), 'spec.mac_address');
    },
  },
  {
    name: 'update-bridge-of-port',
    title: 'a port can be moved to another bridge',
    demands: 'Update changes spec.logical_bridges.',
    rule: 'BR-6',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      const [a, b] = bridges;
      for (const bridge of bridges) await createBridge(vsp, bridge.id, bridge.spec);
      await createPort(vsp, id, accessPort(0, { logicalBridges: [a.id] }));
      await update(vsp, id, { logicalBridges: [b.id] }, ['spec.logical_bridges']);
      same((await getPort(vsp, id)).spec?.logicalBridges, [b.id], 'spec.logical_bridges');
    },
  },
  {
    name: 'update-unknown-path',
    title: 'a mask that names no field is refused',
    demands: 'A path that names no field which can be updated is INVALID_ARGUMENT, and nothing is changed.',
    rule: 'GE-14',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      const before = (await createPort(vsp, id, accessPort(0))).spec;
      for (const path of ['spec.colour', 'name', 'status.oper_status']) {
        const call = update(vsp, id, accessPort(7), ['spec.mac_address', path]);
        await refuses(call, 'INVALID_ARGUMENT', ['update_mask']);
      }
      same((await getPort(vsp, id)).spec, before, 'spec afterwards');
    },
  },
  {
    name: 'update-missing',
    title: 'updating a port that is not there is an error',
    demands: 'Update of what is not there is NOT_FOUND, and creates nothing.',
    rule: 'BR-7',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await refuses(update(vsp, id, accessPort(0), []), 'NOT_FOUND', [id]);
      await refuses(getPort(vsp, id), 'NOT_FOUND');
    },
  },
  {
    name: 'update-allow-missing',
    title: 'updating a port that is not there can create it',
    demands: 'Update with allow_missing of what is not there creates it.',
    rule: 'BR-7',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      same((await update(vsp, id, accessPort(0), [], true)).spec?.macAddress, macOf(0), 'spec.mac_address');
      same((await getPort(vsp, id)).spec?.macAddress, macOf(0), 'spec.mac_address');
    },
  },
]);

function update(vsp: Vsp, id: string, spec: BridgePortSpec, paths: string[] | undefined, allowMissing = false) {
  const bridgePort = { name: `bridgePorts/${id}`, spec };
  const updateMask = paths ? { paths } : null;
  return vsp.call(bridgePortService.UpdateBridgePort, { bridgePort, updateMask, allowMissing });
}
