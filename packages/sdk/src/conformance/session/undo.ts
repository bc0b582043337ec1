/** Removes what the suite made. */
import { DpuError, type ErrorCode } from '../../errors.ts';
import {
  bridgePortService,
  logicalBridgeService,
  networkFunctionService,
  serviceChainService,
} from '../../wire/grpc/definitions.ts';
import type { Cleanup } from '../result.ts';
import type { Vsp } from '../vsp/vsp.ts';
import { inFlight } from './in-flight.ts';
import type { Entry, Ledger } from './ledger.ts';

const deletesAtOnce = 100;
/** What does not tell whether there was something to remove. */
const unanswered: readonly ErrorCode[] = ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED'];

/** A VSP may be busy still with what the suite asked of it before. */
const attempts = 3;

/** @param vfs How many devices there were at the start. */
export async function undo(vsp: Vsp, ledger: Ledger, vfs: number): Promise<Cleanup> {
  const cleanup: Cleanup = { removed: 0, left: [] };
  const entries = ledger.take();
  for (const kind of new Set(entries.map((entry) => entry.kind))) {
    const ofKind = entries.filter((entry) => entry.kind === kind);
    await inFlight(deletesAtOnce, ofKind, (entry) => remove(vsp, entry, cleanup));
  }
  if (ledger.vfsChanged) {
    ledger.vfsChanged = false;
    await restoreVfs(vsp, vfs, cleanup);
  }
  return cleanup;
}

async function remove(vsp: Vsp, entry: Entry, cleanup: Cleanup): Promise<void> {
  try {
    await insist(() => requestRemoval(vsp, entry));
    cleanup.removed++;
  } catch (error) {
    const { code, message } = DpuError.from(error);
    if (code === 'NOT_FOUND' || (!entry.isMade && !unanswered.includes(code))) return;
    cleanup.left.push(`${entry.kind} ${entry.name} (${code}: ${message})`);
  }
}

async function requestRemoval(vsp: Vsp, { kind, name }: Entry): Promise<void> {
  if (kind === 'port') await vsp.call(bridgePortService.DeleteBridgePort, { name });
  else if (kind === 'bridge') await vsp.call(logicalBridgeService.DeleteLogicalBridge, { name });
  else if (kind === 'chain') await vsp.call(serviceChainService.DeleteServiceChain, { name });
  else {
    const [input = '', output = ''] = name.split(' ');
    await vsp.call(networkFunctionService.DeleteNetworkFunction, { input, output });
  }
}

async function restoreVfs(vsp: Vsp, vfs: number, cleanup: Cleanup): Promise<void> {
  try {
    await insist(async () => {
      if ((await vsp.devices()).length !== vfs) await vsp.setNumVfs(vfs);
    });
  } catch (error) {
    const { code, message } = DpuError.from(error);
    cleanup.left.push(`another number of virtual functions than ${vfs} (${code}: ${message})`);
  }
}

/** Asks again what was not answered in time. */
async function insist(request: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      if (attempt === attempts || DpuError.from(error).code !== 'DEADLINE_EXCEEDED') throw error;
    }
  }
}
