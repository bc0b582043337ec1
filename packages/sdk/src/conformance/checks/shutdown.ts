import { existsSync } from 'node:fs';
import { DpuError } from '../../errors.ts';
import { deviceService } from '../../wire/definitions.ts';
import { type CheckContext, declareChecks } from '../check.ts';
import { holds, same } from '../expect.ts';
import { Watch } from './device-watch.ts';
import { accessPort, createPort } from './messages.ts';

const callsInFlight = 50;
const changesInFlight = 20;

export const shutdown = [
  ...declareChecks('shutdown', { process: true }, [
    {
      name: 'exit',
      title: 'SIGTERM ends it in time',
      demands: 'On SIGTERM a VSP ends within its grace period (30 s) with exit code 0, and its socket is gone.',
      rule: 'LC-11',
      run: (context) => endsWell(context),
    },
    {
      name: 'in-flight',
      title: 'calls in flight are answered',
      demands: 'A call that meets the shutdown gets its own answer or UNAVAILABLE, never silence.',
      rule: 'LC-12',
      run: async (context) => {
        const { vsp, capabilities, mode, limits, freePorts } = context;
        const calls: Promise<unknown>[] = Array.from({ length: callsInFlight }, () =>
          vsp.call(deviceService.GetDevices, {}),
        );
        if (mode === 'dpu' && capabilities.has('bridge')) {
          const ids = freePorts(Math.min(changesInFlight, limits.ports));
          calls.push(...ids.map((id, index) => createPort(vsp, id, accessPort(index))));
        }
        const answers = Promise.allSettled(calls);
        await Promise.race(calls);
        await endsWell(context);
        for (const answer of await answers) {
          if (answer.status === 'fulfilled') continue;
          const { code, message } = DpuError.from(answer.reason);
          holds(code === 'UNAVAILABLE', `a call that met the shutdown was answered ${code}: ${message}`);
        }
      },
    },
    {
      name: 'devices-stay',
      title: 'a shutdown leaves the devices',
      demands: 'A shutdown leaves the virtual functions where they are.',
      rule: 'LC-13',
      run: async (context) => {
        const { vsp, node, skip } = context;
        const devices = await vsp.devices();
        const before = [...(await node.linksOf(devices)).keys()];
        if (before.length === 0) skip('no device is a network device that the suite can see');
        await endsWell(context);
        same([...(await node.linksOf(devices)).keys()], before, 'the network devices of the VSP');
      },
    },
  ]),
  ...declareChecks('shutdown', { process: true, capability: 'deviceWatch' }, [
    {
      name: 'watch',
      title: 'a shutdown ends the watches',
      demands: 'When the VSP shuts down, a watch of devices ends with UNAVAILABLE.',
      rule: 'DV-15',
      run: async (context) => {
        const watch = new Watch(context);
        await watch.until('all devices', () => true);
        await endsWell(context);
        same((await watch.end()).code, 'UNAVAILABLE', 'the code that ends the watch');
      },
    },
  ]),
];

async function endsWell({ process, limits }: CheckContext): Promise<void> {
  const { code, signal } = await process.end('SIGTERM', limits.shutdownMs);
  holds(code === 0, `the VSP ended ${signal ? `by ${signal}` : `with exit code ${code}`}, not with exit code 0`);
  holds(!existsSync(process.socketPath), `its socket ${process.socketPath} is still there`);
}
