import { existsSync } from 'node:fs';
import { DpuError } from '../../../errors.ts';
import { deviceService } from '../../../wire/grpc/definitions.ts';
import { Breach } from '../../breach.ts';
import { type CheckContext, declareChecks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import type { Exit } from '../../target/vsp-process.ts';
import { Watch } from '../devices/device-watch.ts';
import { accessPort, createPort } from '../messages.ts';
import { type Scene, Together } from './together.ts';

const callsInFlight = 50;
const changesInFlight = 20;

const exit: Scene<Exit> = {
  applies: () => true,
  set: async ({ process }) => {
    return async ({ code, signal }) => {
      holds(code === 0, `the VSP ended ${signal ? `by ${signal}` : `with exit code ${code}`}, not with exit code 0`);
      holds(!existsSync(process.socketPath), `its socket ${process.socketPath} is still there`);
    };
  },
};

const givesUp: Scene<Exit> = {
  applies: () => true,
  set: async (context) => async () => requireGivenUp(context),
};

const devicesStay: Scene<Exit> = {
  applies: () => true,
  set: async ({ vsp, node, skip }) => {
    const devices = await vsp.devices();
    const before = [...(await node.linksOf(devices)).keys()];
    if (before.length === 0) skip('no device is a network device that the suite can see');
    return async () => same([...(await node.linksOf(devices)).keys()], before, 'the network devices of the VSP');
  },
};

const watch: Scene<Exit> = {
  applies: ({ capabilities }) => capabilities.has('deviceWatch'),
  set: async (context) => {
    const watch = new Watch(context);
    await watch.until('all devices', () => true);
    return async () => same((await watch.end()).code, 'UNAVAILABLE', 'the code that ends the watch');
  },
};

const inFlight: Scene<Exit> = {
  applies: () => true,
  set: async ({ vsp, capabilities, mode, limits, freePorts }) => {
    const calls: Promise<unknown>[] = Array.from({ length: callsInFlight }, () =>
      vsp.call(deviceService.GetDevices, {}),
    );
    if (mode === 'dpu' && capabilities.has('bridge')) {
      const ids = freePorts(Math.min(changesInFlight, limits.ports));
      calls.push(...ids.map((id, index) => createPort(vsp, id, accessPort(index))));
    }
    const answers = Promise.allSettled(calls);
    await Promise.race(calls);
    return async () => {
      for (const answer of await answers) {
        if (answer.status === 'fulfilled') continue;
        const { code, message } = DpuError.from(answer.reason);
        holds(code === 'UNAVAILABLE', `a call that met the shutdown was answered ${code}: ${message}`);
      }
    };
  },
};

/** The calls in flight come last, for the signal to meet them. */
const ending = new Together<Exit>(({ process, limits }) => process.end('SIGTERM', limits.shutdownMs), {
  exit,
  'gives-up': givesUp,
  'devices-stay': devicesStay,
  watch,
  'in-flight': inFlight,
});

export const shutdown = [
  ...declareChecks('shutdown', { process: true }, [
    {
      name: 'exit',
      title: 'SIGTERM ends it in time',
      demands: 'On SIGTERM a VSP ends within its grace period (30 s) with exit code 0, and its socket is gone.',
      rule: 'LC-11',
      run: (context) => ending.check('exit', context),
    },
    {
      name: 'in-flight',
      title: 'calls in flight are answered',
      demands: 'A call that meets the shutdown gets its own answer or UNAVAILABLE, never silence.',
      rule: 'LC-12',
      run: (context) => ending.check('in-flight', context),
    },
    {
      name: 'gives-up',
      title: 'SIGTERM ends what runs',
      demands: 'On SIGTERM a plugin ends what it does: the signal of create and apply is aborted.',
      rule: 'LC-15',
      run: (context) => ending.check('gives-up', context),
    },
    {
      name: 'devices-stay',
      title: 'a shutdown leaves the devices',
      demands: 'A shutdown leaves the virtual functions where they are.',
      rule: 'LC-13',
      run: (context) => ending.check('devices-stay', context),
    },
  ]),
  ...declareChecks('shutdown', { process: true, capability: 'deviceWatch' }, [
    {
      name: 'watch',
      title: 'a shutdown ends the watches',
      demands: 'When the VSP shuts down, a watch of devices ends with UNAVAILABLE.',
      rule: 'DV-15',
      run: (context) => ending.check('watch', context),
    },
  ]),
  ...declareChecks('shutdown', { process: true, stopped: true }, [
    {
      name: 'while-starting',
      title: 'SIGTERM ends it while it starts',
      demands: 'On SIGTERM a VSP ends in time with exit code 0, also before Init and while the plugin is created.',
      rule: 'LC-15',
      run: async (context) => {
        const { process, limits } = context;
        await context.startOnly();
        const { code, signal } = await process.end('SIGTERM', limits.shutdownMs);
        if (code !== 0) throw new Breach(`the VSP ended ${signal ? `by ${signal}` : `with exit code ${code}`}`);
        requireGivenUp(context);
      },
    },
  ]),
];

/** The host of the SDK closes a plugin that goes on after SIGTERM all the same, and says so. */
function requireGivenUp({ process }: CheckContext): void {
  const went = process.wentOn;
  holds(went === undefined, `the plugin went on after SIGTERM as if it had not got its signal: ${went}`);
}
