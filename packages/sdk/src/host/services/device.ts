import type { Server } from '@grpc/grpc-js';
import { DpuError } from '../../errors.ts';
import { deviceService, vendorDeviceService } from '../../wire/definitions.ts';
import { devicesToWire } from '../../wire/devices.ts';
import { addUnaryService, type UnaryHandlers } from '../../wire/unary.ts';
import type { PluginSession } from '../session.ts';

export function addDevices(server: Server, session: PluginSession): void {
  const handlers: UnaryHandlers<typeof deviceService> = {
    GetDevices: () =>
      session.call(deviceService.GetDevices.path, async () => devicesToWire(await session.plugin.getDevices())),
    SetNumVfs: ({ vfCnt }) =>
      session.queued(deviceService.SetNumVfs.path, async () => {
        if (vfCnt < 0) throw new DpuError('INVALID_ARGUMENT', `vf_cnt must not be negative, is ${vfCnt}`);
        return { vfCnt: await session.setNumVfs(vfCnt) };
      }),
  };
  for (const service of [deviceService, vendorDeviceService]) addUnaryService(server, service, handlers);
}
