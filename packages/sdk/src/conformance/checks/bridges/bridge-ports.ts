import { setTimeout } from 'node:timers/promises';
import { DpuError, errorCodes } from '../../../errors.ts';
import type { BridgePort__Output } from '../../../generated/opi_api/network/evpn_gw/v1alpha1/BridgePort.ts';
import type { Component__Output } from '../../../generated/opi_api/network/evpn_gw/v1alpha1/Component.ts';
import { bridgePortService, replayService } from '../../../wire/grpc/definitions.ts';
import { Breach, Skip } from '../../breach.ts';
import { type CheckContext, declareChecks, type Needs } from '../../check.ts';
import { holds, refuses, same } from '../../expect.ts';
import type { HealthHook } from '../../session/health-hook.ts';
import { requireResizable, upTo } from '../devices/counts.ts';
import {
  accessPort,
  bridges,
  createBridge,
  createPort,
  deleteBridge,
  deletePort,
  getPort,
  listPorts,
  macOf,
  unlessUnimplemented,
} from '../messages.ts';

/** Milliseconds in which a link that has a carrier shows it. */
const carrierMs = 5_000;

export const bridgeNeeds: Needs = { capability: 'bridge', mode: 'dpu' };
export const createAndDeleteOnly = 'Go images serve Create and Delete only';
const noCodes = 'Go images have no codes for errors';

