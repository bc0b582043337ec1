/** Follows the devices of a VSP: by its watch where it has one, else by asking. */
import type { Device } from '../contract/contract.ts';
import { DpuError } from '../errors.ts';
import { deviceWatchService } from '../wire/grpc/definitions.ts';
import { devicesFromWire } from '../wire/mapping/devices.ts';
import type { Connection } from './connection.ts';
import { followStream } from './follow-stream.ts';

/** How often VSPs without a watch are asked; the Go operator's device plugin asks as often. */
const pollMs = 5_000;

export interface DeviceWatch {
  connection: Connection;
  getDevices: () => Promise<Device[]>;
  onDevices: (devices: Device[]) => void;
  /** Called once, unless the watch was stopped. */
  onEnd: (error: DpuError | undefined) => void;
}

/** Returns what stops the watch; nothing is called back afterwards. */
export function watchDevices({ connection, getDevices, onDevices, onEnd }: DeviceWatch): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let last: string | undefined;
  const poll = async () => {
    try {
      const devices = await getDevices();
      if (stopped) return;
      const text = JSON.stringify(devices);
      if (text !== last) onDevices(devices);
      last = text;
      timer = setTimeout(poll, pollMs);
    } catch (error) {
      if (!stopped) onEnd(DpuError.from(error));
    }
  };

  const stopStream = followStream(connection.stream(deviceWatchService.WatchDevices, {}), {
    onMessage: (response) => onDevices(devicesFromWire(response)),
    onEnd: (error) => {
      if (error?.code === 'UNIMPLEMENTED') void poll();
      else onEnd(error);
    },
  });

  return () => {
    stopped = true;
    clearTimeout(timer);
    stopStream();
  };
}
