import type { Server } from '@grpc/grpc-js';
import type { Plugin } from '../../contract.ts';
import { deviceAllocationService } from '../../wire/definitions.ts';
import { allocationToWire } from '../../wire/device-allocation.ts';
import { addUnaryService } from '../../wire/unary.ts';
import type { PluginSession } from '../session.ts';

export function addDeviceAllocation(
  server: Server,
  session: PluginSession,
  allocate: NonNullable<Plugin['allocate']>,
): void {
  const AllocateDevices = async ({ deviceIds }: { deviceIds: string[] }) => allocationToWire(await allocate(deviceIds));
  addUnaryService(server, deviceAllocationService, { AllocateDevices }, session.call);
}
