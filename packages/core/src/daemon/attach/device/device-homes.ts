/**
 * What each device was when it was last at home. An attachment's record says it too; this is for the day when that
 * record is lost and the device is still in the pod.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { RecordFiles } from '../../state/record-files.ts';
import { type DeviceHome, deviceHome } from '../record/attachment.ts';

export class DeviceHomes {
  readonly #logger: Logger;
  readonly #files: RecordFiles<DeviceHome>;
  readonly #homes: Map<string, DeviceHome>;

  constructor({ directory, logger }: { directory: string; logger: Logger }) {
    this.#logger = logger;
    this.#files = new RecordFiles({ directory, logger, format: { schema: deviceHome } });
    this.#homes = this.#files.load();
  }

  get(deviceId: string): DeviceHome | undefined {
    return this.#homes.get(deviceId);
  }

  /** Written where it differs, which it seldom does. A disk that takes it not now takes it the next time. */
  note(deviceId: string, home: DeviceHome): void {
    if (isDeepStrictEqual(this.#homes.get(deviceId), home)) return;
    try {
      this.#files.write(deviceId, home);
      this.#homes.set(deviceId, home);
    } catch (error) {
      this.#logger.warn({ err: error, device: deviceId }, 'what a device is at home cannot be written down');
    }
  }
}
