import { deviceService } from '../../wire/definitions.ts';
import { type CheckContext, declareChecks } from '../check.ts';
import { holds } from '../expect.ts';
import { inFlight } from '../in-flight.ts';
import { bridgeNeeds } from './bridge-ports.ts';
import { accessPort, createPort, deletePort } from './messages.ts';

const atOnce = 20;
/** A round that keeps this much of each call and all after it is a leak. Garbage collectors let go in some round. */
const bytesPerCall = 1_024;
/** Less than this is no matter for so few calls. */
const leastBytes = 2 ** 21;
const rounds = 20;
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

/** Some round must end with no more than it began with, or hardly more; the first one is for warming up. */
async function requireNoGrowth(
  { process }: CheckContext,
  callsPerRound: number,
  round: () => Promise<void>,
): Promise<void> {
  await round();
  const limit = Math.max(leastBytes, bytesPerCall * callsPerRound);
  const growth = { descriptors: Number.POSITIVE_INFINITY, memory: Number.POSITIVE_INFINITY };
  for (let index = 0; index < rounds; index++) {
    const before = await process.usage();
    await round();
    const after = await process.usage();
    growth.descriptors = Math.min(growth.descriptors, after.descriptors - before.descriptors);
    growth.memory = Math.min(growth.memory, after.memory - before.memory);
    if (growth.descriptors <= 0 && growth.memory <= limit) return;
  }
  const text = `each of ${rounds} rounds of ${callsPerRound} calls`;
  holds(growth.descriptors <= 0, `${text} left ${growth.descriptors} file descriptors open, or more`);
  holds(growth.memory <= limit, `${text} took ${growth.memory} bytes of memory, or more`);
}
