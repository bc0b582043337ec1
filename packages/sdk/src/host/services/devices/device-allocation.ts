import type { Server } from '@grpc/grpc-js';
import { deviceAllocationService } from '../../../wire/grpc/definitions.ts';
import { addUnaryService } from '../../../wire/grpc/unary.ts';
import { allocationToWire } from '../../../wire/mapping/device-allocation.ts';
import type { PluginSession } from '../../session.ts';

export function addDeviceAllocation(server: Server, session: PluginSession): void {
  const AllocateDevices = async ({ deviceIds }: { deviceIds: string[] }) =>
    allocationToWire((await session.plugin.allocate?.(deviceIds)) ?? {});
  addUnaryService(server, deviceAllocationService, { AllocateDevices }, session.call);
}
