import type { NetworkFunction } from '../../../contract/contract.ts';
import { networkFunctionService } from '../../../wire/grpc/definitions.ts';
import { type CheckContext, declareChecks } from '../../check.ts';
import { refuses } from '../../expect.ts';
import type { Vsp } from '../../vsp/vsp.ts';
import { createChain, unknownFunction } from '../messages.ts';

const otherCodes = 'Go images have other codes';

export const networkFunctions = declareChecks('network-functions', { capability: 'networkFunctions', mode: 'dpu' }, [
  {
    name: 'create-delete',
    title: 'a function can be created and deleted, again and again',
    demands: 'Create and Delete of a network function succeed; its interfaces are free afterwards.',
    rule: 'NF-3',
    needs: { functions: 1 },
    run: async (context) => {
      const { vsp } = context;
      const one = theOne(context);
      for (let round = 0; round < 3; round++) {
        await createFunction(vsp, one);
        await deleteFunction(vsp, one);
      }
      // The other way round is another function.
      await createFunction(vsp, { input: one.output, output: one.input });
      await deleteFunction(vsp, { input: one.output, output: one.input });
    },
  },
  {
    name: 'create-again',
    title: 'creating a function again is no error',
    demands: 'Creating a function again is no error, and changes nothing.',
    rule: 'NF-2',
    needs: { functions: 1 },
    legacy: 'Go images may refuse it',
    run: async (context) => {
      const one = theOne(context);
      await createFunction(context.vsp, one);
      await createFunction(context.vsp, one);
      await deleteFunction(context.vsp, one);
      await requireFree(context, one);
    },
  },
  {
    name: 'delete-missing',
    title: 'deleting a function that is not there is no error',
    demands: 'Deleting what is not there is no error.',
    rule: 'NF-4',
    needs: { functions: 1 },
    legacy: otherCodes,
    run: async (context) => {
      const one = theOne(context);
      await deleteFunction(context.vsp, one);
      await createFunction(context.vsp, one);
      await deleteFunction(context.vsp, one);
      await deleteFunction(context.vsp, one);
      await deleteFunction(context.vsp, unknownFunction);
    },
  },
  {
    name: 'several',
    title: 'there can be several functions',
    demands: 'Functions are created and deleted without regard to each other.',
    rule: 'NF-7',
    needs: { functions: 2 },
    run: async ({ vsp, functions }) => {
      const two = functions.slice(0, 2);
      await Promise.all(two.map((each) => createFunction(vsp, each)));
      for (const each of two) await deleteFunction(vsp, each);
    },
  },
  {
    name: 'case',
    title: 'upper and lower case are the same address',
    demands: 'Upper and lower case of hex digits is the same address.',
    rule: 'NF-8',
    needs: { functions: 1 },
    run: async (context) => {
      const { input, output } = theOne(context);
      await createFunction(context.vsp, { input: input.toUpperCase(), output: output.toUpperCase() });
      await deleteFunction(context.vsp, { input: input.toLowerCase(), output: output.toLowerCase() });
      await requireFree(context, { input, output });
    },
  },
  {
    name: 'unknown-interface',
    title: 'an interface that the DPU does not have is refused',
    demands: 'An interface that the DPU does not have is NOT_FOUND, in whichever place; the others stay free.',
    rule: 'NF-5',
    needs: { functions: 1 },
    legacy: otherCodes,
    run: async (context) => {
      const { vsp } = context;
      const one = theOne(context);
      await refuses(createFunction(vsp, { ...one, input: unknownFunction.input }), 'NOT_FOUND');
      await refuses(createFunction(vsp, { ...one, output: unknownFunction.output }), 'NOT_FOUND');
      await createFunction(vsp, one);
    },
  },
  {
    name: 'bad-address',
    title: 'what is no MAC address is refused',
    demands: 'A MAC address that is none is INVALID_ARGUMENT.',
    rule: 'NF-6',
    legacy: otherCodes,
    run: async ({ vsp }) => {
      for (const input of ['', '02:00:00:00:00', '02-00-00-00-00-01', 'net1']) {
        await refuses(createFunction(vsp, { ...unknownFunction, input }), 'INVALID_ARGUMENT');
      }
    },
  },
  {
    name: 'one-interface',
    title: 'one interface as both ends is refused',
    demands: 'One interface as both input and output is INVALID_ARGUMENT.',
    rule: 'NF-6',
    needs: { functions: 1 },
    legacy: otherCodes,
    run: async (context) => {
      const { input } = theOne(context);
      for (const output of [input, input.toUpperCase()]) {
        await refuses(createFunction(context.vsp, { input, output }), 'INVALID_ARGUMENT');
      }
    },
  },
]);

export async function createFunction(vsp: Vsp, { input, output }: NetworkFunction): Promise<void> {
  await vsp.call(networkFunctionService.CreateNetworkFunction, { input, output });
}

export async function deleteFunction(vsp: Vsp, { input, output }: NetworkFunction): Promise<void> {
  await vsp.call(networkFunctionService.DeleteNetworkFunction, { input, output });
}

/** A function by itself may get what another had before it, so that a chain tells more. */
async function requireFree({ vsp, capabilities }: CheckContext, { input, output }: NetworkFunction): Promise<void> {
  if (capabilities.has('chains')) await createChain(vsp, 'conformance-1', [{ input, output }]);
  else await createFunction(vsp, { input: output, output: input });
}

/** @throws Skip without one. */
export function theOne({ functions: [one], skip }: CheckContext): NetworkFunction {
  return one ?? skip('the DPU has no interfaces for a network function');
}
