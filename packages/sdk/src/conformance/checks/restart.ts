import { networkFunctionService } from '../../wire/definitions.ts';
import { type CheckContext, declareChecks } from '../check.ts';
import { same } from '../expect.ts';
import { bridgeNeeds } from './bridge-ports.ts';
import { idsOf } from './devices.ts';
import {
  accessPort,
  bridges,
  createBridge,
  createChain,
  createPort,
  deleteBridge,
  deletePort,
  getBridge,
  getChain,
  getPort,
} from './messages.ts';

const killMs = 10_000;

export const restart = [
  ...declareChecks('restart', { process: true }, [
    {
      name: 'devices',
      title: 'a killed VSP serves the same devices again',
      demands: 'Killed and started again on the same socket it serves; the ids of the devices stay the same.',
      rule: 'LC-8',
      run: async (context) => {
        const before = idsOf(await context.vsp.devices());
        await killed(context);
        same(idsOf(await context.vsp.devices()), before, 'ids of the devices');
      },
    },
  ]),
  ...declareChecks('restart', { ...bridgeNeeds, process: true }, [
    {
      name: 'replay',
      title: 'a replay puts a killed VSP back',
      demands: 'After a restart, repeating the creating calls succeeds, and all is as before.',
      rule: 'LC-9',
      run: async (context) => {
        const [one = '', two = ''] = context.freePorts(2);
        const [a] = bridges;
        const create = async () => {
          const { vsp } = context;
          await createBridge(vsp, a.id, a.spec);
          await createPort(vsp, one, accessPort(0, { logicalBridges: [a.id] }));
          await createPort(vsp, two, accessPort(1));
        };
        const state = async () => {
          const { vsp } = context;
          const ports = [await getPort(vsp, one), await getPort(vsp, two)];
          return [...ports, await getBridge(vsp, a.id)].map(({ name, spec }) => ({ name, spec }));
        };
        await create();
        const before = await state();
        await killed(context);
        await create();
        same(await state(), before, 'ports and bridges after the replay');
        await create();
      },
    },
    {
      name: 'forgotten',
      title: 'what is not replayed can be deleted',
      demands: 'What is not repeated after a restart can be deleted with allow_missing.',
      rule: 'LC-10',
      run: async (context) => {
        const [id = ''] = context.freePorts(1);
        const [a] = bridges;
        await createBridge(context.vsp, a.id, a.spec);
        await createPort(context.vsp, id, accessPort(0, { logicalBridges: [a.id] }));
        await killed(context);
        await deletePort(context.vsp, id, true);
        await deleteBridge(context.vsp, a.id, true);
        await createPort(context.vsp, id, accessPort(1));
      },
    },
  ]),
  ...declareChecks('restart', { capability: 'chains', mode: 'dpu', functions: 2, process: true }, [
    {
      name: 'replay-chain',
      title: 'a replay puts a chain back',
      demands: 'After a restart, creating the chain again succeeds, in the order it had.',
      rule: 'LC-9',
      run: async (context) => {
        const functions = [...context.functions.slice(0, 2)].reverse();
        const id = 'conformance-1';
        const created = await createChain(context.vsp, id, functions);
        await killed(context);
        same(await createChain(context.vsp, id, functions), created, 'the chain after the replay');
        same(await getChain(context.vsp, id), created, 'what Get answers');
      },
    },
  ]),
  ...declareChecks('restart', { capability: 'networkFunctions', mode: 'dpu', functions: 1, process: true }, [
    {
      name: 'replay-function',
      title: 'a replay puts a network function back',
      demands: 'After a restart, creating the function again succeeds.',
      rule: 'LC-9',
      run: async (context) => {
        const request = { ...context.functions[0] };
        await context.vsp.call(networkFunctionService.CreateNetworkFunction, request);
        await killed(context);
        await context.vsp.call(networkFunctionService.CreateNetworkFunction, request);
        await context.vsp.call(networkFunctionService.DeleteNetworkFunction, request);
      },
    },
  ]),
];

/** As by the kernel's out-of-memory killer: the socket stays behind. */
async function killed(context: CheckContext): Promise<void> {
  await context.process.end('SIGKILL', killMs);
  await context.start();
}
