/** Follows the devices of a VSP: by its watch where it has one, else by asking. */
import type { Device } from '../contract/contract.ts';
import { DpuError } from '../errors.ts';
import { deviceWatchService } from '../wire/grpc/definitions.ts';
import { devicesFromWire } from '../wire/mapping/devices.ts';
import type { Connection } from './connection.ts';

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
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  const end = (error: DpuError | undefined) => {
    if (ended) return;
    ended = true;
    onEnd(error);
  };

  let last: string | undefined;
  const poll = async () => {
    try {
      const devices = await getDevices();
      if (ended) return;
      const text = JSON.stringify(devices);
      if (text !== last) onDevices(devices);
      last = text;
      timer = setTimeout(poll, pollMs);
    } catch (error) {
      end(DpuError.from(error));
    }
  };

  const stream = connection.stream(deviceWatchService.WatchDevices, {});
  stream.on('data', (response) => {
    if (!ended) onDevices(devicesFromWire(response));
  });
  let failed = false;
  stream.on('error', (error) => {
    failed = true;
    if (error.code !== 'UNIMPLEMENTED') end(error);
    else if (!ended) void poll();
  });
  stream.on('end', () => {
    // An error follows the end of a stream that failed.
    setImmediate(() => {
      if (!failed) end(undefined);
    });
  });

  return () => {
    ended = true;
    clearTimeout(timer);
    stream.cancel();
  };
}
