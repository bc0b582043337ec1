import type { Device } from '../../../contract/contract.ts';
import { DpuError } from '../../../errors.ts';
import { Breach } from '../../breach.ts';
import { type CheckContext, declareChecks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { requireResizable, upTo } from './counts.ts';
import { idsOf } from './devices.ts';

export const deviceWatch = declareChecks('devices', { capability: 'deviceWatch' }, [
  {
    name: 'watch-first',
    title: 'a watch begins with all devices',
    demands: 'WatchDevices sends all devices at once.',
    rule: 'DV-13',
    reads: true,
    run: async (context) => {
      const watch = new Watch(context);
      await watch.until('all devices', () => true);
      same(watch.last, await context.vsp.devices(), 'what the watch sent first');
    },
  },
  {
    name: 'watch-change',
    title: 'a watch tells of changes',
    demands: 'WatchDevices sends all devices again whenever GetDevices would answer differently.',
    rule: 'DV-13',
    run: async (context) => {
      requireResizable(context);
      const { vsp, skip } = context;
      const few = await vsp.setNumVfs(1);
      const watch = new Watch(context);
      await watch.until(`${few} devices`, (devices) => devices.length === few);
      const many = await vsp.setNumVfs(upTo(context, 3));
      if (many === few) skip('the number of devices is fixed on this side');
      await watch.until(`${many} devices`, (devices) => devices.length === many);
      same(idsOf(watch.last), idsOf(await vsp.devices()), 'ids of the devices');
    },
  },
]);

export const health = declareChecks('devices', { health: true }, [
  {
    name: 'health',
    title: 'a broken device is told, and its repair',
    demands: 'A device that no longer works becomes Unhealthy; when it works again it becomes Healthy.',
    rule: 'DV-14',
    run: async (context) => {
      const { vsp, health: hook, defer, capabilities, skip } = context;
      const device = (await vsp.devices()).find(({ healthy }) => healthy);
      if (!device) return skip('there is no healthy device');
      const watch = capabilities.has('deviceWatch') ? new Watch(context) : undefined;
      const turns = async (healthy: boolean) => {
        const isSo = (all: readonly Device[]) => all.some((each) => each.id === device.id && each.healthy === healthy);
        const what = `${device.id} ${healthy ? 'healthy' : 'unhealthy'}`;
        await watch?.until(what, isSo);
        holds(isSo(await vsp.devices()), `GetDevices does not show ${what}`);
      };
      await watch?.until('all devices', () => true);
      defer(() => hook.repair(device.id));
      await hook.fail(device.id);
      await turns(false);
      await hook.repair(device.id);
      await turns(true);
    },
  },
]);

/** What a watch has sent, until the check ends. */
export class Watch {
  readonly #timeoutMs: number;
  #last: Device[] | undefined;
  #failure: DpuError | undefined;
  #notify = () => {};
  /** Ends it from the caller's side. */
  readonly stop: () => void;

  constructor({ vsp, limits, defer }: CheckContext) {
    this.#timeoutMs = limits.timeoutMs;
    this.stop = vsp.watchDevices(
      (devices) => {
        this.#last = devices;
        this.#notify();
      },
      (error) => {
        this.#failure = error;
        this.#notify();
      },
    );
    defer(async () => this.stop());
  }

  get last(): readonly Device[] {
    return this.#last ?? [];
  }

  until(what: string, wanted: (devices: readonly Device[]) => boolean): Promise<void> {
    return this.#when(what, () => {
      if (this.#failure) throw this.#failure;
      return this.#last !== undefined && wanted(this.#last);
    });
  }

  /** The error that ended it. */
  async end(): Promise<DpuError> {
    await this.#when('the end', () => this.#failure !== undefined);
    return this.#failure ?? new DpuError('INTERNAL', 'the watch has no error');
  }

  async #when(what: string, condition: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#notify = () => {
      try {
        if (condition()) resolve();
      } catch (error) {
        reject(error);
      }
    };
    const late = () => reject(new Breach(`the watch did not send ${what} within ${this.#timeoutMs} ms`));
    const timer = setTimeout(late, this.#timeoutMs);
    this.#notify();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}
