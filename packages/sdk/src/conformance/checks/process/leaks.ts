import { deviceService } from '../../../wire/grpc/definitions.ts';
import { type CheckContext, declareChecks } from '../../check.ts';
import { holds } from '../../expect.ts';
import { inFlight } from '../../session/in-flight.ts';
import type { Usage } from '../../target/vsp-process.ts';
import { bridgeNeeds } from '../bridges/bridge-ports.ts';
import { Watch } from '../devices/device-watch.ts';
import { createFunction, deleteFunction, theOne } from '../functions/network-functions.ts';
import { accessPort, createChain, createPort, deleteChain, deletePort } from '../messages.ts';

const atOnce = 20;
/** Of what is still referred to. Less in a round is what a running program warms up, more in each is a leak. */
const heapBytes = 16 * 1_024;
/** Of memory that no collector looks after. The process gives pages back late, so that less is no matter. */
const residentBytes = 2 ** 20;
const rounds = 8;
/** How many weighings in a row tell how much a round keeps. */
const inARow = 4;
/** Each kept kilobyte of a port shows, and each kept 10 KB of a function or chain. */
const portsPerRound = 25;
/** On a card that takes long for each, as many as come and go in that time, and not fewer than these. */
const slowRoundMs = 3_000;
const leastPorts = 10;
/** By which it is seen how long they take. */
const timedPorts = 3;
const functionsPerRound = 3;
const watchesPerRound = 25;
/** Calls that read are many on a node, and cheap: the program is warm only after some hundred. */
const warmUpsOfReads = 4;
const demands = 'A VSP that is called again and again keeps its memory, its timers and its file descriptors.';

/** Those that only read come last: what the others have begun fails meanwhile, if it does. */
export const leaks = [
  ...declareChecks('leaks', { ...bridgeNeeds, process: true, weighed: true }, [
    {
      name: 'writes',
      title: 'ports that come and go leave nothing behind',
      demands,
      rule: 'GE-9',
      run: async (context) => {
        const { vsp, freePorts, limits } = context;
        // All of them in flight: a card changes many at once in hardly more time than one.
        const comeAndGo = async (count: number) => {
          const ids = freePorts(Math.min(count, limits.ports));
          for (let made = 0; made < count; made += ids.length) {
            await inFlight(ids.length, [...ids.entries()], ([index, id]) => createPort(vsp, id, accessPort(index)));
            await inFlight(ids.length, ids, (id) => deletePort(vsp, id));
          }
        };
        // The first ones take the time that a program needs to get warm.
        await comeAndGo(timedPorts);
        const before = performance.now();
        await comeAndGo(timedPorts);
        const count = portsIn((performance.now() - before) / timedPorts);
        await requireNoGrowth(context, `${count} ports`, () => comeAndGo(count), count / portsPerRound);
      },
    },
  ]),
  ...declareChecks(
    'leaks',
    { process: true, weighed: true, capability: 'networkFunctions', mode: 'dpu', functions: 1 },
    [
      {
        name: 'functions',
        title: 'network functions that come and go leave nothing behind',
        demands,
        rule: 'GE-9',
        run: async (context) => {
          const one = theOne(context);
          await requireNoGrowth(context, `${functionsPerRound} network functions`, async () => {
            for (let index = 0; index < functionsPerRound; index++) {
              await createFunction(context.vsp, one);
              await deleteFunction(context.vsp, one);
            }
          });
        },
      },
    ],
  ),
  ...declareChecks('leaks', { process: true, weighed: true, capability: 'chains', mode: 'dpu', functions: 1 }, [
    {
      name: 'chains',
      title: 'chains that come and go leave nothing behind',
      demands,
      rule: 'GE-9',
      run: async (context) => {
        const one = theOne(context);
        await requireNoGrowth(context, `${functionsPerRound} chains`, async () => {
          for (let index = 0; index < functionsPerRound; index++) {
            await createChain(context.vsp, 'conformance-1', [one]);
            await deleteChain(context.vsp, 'conformance-1');
          }
        });
      },
    },
  ]),
  ...declareChecks('leaks', { process: true, weighed: true }, [
    {
      name: 'reads',
      title: 'calls that read leave nothing behind',
      demands,
      rule: 'GE-9',
      run: async (context) => {
        const { vsp, limits } = context;
        const calls = Array.from({ length: limits.leakCalls });
        const round = async () => {
          await inFlight(atOnce, calls, () => vsp.call(deviceService.GetDevices, {}));
        };
        for (let index = 1; index < warmUpsOfReads; index++) await round();
        await requireNoGrowth(context, `${calls.length} calls`, round);
      },
    },
  ]),
  ...declareChecks('leaks', { process: true, weighed: true, capability: 'deviceWatch' }, [
    {
      name: 'watches',
      title: 'watches that come and go leave nothing behind',
      demands: 'A watch that its caller ends is over for the plugin, too.',
      rule: 'GE-9',
      run: async (context) => {
        await requireNoGrowth(context, `${watchesPerRound} watches`, async () => {
          for (let index = 0; index < watchesPerRound; index++) {
            const watch = new Watch(context);
            await watch.until('all devices', () => true);
            watch.stop();
          }
        });
      },
    },
  ]),
];

