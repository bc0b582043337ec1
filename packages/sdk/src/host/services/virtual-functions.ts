import type { Server } from '@grpc/grpc-js';
import { DpuError } from '../../errors.ts';
import { virtualFunctionService } from '../../wire/definitions.ts';
import { addUnaryService, type UnaryHandlers } from '../../wire/unary.ts';
import { virtualFunctionsToWire } from '../../wire/virtual-functions.ts';
import type { PluginSession } from '../session.ts';

export function addVirtualFunctions(server: Server, session: PluginSession): void {
  const handlers: UnaryHandlers<typeof virtualFunctionService> = {
    GetVirtualFunctions: async () => {
      const { plugin } = session;
      if (!plugin.virtualFunctions) throw lacks('virtualFunctions');
      return virtualFunctionsToWire(await plugin.virtualFunctions());
    },
    SetNumVfsOfPf: async ({ pf, vfCnt }) => {
      const { plugin } = session;
      if (!plugin.setNumVfsOf) throw lacks('setNumVfsOf');
      return { pf, vfCnt: await plugin.setNumVfsOf(pf, vfCnt) };
    },
  };
  addUnaryService(server, virtualFunctionService, handlers, session.call);
}

const lacks = (method: string): DpuError => new DpuError('UNIMPLEMENTED', `the plugin has no ${method}`);
