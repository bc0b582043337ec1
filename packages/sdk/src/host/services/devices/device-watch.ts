import { isDeepStrictEqual } from 'node:util';
import type { handleServerStreamingCall, Server } from '@grpc/grpc-js';
import type { Logger } from '../../../contract/contract.ts';
import { DpuError } from '../../../errors.ts';
import { deviceWatchService } from '../../../wire/grpc/definitions.ts';
import { toServiceError } from '../../../wire/grpc/service-error.ts';
import { devicesToWire } from '../../../wire/mapping/devices.ts';
import type { PluginSession } from '../../session.ts';

const { path } = deviceWatchService.WatchDevices;

/**
 * Sends all devices, and all of them again after a change, which another order is not; changes that come while they are read go together.
 *
 * @param closing Ends the streams with UNAVAILABLE, so that callers try again.
 */
export function addDeviceWatch(server: Server, session: PluginSession, logger: Logger, closing: AbortSignal): void {
  const WatchDevices: handleServerStreamingCall<unknown, ReturnType<typeof devicesToWire>> = (call) => {
    let stop = () => {};
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      closing.removeEventListener('abort', onClosing);
      try {
        stop();
      } catch (error) {
        // Its caller has gone, and other calls are no worse for it.
        logger.error({ err: error }, 'the plugin failed to end a watch of its devices');
      }
    };
    const fail = (error: unknown) => {
      if (ended) return;
      end();
      call.emit('error', toServiceError(error));
    };
    const onClosing = () => fail(new DpuError('UNAVAILABLE', 'the VSP is shutting down; connect again'));

    let isReading = false;
    let hasChanged = false;
    let sent: ReturnType<typeof devicesToWire> | undefined;
    const send = async () => {
      hasChanged = true;
      if (isReading) return;
      isReading = true;
      try {
        while (hasChanged && !ended) {
          hasChanged = false;
          const response = devicesToWire(await session.call(path, async () => session.plugin.getDevices()));
          if (!ended && !isDeepStrictEqual(response, sent)) call.write(response);
          sent = response;
        }
      } catch (error) {
        fail(error);
      } finally {
        isReading = false;
      }
    };

    call.on('cancelled', end);
    closing.addEventListener('abort', onClosing);
    try {
      session.requireInit(path);
      stop = session.plugin.watchDevices?.(() => void send()) ?? stop;
      void send();
    } catch (error) {
      fail(error);
    }
  };
  server.addService(deviceWatchService, { WatchDevices });
}