/** How many ports a round has, where one comes and goes within this time. */
function portsIn(portMs: number): number {
  return Math.max(leastPorts, Math.min(portsPerRound, Math.floor(slowRoundMs / portMs)));
}

/** What is measured, and how much of it a round may add. */
const measures: readonly { name: keyof Usage; what: string; limit: number }[] = [
  { name: 'descriptors', what: 'file descriptors', limit: 0 },
  { name: 'timers', what: 'timers', limit: 0 },
  { name: 'heap', what: 'bytes of memory', limit: heapBytes },
  { name: 'resident', what: 'bytes of memory of the process', limit: residentBytes },
];

/**
 * Some rounds in a row must keep nothing, or hardly anything. The first round is for warming up.
 *
 * @param part Of what a round has elsewhere: as much less may be kept on the heap.
 */
async function requireNoGrowth(
  { process }: CheckContext,
  content: string,
  round: () => Promise<void>,
  part = 1,
): Promise<void> {
  await round();
  const usages = [await process.usage()];
  const least = new Map<keyof Usage, number>();
  const limitOf = ({ name, limit }: (typeof measures)[number]) => (name === 'heap' ? limit * part : limit);
  for (let index = 0; index < rounds; index++) {
    await round();
    usages.push(await process.usage());
    if (usages.length < inARow) continue;
    for (const { name } of measures) {
      const growth = growthOf(usages.slice(-inARow).map((usage) => usage[name]));
      least.set(name, Math.min(least.get(name) ?? growth, growth));
    }
    if (measures.every((measure) => (least.get(measure.name) ?? 0) <= limitOf(measure))) return;
  }
  for (const measure of measures) {
    const growth = least.get(measure.name) ?? 0;
    const kept = `kept ${Math.round(growth)} ${measure.what}, or more`;
    holds(growth <= limitOf(measure), `each of ${rounds} rounds of ${content} ${kept}`);
  }
}

/**
 * How much each value adds to the one before: the median of the slopes between all pairs (the estimator of Theil and Sen). What
 * was let go of once, or is weighed before it is let go of, hardly changes it.
 */
function growthOf(values: readonly number[]): number {
  const slopes = values.flatMap((value, index) =>
    values.slice(index + 1).map((later, between) => (later - value) / (between + 1)),
  );
  slopes.sort((one, other) => one - other);
  const middle = slopes.length / 2;
  return ((slopes[Math.ceil(middle) - 1] ?? 0) + (slopes[Math.floor(middle)] ?? 0)) / 2;
}
