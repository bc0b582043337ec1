import { deviceService } from '../../wire/definitions.ts';
import { type CheckContext, declareChecks } from '../check.ts';
import { holds } from '../expect.ts';
import { inFlight } from '../in-flight.ts';
import { bridgeNeeds } from './bridge-ports.ts';
import { accessPort, createPort, deletePort } from './messages.ts';

const atOnce = 20;
/** Rounds that keep this much of each call of one of them are a leak. */
const bytesPerCall = 1_024;
/** Less than this is no matter for so few calls. */
const leastBytes = 2 ** 21;
/** So many that the heap of a process that has just started has grown to its size, also where its collector lags behind. */
const rounds = 60;
const inARow = 3;
/** Creating and deleting costs a card more than reading. */
const portsPerRound = 30;

export const leaks = [
  ...declareChecks('leaks', { process: true }, [
    {
      name: 'reads',
      title: 'calls that read leave nothing behind',
      demands: 'A VSP that is called again and again keeps its memory and its file descriptors.',
      rule: 'GE-9',
      run: async (context) => {
        const { vsp, limits } = context;
        const calls = Array.from({ length: limits.leakCalls });
        await requireNoGrowth(context, calls.length, async () => {
          await inFlight(atOnce, calls, () => vsp.call(deviceService.GetDevices, {}));
        });
      },
    },
  ]),
  ...declareChecks('leaks', { ...bridgeNeeds, process: true }, [
    {
      name: 'writes',
      title: 'ports that come and go leave nothing behind',
      demands: 'What a call took, its end gives back: memory and file descriptors.',
      rule: 'GE-9',
      run: async (context) => {
        const { vsp, freePorts } = context;
        const [id = ''] = freePorts(1);
        await requireNoGrowth(context, portsPerRound, async () => {
          for (let index = 0; index < portsPerRound; index++) {
            await createPort(vsp, id, accessPort(0));
            await deletePort(vsp, id);
          }
        });
      },
    },
  ]),
];

/**
 * Some rounds in a row must end with no more than they began with, or hardly more. Several: what a collector lets go of in
 * one of them hides what that kept. The first round is for warming up.
 */
async function requireNoGrowth(
  { process }: CheckContext,
  callsPerRound: number,
  round: () => Promise<void>,
): Promise<void> {
  await round();
  const limit = Math.max(leastBytes, bytesPerCall * callsPerRound);
  const growth = { descriptors: Number.POSITIVE_INFINITY, memory: Number.POSITIVE_INFINITY };
  const usages = [await process.usage()];
  for (let index = 0; index < rounds; index++) {
    await round();
    const after = await process.usage();
    usages.push(after);
    const before = usages.at(-1 - inARow);
    if (!before) continue;
    growth.descriptors = Math.min(growth.descriptors, after.descriptors - before.descriptors);
    growth.memory = Math.min(growth.memory, after.memory - before.memory);
    if (growth.descriptors <= 0 && growth.memory <= limit) return;
  }
  const text = `each ${inARow} of ${rounds} rounds of ${callsPerRound} calls`;
  holds(growth.descriptors <= 0, `${text} left ${growth.descriptors} file descriptors open, or more`);
  holds(growth.memory <= limit, `${text} took ${growth.memory} bytes of memory, or more`);
}
