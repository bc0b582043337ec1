import { stat } from 'node:fs/promises';
import type { Capability } from '../../../contract/contract.ts';
import { DpuError } from '../../../errors.ts';
import {
  bridgePortService,
  deviceService,
  heartbeatService,
  lifeCycleService,
  networkConfigService,
  networkFunctionService,
  pluginInfoService,
  serviceChainService,
} from '../../../wire/grpc/definitions.ts';
import { capabilities as allCapabilities } from '../../../wire/mapping/plugin-info.ts';
import { type CheckContext, declareChecks } from '../../check.ts';
import { holds, refuses, same, undecodable } from '../../expect.ts';
import { methodsOf, serves } from '../../target/announced.ts';

const secondInit = 'Go images answer "already initialized" to a second Init';
const initsAtOnce = 20;
/** Those of which an empty request is a wrong one, or reads. */
const tried: ReadonlySet<Capability> = new Set(['bridge', 'networkFunctions', 'chains']);

export const lifecycle = declareChecks('lifecycle', {}, [
  {
    name: 'info-before-init',
    title: 'PluginInfoService answers before Init',
    demands: 'GetPluginInfo answers before Init as well, with the version of the contract.',
    rule: 'GE-4',
    reads: true,
    needs: { fresh: true, info: true },
    run: async ({ vsp }) => {
      const { contractVersion } = await vsp.call(pluginInfoService.GetPluginInfo, {});
      holds(/^\d+\.\d+\.\d+/.test(contractVersion), `contract_version must be a version, is "${contractVersion}"`);
    },
  },
  {
    name: 'before-init',
    title: 'nothing works before Init',
    demands: 'Before Init, every method but Init, GetPluginInfo, health and reflection is FAILED_PRECONDITION.',
    rule: 'LC-6',
    legacy: 'Go images do not look whether they are initialised',
    needs: { fresh: true },
    run: async ({ vsp, capabilities }) => {
      const early = (call: Promise<unknown>) => refuses(call, 'FAILED_PRECONDITION');
      await early(vsp.call(deviceService.GetDevices, {}));
      await early(vsp.call(deviceService.SetNumVfs, { vfCnt: 1 }));
      await early(vsp.call(heartbeatService.Ping, { timestamp: '1', senderId: 'conformance' }));
      if (capabilities.has('bridge')) await early(vsp.call(bridgePortService.ListBridgePorts, {}));
      if (capabilities.has('chains')) await early(vsp.call(serviceChainService.ListServiceChains, {}));
      const function1 = { input: '02:c0:f0:ff:ff:01', output: '02:c0:f0:ff:ff:02' };
      if (capabilities.has('networkFunctions')) {
        await early(vsp.call(networkFunctionService.DeleteNetworkFunction, function1));
      }
      if (capabilities.has('networkConfig')) {
        await early(vsp.call(networkConfigService.SetDpuNetworkConfig, { isAccelerated: false }));
      }
    },
  },
  {
    name: 'init-concurrent',
    title: 'Inits at the same time are one',
    demands: 'Inits at the same time with the same content all get the same answer.',
    rule: 'LC-4',
    legacy: secondInit,
    needs: { fresh: true },
    run: async ({ vsp, init }) => {
      const inits = Array.from({ length: initsAtOnce }, () => vsp.call(lifeCycleService.Init, init));
      const [first, ...others] = await Promise.all(inits);
      for (const other of others) same(other, first, 'the answer of each Init');
    },
  },
  {
    name: 'init-after-failure',
    title: 'an Init that failed can be called again',
    demands: 'An Init that failed may be called again.',
    rule: 'LC-5',
    needs: { fresh: true },
    run: async ({ vsp, init }) => {
      await refuses(vsp.callBytes(lifeCycleService.Init, Buffer.from([0x0a])), undecodable);
      await vsp.call(lifeCycleService.Init, init);
    },
  },
  {
    name: 'init-answer',
    title: 'Init answers where the daemon listens',
    demands: 'Init answers an address and a port from 1 to 65535.',
    rule: 'LC-1',
    legacy: secondInit,
    run: async ({ vsp, init }) => {
      const { ip, port } = await vsp.call(lifeCycleService.Init, init);
      holds(isAddress(ip), `ip must be IPv4, or IPv6 in brackets, is "${ip}"`);
      holds(port >= 1 && port <= 65_535, `port must be 1 to 65535, is ${port}`);
    },
  },
  {
    name: 'init-repeat',
    title: 'Init twice answers the same and changes nothing',
    demands: 'Repeating Init with the same mode and identifier answers the same, and changes nothing.',
    rule: 'LC-2',
    legacy: secondInit,
    run: async ({ vsp, init }) => {
      const first = await vsp.call(lifeCycleService.Init, init);
      const before = await vsp.devices();
      same(await vsp.call(lifeCycleService.Init, init), first, 'the answer of the second Init');
      same(await vsp.devices(), before, 'the list of devices after it');
    },
  },
  {
    name: 'wrong-mode',
    title: 'Init for the other side is refused',
    demands: 'Init with another mode is FAILED_PRECONDITION; the VSP goes on serving what it served.',
    rule: 'LC-3',
    legacy: secondInit,
    run: (context) => refusesInit(context, { ...context.init, dpuMode: !context.init.dpuMode }),
  },
  {
    name: 'wrong-identifier',
    title: 'Init for another DPU is refused',
    demands: 'Init with another identifier is FAILED_PRECONDITION; the VSP goes on serving what it served.',
    rule: 'LC-3',
    legacy: secondInit,
    run: (context) => refusesInit(context, { ...context.init, dpuIdentifier: 'conformance-other' }),
  },
  {
    name: 'ping',
    title: 'the heartbeat answers',
    demands: 'Ping answers a time and the name of the responder.',
    rule: 'LC-7',
    reads: true,
    legacy: 'some Go images have no heartbeat',
    run: async ({ vsp }) => {
      const request = { timestamp: String(BigInt(Date.now()) * 1_000_000n), senderId: 'conformance' };
      const { timestamp, responderId } = await vsp.call(heartbeatService.Ping, request);
      holds(responderId !== '', 'responder_id must not be empty');
      holds(/^[1-9]\d{17,}$/.test(timestamp), `timestamp must be nanoseconds since 1970, is ${timestamp}`);
    },
  },
  {
    name: 'capabilities',
    title: 'it serves what it announces',
    demands: 'All methods of announced capabilities are served; those of the others are UNIMPLEMENTED.',
    rule: 'GE-5',
    reads: true,
    needs: { info: true },
    run: async ({ vsp, capabilities }) => {
      for (const name of allCapabilities) {
        for (const method of methodsOf(name)) {
          const served = await serves(vsp, method);
          const isAsAnnounced = served === capabilities.has(name);
          holds(isAsAnnounced, `${method.path} is ${served ? '' : 'not '}served, ${name} is not as announced`);
        }
      }
    },
  },
  {
    name: 'methods',
    title: 'each method of what it announces does something',
    demands: 'A VSP serves all methods of every capability that it announces.',
    rule: 'GE-5',
    needs: { info: true },
    run: async ({ vsp, capabilities }) => {
      for (const capability of capabilities) {
        if (!tried.has(capability)) continue;
        for (const method of methodsOf(capability)) {
          const code = await vsp.callBytes(method, Buffer.alloc(0)).then(
            () => 'OK',
            (error) => DpuError.from(error).code,
          );
          holds(code !== 'UNIMPLEMENTED', `${method.path} answers UNIMPLEMENTED, and ${capability} is announced`);
        }
      }
    },
  },
  {
    name: 'socket',
    title: 'only its owner may open the socket',
    demands: 'Only the owner of the process may open the socket.',
    rule: 'GE-1',
    needs: { process: true },
    run: async ({ process }) => {
      const mode = (await stat(process.socketPath)).mode & 0o777;
      holds((mode & 0o077) === 0, `the socket has mode 0${mode.toString(8)}, so that others may open it`);
    },
  },
  {
    name: 'names',
    title: 'lifecycle, devices and heartbeat have their names of today',
    demands: 'Lifecycle, devices and heartbeat are served as opi_api.lifecycle.v1alpha1.',
    rule: 'GE-2',
    reads: true,
    legacy: 'Go images serve the Vendor names only',
    run: async ({ vsp }) => {
      for (const method of [lifeCycleService.Init, deviceService.GetDevices, heartbeatService.Ping]) {
        holds(await serves(vsp, method), `${method.path} is not served`);
      }
    },
  },
]);

async function refusesInit({ vsp, init }: CheckContext, other: CheckContext['init']): Promise<void> {
  const before = await vsp.devices();
  await refuses(vsp.call(lifeCycleService.Init, other), 'FAILED_PRECONDITION');
  same(await vsp.devices(), before, 'the list of devices afterwards');
  await vsp.call(lifeCycleService.Init, init);
}

function isAddress(ip: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(ip) || /^\[[0-9a-fA-F:.]+(%[^\]]+)?\]$/.test(ip);
}
