import type { NetworkFunction } from '../../../contract/contract.ts';
import { type CheckContext, declareChecks } from '../../check.ts';
import { same } from '../../expect.ts';
import { bridgeNeeds } from '../bridges/bridge-ports.ts';
import { idsOf } from '../devices/devices.ts';
import { createFunction, deleteFunction, theOne } from '../functions/network-functions.ts';
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
} from '../messages.ts';
import { type Scene, Together } from './together.ts';

const killMs = 10_000;
const chainId = 'conformance-1';
/** How many functions the chain has. */
const chained = 2;

const devices: Scene<void> = {
  applies: () => true,
  set: async (context) => {
    const before = idsOf(await context.vsp.devices());
    return async () => same(idsOf(await context.vsp.devices()), before, 'ids of the devices');
  },
};

const replay: Scene<void> = {
  applies: hasBridge,
  set: async (context) => {
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
    return async () => {
      await create();
      same(await state(), before, 'ports and bridges after the replay');
      await create();
    };
  },
};

const forgotten: Scene<void> = {
  applies: hasBridge,
  set: async (context) => {
    const id = context.freePorts(3)[2] ?? '';
    const [, b] = bridges;
    await createBridge(context.vsp, b.id, b.spec);
    await createPort(context.vsp, id, accessPort(2, { logicalBridges: [b.id] }));
    return async () => {
      await deletePort(context.vsp, id, true);
      await deleteBridge(context.vsp, b.id, true);
      await createPort(context.vsp, id, accessPort(3));
    };
  },
};

const replayChain: Scene<void> = {
  applies: ({ capabilities, functions }) => capabilities.has('chains') && functions.length >= chained,
  set: async (context) => {
    const functions = [...context.functions.slice(0, chained)].reverse();
    const created = await createChain(context.vsp, chainId, functions);
    return async () => {
      same(await createChain(context.vsp, chainId, functions), created, 'the chain after the replay');
      same(await getChain(context.vsp, chainId), created, 'what Get answers');
    };
  },
};

const replayFunction: Scene<void> = {
  applies: ({ capabilities, functions }) => capabilities.has('networkFunctions') && functions.length > chained,
  set: async (context) => {
    const another = context.functions[chained] ?? theOne(context);
    await createFunction(context.vsp, another);
    return () => replaysFunction(context, another);
  },
};

/** Of as much as there is: a card is busy with all of it when its VSP is killed. */
const killing = new Together<void>(killed, {
  devices,
  replay,
  forgotten,
  'replay-chain': replayChain,
  'replay-function': replayFunction,
});

export const restart = [
  ...declareChecks('restart', { process: true, functions: 0 }, [
    {
      name: 'devices',
      title: 'a killed VSP serves the same devices again',
      demands: 'Killed and started again on the same socket it serves; the ids of the devices stay the same.',
      rule: 'LC-8',
      run: (context) => killing.check('devices', context),
    },
  ]),
  ...declareChecks('restart', { ...bridgeNeeds, process: true, functions: 0 }, [
    {
      name: 'replay',
      title: 'a replay puts a killed VSP back',
      demands: 'After a restart, repeating the creating calls succeeds, and all is as before.',
      rule: 'LC-9',
      run: (context) => killing.check('replay', context),
    },
    {
      name: 'forgotten',
      title: 'what is not replayed can be deleted',
      demands: 'What is not repeated after a restart can be deleted with allow_missing.',
      rule: 'LC-10',
      run: (context) => killing.check('forgotten', context),
    },
  ]),
  ...declareChecks('restart', { capability: 'chains', mode: 'dpu', functions: 2, process: true }, [
    {
      name: 'replay-chain',
      title: 'a replay puts a chain back',
      demands: 'After a restart, creating the chain again succeeds, in the order it had.',
      rule: 'LC-9',
      run: (context) => killing.check('replay-chain', context),
    },
  ]),
  ...declareChecks('restart', { capability: 'networkFunctions', mode: 'dpu', functions: 1, process: true }, [
    {
      name: 'replay-function',
      title: 'a replay puts a network function back',
      demands: 'After a restart, creating the function again succeeds.',
      rule: 'LC-9',
      run: async (context) => {
        if (context.functions.length > chained) return killing.check('replay-function', context);
        // A kill of its own: the chain has them all.
        const one = theOne(context);
        await createFunction(context.vsp, one);
        await killed(context);
        await replaysFunction(context, one);
      },
    },
  ]),
];

async function replaysFunction({ vsp }: CheckContext, given: NetworkFunction): Promise<void> {
  await createFunction(vsp, given);
  await deleteFunction(vsp, given);
}

function hasBridge({ mode, capabilities }: CheckContext): boolean {
  return mode === 'dpu' && capabilities.has('bridge');
}

/** As by the kernel's out-of-memory killer: the socket stays behind. */
async function killed(context: CheckContext): Promise<void> {
  await context.process.end('SIGKILL', killMs);
  await context.start();
}
