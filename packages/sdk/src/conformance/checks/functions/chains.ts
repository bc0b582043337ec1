import type { NetworkFunction } from '../../../contract/contract.ts';
import { serviceChainService } from '../../../wire/grpc/definitions.ts';
import { type CheckContext, declareChecks } from '../../check.ts';
import { holds, refuses, same } from '../../expect.ts';
import type { Vsp } from '../../vsp/vsp.ts';
import { createChain, deleteChain, getChain, listChains, unknownFunction } from '../messages.ts';
import { createFunction, deleteFunction } from './network-functions.ts';

const first = 'conformance-1';
const second = 'conformance-2';

export const chains = declareChecks('chains', { capability: 'chains', mode: 'dpu', functions: 2 }, [
  {
    name: 'create',
    title: 'a chain keeps its order',
    demands: 'Create answers the chain with its functions in the order of the request; so do Get and List.',
    rule: 'CH-1',
    run: async (context) => {
      const [a, b] = two(context);
      for (const order of [
        [a, b],
        [b, a],
      ]) {
        const { vsp } = context;
        const created = await createChain(vsp, first, order);
        same(created.name, `serviceChains/${first}`, 'name');
        same(macsOf(created), macsOf({ networkFunctions: order }), 'network_functions');
        same(await getChain(vsp, first), created, 'what Get answers');
        const listed = (await listChains(vsp)).filter(({ name }) => name === created.name);
        same(listed, [created], 'what List has of that name');
        await deleteChain(vsp, first);
      }
    },
  },
  {
    name: 'create-again',
    title: 'creating a chain again answers the same',
    demands: 'Creating a chain again with the same content answers the same.',
    rule: 'CH-2',
    run: async (context) => {
      const both = two(context);
      const created = await createChain(context.vsp, first, both);
      same(await createChain(context.vsp, first, both), created, 'the second answer');
      const upper = both.map(({ input, output }) => ({ input: input.toUpperCase(), output: output.toUpperCase() }));
      const third = await createChain(context.vsp, first, upper);
      same(macsOf(third), macsOf(created), 'the answer to the same addresses in upper case');
      same(await getChain(context.vsp, first), created, 'the chain afterwards');
    },
  },
  {
    name: 'create-other',
    title: 'creating a chain in another order is refused',
    demands: 'With other content, another order among that, Create is ALREADY_EXISTS; the chain stays as it was.',
    rule: 'CH-2',
    run: async (context) => {
      const { vsp } = context;
      const [a, b] = two(context);
      const created = await createChain(vsp, first, [a, b]);
      await refuses(createChain(vsp, first, [b, a]), 'ALREADY_EXISTS', [first]);
      await refuses(createChain(vsp, first, [a]), 'ALREADY_EXISTS', [first]);
      same(await getChain(vsp, first), created, 'the chain afterwards');
    },
  },
  {
    name: 'partial-failure',
    title: 'a chain that fails in part leaves nothing',
    demands: 'When one function cannot be put in, no chain is there, and the other functions are free.',
    rule: 'CH-3',
    run: async (context) => {
      const { vsp } = context;
      const [a, b] = two(context);
      await refuses(createChain(vsp, first, [a, unknownFunction, b]), 'NOT_FOUND');
      await refuses(getChain(vsp, first), 'NOT_FOUND');
      same(
        (await listChains(vsp)).filter(({ name }) => name.endsWith(first)),
        [],
        'what List has of that name',
      );
      await createChain(vsp, second, [b, a]);
    },
  },
  {
    name: 'unknown-interface',
    title: 'an interface that the DPU does not have is refused',
    demands: 'An interface that the DPU does not have is NOT_FOUND.',
    rule: 'CH-4',
    run: async (context) => {
      const { vsp } = context;
      const [a, b] = two(context);
      await refuses(createChain(vsp, first, [{ input: a.input, output: unknownFunction.output }, b]), 'NOT_FOUND');
      await refuses(getChain(vsp, first), 'NOT_FOUND');
    },
  },
  {
    name: 'bad-functions',
    title: 'a chain of nothing, or with an interface twice, is refused',
    demands: 'A chain without functions, or one that has an interface twice, is INVALID_ARGUMENT.',
    rule: 'CH-5',
    run: async (context) => {
      const { vsp } = context;
      const [a, b] = two(context);
      for (const wrong of [[], [a, b, a], [a, { input: a.output, output: b.output }], [{ ...a, input: 'net1' }]]) {
        await refuses(createChain(vsp, first, wrong), 'INVALID_ARGUMENT', ['network_functions']);
      }
      await refuses(getChain(vsp, first), 'NOT_FOUND');
      const created = await createChain(vsp, first, [a]);
      for (const wrong of [[], [a, b, a], [a, { input: b.input, output: a.output.toUpperCase() }]]) {
        const call = update(vsp, first, wrong, ['network_functions']);
        await refuses(call, 'INVALID_ARGUMENT', ['network_functions']);
      }
      same(await getChain(vsp, first), created, 'the chain afterwards');
    },
  },
  {
    name: 'in-use',
    title: 'a function is in one chain only',
    demands: 'An interface that is in another chain is FAILED_PRECONDITION; that chain is untouched.',
    rule: 'CH-6',
    run: async (context) => {
      const { vsp } = context;
      const [a, b] = two(context);
      const created = await createChain(vsp, first, [a]);
      await refuses(createChain(vsp, second, [b, a]), 'FAILED_PRECONDITION');
      same(await getChain(vsp, first), created, 'the chain that has it');
      await refuses(createChain(vsp, second, [{ input: b.input, output: a.output }]), 'FAILED_PRECONDITION');
      const other = await createChain(vsp, second, [b]);
      await refuses(update(vsp, second, [b, a]), 'FAILED_PRECONDITION');
      same(await getChain(vsp, first), created, 'the chain that has it');
      same(await getChain(vsp, second), other, 'the chain that was to get it');
    },
  },
  {
    name: 'function-of-chain',
    title: 'a function of a chain is not touched by itself',
    demands: 'A function that a chain holds is neither created nor deleted by itself: FAILED_PRECONDITION.',
    rule: 'NF-9',
    run: async (context) => {
      requireFunctions(context);
      const { vsp } = context;
      const [a, b] = two(context);
      const created = await createChain(vsp, first, [a]);
      await refuses(deleteFunction(vsp, a), 'FAILED_PRECONDITION');
      await refuses(createFunction(vsp, a), 'FAILED_PRECONDITION');
      same(await getChain(vsp, first), created, 'the chain');
      await createFunction(vsp, b);
      await refuses(createChain(vsp, second, [b]), 'FAILED_PRECONDITION');
      await deleteFunction(vsp, b);
      await createChain(vsp, second, [b]);
    },
  },
  {
    name: 'delete',
    title: 'a chain that was deleted is gone, and its functions are free',
    demands: 'After Delete, Get is NOT_FOUND, List has it no more, and its functions can be used again.',
    rule: 'CH-7',
    run: async (context) => {
      const { vsp } = context;
      const both = two(context);
      await createChain(vsp, first, both);
      await deleteChain(vsp, first);
      await refuses(getChain(vsp, first), 'NOT_FOUND');
      holds(
        (await listChains(vsp)).every(({ name }) => !name.endsWith(first)),
        'List still has the chain',
      );
      await createChain(vsp, second, both);
    },
  },
  {
    name: 'delete-missing',
    title: 'deleting a chain that is not there',
    demands: 'Delete of what is not there is NOT_FOUND; with allow_missing it succeeds.',
    rule: 'CH-8',
    run: async ({ vsp }) => {
      await refuses(deleteChain(vsp, first), 'NOT_FOUND', [first]);
      await deleteChain(vsp, first, true);
    },
  },
  {
    name: 'update',
    title: 'a chain can get another order and other functions',
    demands: 'Update gives the chain other functions or another order; functions that it drops are free.',
    rule: 'CH-9',
    run: async (context) => {
      const { vsp } = context;
      const [a, b] = two(context);
      await createChain(vsp, first, [a, b]);
      for (const order of [[b, a], [a], [b], [a, b]]) {
        const answer = await update(vsp, first, order);
        same(macsOf(answer), macsOf({ networkFunctions: order }), 'network_functions');
        same(await getChain(vsp, first), answer, 'the chain afterwards');
      }
      await update(vsp, first, [a]);
      await createChain(vsp, second, [b]);
    },
  },
  {
    name: 'update-failure',
    title: 'an update that fails changes nothing',
    demands: 'An Update that fails leaves the chain as it was.',
    rule: 'CH-10',
    run: async (context) => {
      const { vsp } = context;
      const [a, b] = two(context);
      const created = await createChain(vsp, first, [a]);
      await refuses(update(vsp, first, [b, unknownFunction]), 'NOT_FOUND');
      same(await getChain(vsp, first), created, 'the chain afterwards');
      await refuses(update(vsp, first, [b], ['colour']), 'INVALID_ARGUMENT', ['update_mask']);
      same(await getChain(vsp, first), created, 'the chain afterwards');
      // The function that was to come in is free.
      await createChain(vsp, second, [b]);
    },
  },
  {
    name: 'update-missing',
    title: 'updating a chain that is not there',
    demands: 'Update of what is not there is NOT_FOUND; with allow_missing it creates the chain.',
    rule: 'CH-11',
    run: async (context) => {
      const { vsp } = context;
      const both = two(context);
      await refuses(update(vsp, first, both), 'NOT_FOUND', [first]);
      await refuses(getChain(vsp, first), 'NOT_FOUND');
      const made = await update(vsp, first, both, [], true);
      same(macsOf(made), macsOf({ networkFunctions: both }), 'network_functions');
      same(await getChain(vsp, first), made, 'the chain afterwards');
    },
  },
  {
    name: 'list-pages',
    title: 'chains are listed in pages',
    demands: 'All pages together have each chain once; a negative size or a token of no List is INVALID_ARGUMENT.',
    rule: 'GE-11',
    run: async (context) => {
      const { vsp } = context;
      const [a, b] = two(context);
      await createChain(vsp, first, [a]);
      await createChain(vsp, second, [b]);
      const names = (await listChains(vsp, 1)).map(({ name }) => name);
      for (const id of [first, second]) {
        same(names.filter((name) => name === `serviceChains/${id}`).length, 1, `how often List has ${id}`);
      }
      const call = vsp.call(serviceChainService.ListServiceChains, { pageToken: 'not-one-of-yours' });
      await refuses(call, 'INVALID_ARGUMENT', ['page_token']);
      const negative = vsp.call(serviceChainService.ListServiceChains, { pageSize: -1 });
      await refuses(negative, 'INVALID_ARGUMENT', ['page_size']);
    },
  },
]);

function two({ functions: [a, b], skip }: CheckContext): [NetworkFunction, NetworkFunction] {
  if (!a || !b) return skip('the DPU has no interfaces for two network functions');
  return [a, b];
}

function requireFunctions({ capabilities, skip }: CheckContext): void {
  if (!capabilities.has('networkFunctions')) skip('not announced: networkFunctions');
}

function update(
  vsp: Vsp,
  id: string,
  networkFunctions: readonly NetworkFunction[],
  paths: string[] = [],
  allowMissing = false,
) {
  const serviceChain = { name: `serviceChains/${id}`, networkFunctions: [...networkFunctions] };
  return vsp.call(serviceChainService.UpdateServiceChain, { serviceChain, updateMask: { paths }, allowMissing });
}

function macsOf({ networkFunctions }: { networkFunctions: readonly Pick<NetworkFunction, 'input' | 'output'>[] }) {
  return networkFunctions.map(({ input, output }) => `${input} ${output}`.toLowerCase());
}