export const bridgePorts = declareChecks('bridge', bridgeNeeds, [
  {
    name: 'port-create',
    title: 'a port that was created is there',
    demands: 'Create answers the port with its full name and spec; Get and List have it from then on.',
    rule: 'BR-1',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      const created = await createPort(vsp, id, accessPort(0));
      requirePort(created, id, accessPort(0));
      requirePort(await getPort(vsp, id), id, accessPort(0));
      const listed = (await listPorts(vsp)).filter(({ name }) => name === `bridgePorts/${id}`);
      holds(listed.length === 1, `List must have bridgePorts/${id} once, has it ${listed.length} times`);
      for (const port of listed) requirePort(port, id, accessPort(0));
    },
  },
  {
    name: 'replay-complete',
    title: 'the end of the replay leaves what was asked for',
    demands: 'CompleteReplay, also twice, leaves the ports that were asked for as they are.',
    rule: 'LC-14',
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await createPort(vsp, id, accessPort(0));
      for (const _ of ['first', 'second']) {
        await vsp.call(replayService.CompleteReplay, {}).catch((error) => {
          if (DpuError.from(error).code !== 'UNIMPLEMENTED') throw error;
          throw new Skip('it has no ReplayService, which it may leave out');
        });
        requirePort(await getPort(vsp, id), id, accessPort(0));
      }
    },
  },
  {
    name: 'port-components',
    title: 'a port that is not up yet says why',
    demands: 'A port with a component PENDING or ERROR is DOWN; details is JSON with a message, for ERROR with a code.',
    rule: 'BR-19',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await createPort(vsp, id, accessPort(0));
      const { status } = await getPort(vsp, id);
      const unfinished = (status?.components ?? []).filter((each) => unfinishedStates.has(each.status));
      for (const component of unfinished) requireDetails(component);
      const isDown = status?.operStatus === 'BP_OPER_STATUS_DOWN';
      holds(
        unfinished.length === 0 || isDown,
        `the port is ${status?.operStatus}, and has a component that is not done`,
      );
    },
  },
  {
    name: 'port-settles',
    title: 'a port that is not up yet comes up, or fails',
    demands: 'A port whose device is there is no longer PENDING once the time of a call is over.',
    rule: 'BR-19',
    legacy: createAndDeleteOnly,
    run: async (context) => {
      const { vsp, freePorts, limits, skip } = context;
      const [id = ''] = freePorts(1);
      // Else the card may wait for a device, of which only the caller can know.
      const hasDevice = (await makeWithCarrier(context, id)) !== undefined;
      const withinMs = hasDevice ? limits.timeoutMs + vsp.changeMs : carrierMs;
      const pendingOf = ({ status }: BridgePort__Output) =>
        status?.components.find((component) => component.status === 'COMP_STATUS_PENDING');
      const isPending = async () => pendingOf(await getPort(vsp, id)) !== undefined;
      if (await becomes(false, isPending, withinMs)) return;
      const text = `the port ${id} is PENDING for ${withinMs} ms: ${pendingOf(await getPort(vsp, id))?.details}`;
      if (!hasDevice) skip(`${text}; whether its device is there is not known: give --carrier`);
      throw new Breach(text);
    },
  },
  {
    name: 'port-create-delete',
    title: 'a port can be created and deleted',
    demands: 'Create and Delete of a bridge port succeed, with its bare name as the daemon sends it.',
    rule: 'GE-10',
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await vsp.call(bridgePortService.CreateBridgePort, { bridgePort: { name: id, spec: accessPort(0) } });
      await deletePort(vsp, id);
      await createPort(vsp, id, accessPort(0));
      await deletePort(vsp, id);
    },
  },
  {
    name: 'port-full-name',
    title: 'full and bare names are the same',
    demands:
      'A caller may leave the collection out of a name; an answer has the full name. Create takes the id from its field.',
    rule: 'GE-10',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      const bridgePort = { name: `bridgePorts/${id}`, spec: accessPort(0) };
      const { name } = await vsp.call(bridgePortService.CreateBridgePort, { bridgePort });
      same(name, `bridgePorts/${id}`, 'name');
      same((await vsp.call(bridgePortService.GetBridgePort, { name: id })).name, `bridgePorts/${id}`, 'name');
      await vsp.call(bridgePortService.DeleteBridgePort, { name: `bridgePorts/${id}` });
      const unnamed = { bridgePortId: id, bridgePort: { spec: accessPort(1) } };
      requirePort(await vsp.call(bridgePortService.CreateBridgePort, unnamed), id, accessPort(1));
    },
  },
  {
    name: 'port-create-again',
    title: 'creating a port again answers the same',
    demands: 'Creating a port again with the same content answers the same.',
    rule: 'BR-2',
    legacy: 'Go images may refuse it',
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await createPort(vsp, id, accessPort(0));
      requirePort(await createPort(vsp, id, accessPort(0)), id, accessPort(0));
      requirePort(await getPort(vsp, id), id, accessPort(0));
    },
  },
  {
    name: 'port-create-other',
    title: 'creating a port with other content is refused',
    demands: 'Creating a port that exists with other content is ALREADY_EXISTS. It stays as it was.',
    rule: 'BR-3',
    legacy: noCodes,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await createPort(vsp, id, accessPort(0));
      await refuses(createPort(vsp, id, accessPort(1)), 'ALREADY_EXISTS', [id]);
      requirePort(await getPort(vsp, id), id, accessPort(0));
    },
  },
  {
    name: 'port-delete',
    title: 'a port that was deleted is gone',
    demands: 'After Delete, Get is NOT_FOUND, List has it no more, and it can be created with other content.',
    rule: 'BR-4',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await createPort(vsp, id, accessPort(0));
      await deletePort(vsp, id);
      await refuses(getPort(vsp, id), 'NOT_FOUND');
      const names = (await listPorts(vsp)).map(({ name }) => name);
      holds(!names.includes(`bridgePorts/${id}`), `List still has bridgePorts/${id}`);
      requirePort(await createPort(vsp, id, accessPort(1)), id, accessPort(1));
    },
  },
  {
    name: 'delete-missing',
    title: 'deleting a port that is not there is an error',
    demands: 'Delete of what is not there is NOT_FOUND.',
    rule: 'BR-5',
    legacy: noCodes,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await refuses(deletePort(vsp, id), 'NOT_FOUND', [id]);
    },
  },
  {
    name: 'delete-allow-missing',
    title: 'deleting a port that is not there can be allowed',
    demands: 'Delete with allow_missing of what is not there succeeds.',
    rule: 'BR-5',
    legacy: 'Go images do not read allow_missing',
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      await deletePort(vsp, id, true);
      await createPort(vsp, id, accessPort(0));
      await deletePort(vsp, id, true);
      await deletePort(vsp, id, true);
    },
  },
  {
    name: 'port-placeholder',
    title: 'a number that names no logical bridge is a placeholder',
    demands: 'A bare number in logical_bridges that names none is accepted, whichever it is.',
    rule: 'BR-8',
    run: async ({ vsp, freePorts }) => {
      const [one = '', two = ''] = freePorts(2);
      await createPort(vsp, one, accessPort(0, { logicalBridges: ['2'] }));
      await createPort(vsp, two, accessPort(1, { logicalBridges: ['4095'] }));
    },
  },
  {
    name: 'port-unknown-bridge',
    title: 'a port on a bridge that is not there is refused',
    demands: 'A name in logical_bridges that names no logical bridge is NOT_FOUND, and there is no such port then.',
    rule: 'BR-9',
    legacy: noCodes,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      // One of them begins as a number does.
      for (const name of ['logicalBridges/conformance-none', '2-conformance']) {
        await refuses(createPort(vsp, id, accessPort(0, { logicalBridges: [name] })), 'NOT_FOUND');
        await refuses(getPort(vsp, id), 'NOT_FOUND');
      }
    },
  },
  {
    name: 'port-access-several',
    title: 'an ACCESS port of several bridges is refused',
    demands: 'An ACCESS port is on one logical bridge at most; several are INVALID_ARGUMENT.',
    rule: 'BR-10',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      for (const bridge of bridges) await createBridge(vsp, bridge.id, bridge.spec);
      const logicalBridges = bridges.map((bridge) => bridge.id);
      await refuses(createPort(vsp, id, accessPort(0, { logicalBridges })), 'INVALID_ARGUMENT');
      await refuses(getPort(vsp, id), 'NOT_FOUND');
      await createPort(vsp, id, accessPort(0));
      const bridgePort = { name: `bridgePorts/${id}`, spec: { logicalBridges } };
      const updateMask = { paths: ['spec.logical_bridges'] };
      await refuses(vsp.call(bridgePortService.UpdateBridgePort, { bridgePort, updateMask }), 'INVALID_ARGUMENT');
      requirePort(await getPort(vsp, id), id, accessPort(0));
    },
  },
  {
    name: 'port-trunk',
    title: 'a TRUNK port is on several bridges',
    demands:
      'A TRUNK port may name several logical bridges; its answer has them all. A card without answers UNIMPLEMENTED.',
    rule: 'BR-1',
    legacy: createAndDeleteOnly,
    run: async ({ vsp, freePorts, skip }) => {
      const [id = ''] = freePorts(1);
      for (const bridge of bridges) await createBridge(vsp, bridge.id, bridge.spec);
      const logicalBridges = bridges.map((bridge) => `logicalBridges/${bridge.id}`);
      const spec = accessPort(0, { ptype: 'BRIDGE_PORT_TYPE_TRUNK', logicalBridges });
      requirePort(await unlessUnimplemented(createPort(vsp, id, spec), 'TRUNK ports', skip), id, spec);
      requirePort(await getPort(vsp, id), id, spec);
      const listed = (await listPorts(vsp)).filter(({ name }) => name === `bridgePorts/${id}`);
      for (const port of listed) requirePort(port, id, spec);
      await deletePort(vsp, id);
      for (const bridge of bridges) await deleteBridge(vsp, bridge.id);
    },
  },
  {
    name: 'port-early',
    title: 'a port can come before its device',
    demands: 'A port can be made before its device is there, and is still there when that comes.',
    rule: 'BR-11',
    legacy: createAndDeleteOnly,
    run: async (context) => {
      requireResizable(context);
      const { vsp, freePorts } = context;
      await vsp.setNumVfs(0);
      const [id = ''] = freePorts(1);
      await createPort(vsp, id, accessPort(0));
      requirePort(await getPort(vsp, id), id, accessPort(0));
      await vsp.setNumVfs(upTo(context, 2));
      requirePort(await getPort(vsp, id), id, accessPort(0));
    },
  },
  {
    name: 'port-down',
    title: 'a port without its device is down',
    demands: 'The oper_status of a port is DOWN while the card sees that no frame can pass.',
    rule: 'BR-20',
    legacy: createAndDeleteOnly,
    run: async (context) => {
      const { vsp, freePorts, carrier, defer, limits, skip } = context;
      const [id = ''] = freePorts(1);
      const hook = await makeWithCarrier(context, id);
      if (!hook) return skip('no network device came with the port: give --carrier');
      const isDown = async () => (await getPort(vsp, id)).status?.operStatus === 'BP_OPER_STATUS_DOWN';
      const isUp = await becomes(false, isDown, carrier ? limits.timeoutMs : carrierMs);
      // Its other end may be a device that no pod has yet.
      if (!isUp && !carrier) return skip('the device of the port has no carrier: give --carrier');
      holds(isUp, `the port ${id} is DOWN for ${limits.timeoutMs} ms, before its device was taken away`);
      defer(() => hook.repair(id));
      await hook.fail(id);
      const down = await becomes(true, isDown, limits.timeoutMs);
      holds(down, `the device of ${id} is away for ${limits.timeoutMs} ms, and the port is not DOWN`);
      await hook.repair(id);
      const back = await becomes(false, isDown, limits.timeoutMs);
      holds(back, `the device of ${id} is back for ${limits.timeoutMs} ms, and the port is still DOWN`);
    },
  },
  {
    name: 'unknown-fields',
    title: 'unknown fields are ignored',
    demands: 'A field that the VSP does not know is ignored, at any depth of a message.',
    rule: 'GE-3',
    run: async ({ vsp, freePorts }) => {
      const [id = ''] = freePorts(1);
      const method = bridgePortService.CreateBridgePort;
      // Known fields come before and after it.
      const bridge = nested(3, Buffer.from('2'));
      const spec = Buffer.concat([nested(1, macOf(0)), unknown, Buffer.from([0x10, 1]), bridge]);
      const port = Buffer.concat([unknown, nested(1, Buffer.from(id)), nested(2, spec), unknown]);
      await vsp.callBytes(method, Buffer.concat([nested(1, Buffer.from(id)), unknown, nested(2, port)]));
      const made = await unlessUnimplemented(getPort(vsp, id), 'Get', () => undefined);
      if (made) requirePort(made, id, accessPort(0));
      await deletePort(vsp, id);
    },
  },
]);

