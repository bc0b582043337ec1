import type { Server } from '@grpc/grpc-js';
import { lifeCycleService, vendorLifeCycleService } from '../../wire/grpc/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../wire/grpc/unary.ts';
import type { PluginSession } from '../session.ts';

export function addLifeCycle(server: Server, session: PluginSession): void {
  const handlers: UnaryHandlers<typeof lifeCycleService> = {
    Init: ({ dpuMode, dpuIdentifier }) => session.init({ dpuMode, dpuIdentifier }),
  };
  for (const service of [lifeCycleService, vendorLifeCycleService]) {
    addUnaryService(server, service, handlers, session.logged);
  }
}
