import type { Server } from '@grpc/grpc-js';
import { DpuError } from '../../../errors.ts';
import { deviceService, vendorDeviceService } from '../../../wire/grpc/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../../wire/grpc/unary.ts';
import type { PluginSession } from '../../session.ts';
import { DeviceAnswer } from './device-answer.ts';

export function addDevices(server: Server, session: PluginSession): void {
  const answer = new DeviceAnswer(deviceService.GetDevices.responseSerialize);
  const served = [deviceService, vendorDeviceService].map((service) => {
    const asItIs = (bytes: Buffer) => bytes;
    return { ...service, GetDevices: { ...service.GetDevices, responseSerialize: asItIs } };
  });
  const handlers: UnaryHandlers<(typeof served)[number]> = {
    GetDevices: () =>
      session.call(deviceService.GetDevices.path, async () => answer.bytes(await session.plugin.getDevices())),
    SetNumVfs: ({ vfCnt }) =>
      session.queued(deviceService.SetNumVfs.path, async () => {
        if (vfCnt < 0) throw new DpuError('INVALID_ARGUMENT', `vf_cnt must not be negative, is ${vfCnt}`);
        return { vfCnt: await session.setNumVfs(vfCnt) };
      }),
  };
  for (const service of served) addUnaryService(server, service, handlers);
}