/** A port, and what takes its device away: undefined where neither the caller nor the links of the node tell. */
async function makeWithCarrier({ vsp, node, carrier }: CheckContext, id: string): Promise<HealthHook | undefined> {
  const make = () => createPort(vsp, id, accessPort(0));
  if (!carrier) return node.carrierOf({ make, remove: () => deletePort(vsp, id) });
  await make();
  return carrier;
}

const unfinishedStates: ReadonlySet<string> = new Set(['COMP_STATUS_PENDING', 'COMP_STATUS_ERROR']);

function requireDetails({ name, status, details }: Component__Output): void {
  let said: unknown;
  try {
    said = JSON.parse(details);
  } catch {
    said = undefined;
  }
  const { message, code } = (said ?? {}) as { message?: unknown; code?: unknown };
  holds(typeof message === 'string', `details of the component ${name} must be JSON with a message, is ${details}`);
  const isCoded = status === 'COMP_STATUS_PENDING' || (typeof code === 'string' && Object.hasOwn(errorCodes, code));
  holds(isCoded, `details of the component ${name} must have the code of the error, is ${details}`);
}

/** Whether that is so at once or later. */
async function becomes(wanted: boolean, isSo: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while ((await isSo()) !== wanted) {
    if (performance.now() > until) return false;
    await setTimeout(50);
  }
  return true;
}

/** Field 1,999 with the text `future`. */
const unknown = Buffer.from([0xfa, 0x7c, 6, ...Buffer.from('future')]);

/** A length-delimited field of less than 128 bytes. */
function nested(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
}

function requirePort(port: BridgePort__Output, id: string, spec: ReturnType<typeof accessPort>): void {
  same(port.name, `bridgePorts/${id}`, 'name');
  same(port.spec?.macAddress, spec.macAddress, 'spec.mac_address');
  same(port.spec?.ptype, spec.ptype, 'spec.ptype');
  same(port.spec?.logicalBridges, spec.logicalBridges, 'spec.logical_bridges');
}
